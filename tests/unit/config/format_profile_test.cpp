#include "config/format_profile.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace gridtwin {
namespace {

const std::string minimal = "meter = \"mpan\"\ntime = \"t\"\nlabel = \"period-end\"\nvalue = \"v\"\n";

format_profile good(const std::string& text) {
  auto parsed = parse_profile(text, "p.toml");
  REQUIRE_MESSAGE(parsed, parsed.failure().message);
  return std::move(*parsed);
}

/// The message of a profile that must be refused.
std::string refusal(const std::string& text) {
  const auto parsed = parse_profile(text, "p.toml");
  REQUIRE_MESSAGE(!parsed, text);
  CHECK(parsed.failure().code == errc::bad_profile);
  CHECK(parsed.failure().message.find("'p.toml'") != std::string::npos);
  CHECK(parsed.failure().message.find('\n') == std::string::npos);
  return parsed.failure().message;
}

bool refused_for(const std::string& text, std::string_view what) {
  return refusal(text).find(what) != std::string::npos;
}

std::string wide_columns_text(std::size_t count) {
  std::string out = "columns = [";
  for (std::size_t i = 0; i < count; ++i)
    out += "\"c" + std::to_string(i) + "\", ";
  return out + "]\n";
}

TEST_CASE("profile: the least that one must say, and what it leaves to defaults") {
  const format_profile p = good(minimal);
  CHECK(p.name == "p.toml");
  CHECK(p.delimiter == ',');
  CHECK(p.layout == row_layout::by_reading);
  CHECK(p.meter.names == std::vector<std::string>{"mpan"});
  CHECK(p.meter.required);
  CHECK(p.time_format == "iso8601");
  CHECK(p.zone == "UTC");
  CHECK(p.label == period_label::period_end);
  CHECK(p.unit == energy_unit::kilowatt_hour);
  CHECK(p.thousands == 0);
  CHECK(p.null_words == std::vector<std::string>{"", "Null"});
  CHECK(p.quantity == quantity::active_import);
  CHECK(!p.quantity_column.given());
  CHECK(p.reason == estimation_missing);
  CHECK(!good("time = \"t\"\nlabel = \"period-end\"\nvalue = \"v\"\n").meter.given());
}

TEST_CASE("profile: every key") {
  const format_profile p = good(R"(
delimiter = ";"
layout = "long"
meter = ["mpan", "MPAN Core"]
time = "t"
time_format = "%d/%m/%Y %H:%M"
zone = "Europe/London"
label = "period-start"
value = ["v", "Value"]
unit = "kW"
thousands = ","
null = ["-", "n/a"]
quantity_column = "q"
quantity_map = { "Import" = "AI", "Export" = "AE" }
quality_column = "Type"
quality_map = { "Actual" = "A", "Estimated" = "E1" }
reason_column = "why"
amendment_column = "amended"
version_column = "n"
)");
  CHECK(p.delimiter == ';');
  CHECK(p.meter.names.size() == 2);
  CHECK(p.time_format == "%d/%m/%Y %H:%M");
  CHECK(p.zone == "Europe/London");
  CHECK(p.label == period_label::period_start);
  CHECK(p.value.names == std::vector<std::string>{"v", "Value"});
  CHECK(p.unit == energy_unit::kilowatt);
  CHECK(p.thousands == ',');
  CHECK(p.null_words == std::vector<std::string>{"-", "n/a"});
  CHECK(p.quantity_map.size() == 2);
  CHECK(p.quality_map.size() == 2);
  CHECK(p.reason_column.given());
  CHECK(p.amendment_column.given());
  CHECK(p.version_column.given());
  CHECK(good(minimal + "reason = \"7\"\n").reason == 7);
  CHECK(good(minimal + "reason = 7\n").reason == 7);
  CHECK(good(minimal + "delimiter = \"\\t\"\n").delimiter == '\t');
  CHECK(good(minimal + "quantity = \"AE\"\n").quantity == quantity::active_export);
  CHECK(good(minimal + "unit = \"kvarh\"\nquantity = \"RI\"\n").unit == energy_unit::kilovar_hour);
}

TEST_CASE("profile: a row a day") {
  const std::string day = "layout = \"wide\"\nmeter = \"m\"\ntime = \"d\"\nlabel = \"period-end\"\n";
  const format_profile p = good(day + wide_columns_text(48));
  CHECK(p.layout == row_layout::by_day);
  CHECK(p.columns.size() == 48);
  CHECK(refused_for(day, "'columns'"));
  CHECK(refused_for(day + wide_columns_text(47), "47"));
  CHECK(refused_for(day + wide_columns_text(48) + "value = \"v\"\n", "'value'"));
  std::string twice = wide_columns_text(48);
  twice.replace(twice.find("\"c1\""), 4, "\"c7\"");
  CHECK(refused_for(day + twice, "'c7' twice"));
}

TEST_CASE("profile: what is refused says which key and how to mend it") {
  CHECK(refused_for(minimal + "colour = \"red\"\n", "'colour'"));
  CHECK(refused_for(minimal + "time_fromat = \"%Y\"\n", "did you mean 'time_format'"));
  CHECK(refused_for(minimal + "time_fromat = \"%Y\"\n", "Known keys: delimiter, layout"));
  CHECK(refused_for("", "'time'"));
  CHECK(refused_for("this is = = not\n", "line 1"));
  CHECK(refused_for(minimal + "unit = \"furlong\"\n", "'furlong'"));
  CHECK(refused_for(minimal + "layout = \"spiral\"\n", "'spiral'"));
  CHECK(refused_for(minimal + "quantity = \"ZZ\"\n", "'ZZ'"));
  CHECK(refused_for(minimal + "delimiter = 7\n", "'delimiter'"));
  CHECK(refused_for(minimal + "delimiter = \"ab\"\n", "'delimiter'"));
  CHECK(refused_for(minimal + "delimiter = \"1\"\n", "'delimiter'"));
  CHECK(refused_for(minimal + "thousands = \".\"\n", "'thousands'"));
  CHECK(refused_for(minimal + "columns = [\"a\"]\n", "'columns'"));
  CHECK(refused_for(minimal + "null = [1]\n", "'null'"));
  CHECK(refused_for(minimal + "null = { a = 1 }\n", "'null'"));
  CHECK(refused_for(minimal + "zone = \"\"\n", "'zone'"));
  CHECK(refused_for(minimal + "quantity_column = \"\"\n", "'quantity_column'"));
  CHECK(refused_for(minimal + "quantity_column = []\n", "'quantity_column'"));
  CHECK(refused_for(minimal + "quantity = \"AI\"\nquantity_column = \"q\"\n", "contradict"));
  CHECK(refused_for(minimal + "reason = \"2\"\nreason_column = \"r\"\n", "contradict"));
  CHECK(refused_for(minimal + "quantity_map = { a = \"AI\" }\n", "'quantity_column'"));
  CHECK(refused_for(minimal + "quality_map = { a = \"A\" }\n", "'quality_column'"));
  CHECK(refused_for(minimal + "quality_column = \"q\"\nquality_map = { a = \"B\" }\n", "'a'"));
  CHECK(refused_for(minimal + "quality_column = \"q\"\nquality_map = {}\n", "'quality_map'"));
  CHECK(refused_for(minimal + "quality_column = \"q\"\nquality_map = \"A\"\n", "'quality_map'"));
  CHECK(refused_for(minimal + "reason = \"11\"\n", "'reason'"));
  CHECK(refused_for(minimal + "reason = 0\n", "'reason'"));
  CHECK(refused_for(minimal + "unit = \"kvarh\"\n", "reactive"));
  CHECK(refused_for("meter = \"m\"\ntime = \"t\"\nvalue = \"v\"\n", "'label'"));
  CHECK(refused_for("meter = \"m\"\ntime = \"t\"\nvalue = \"v\"\nlabel = \"middle\"\n", "'label'"));
  CHECK(refused_for("meter = \"m\"\ntime = \"t\"\nlabel = \"period-end\"\n", "'value'"));
}

TEST_CASE("profile: texts made to break the reader") {
  CHECK(refused_for(std::string(toml_bytes_limit + 1, '#'), "64 KiB"));
  std::string deep = "a";
  for (int i = 0; i < 30'000; ++i)
    deep += ".a";
  CHECK(refused_for(deep + " = 1", "deeply"));
  CHECK(refused_for(minimal + "x = " + std::string(30'000, '['), "line 5"));
  CHECK(refused_for(minimal + "null = \"" + std::string(300, 'x') + "\"\n", "'null'"));
  std::string many = "null = [";
  for (int i = 0; i < 100; ++i)
    many += "\"" + std::to_string(i) + "\",";
  CHECK(refused_for(minimal + many + "]\n", "'null'"));
  CHECK(refused_for(minimal + "\xFF = 1\n", "line 5"));
  CHECK(refused_for(minimal + "null = \"\xFF\"\n", "line 5: not UTF-8"));
  CHECK(refused_for("quantit\xC3\xA9 = \"AI\"\n", "line 1"));
  CHECK(refused_for("'~7e\xC3\xA9' = 1", "'~7e\xC3\xA9'"));
  CHECK(good("\xEF\xBB\xBF" + minimal + "# \xC2\x85").time.given());
  CHECK(refused_for(minimal + "[=\n", "line 5"));
  CHECK(refused_for(minimal + std::string("[\0=", 3), "line 5"));
  CHECK(good(minimal + "# \xC3\xA9 '\nnull = [\"\xC3\xA9 \\\" #\", '\xC3\xA9', '''a''']\r\n# end \xC3\xA9").null_words
        == std::vector<std::string>{"\xC3\xA9 \" #", "\xC3\xA9", "a"});
}

TEST_CASE("profile: the built-in ones") {
  for (const std::string_view name : built_in_profile_names) {
    const auto p = built_in_profile(name);
    REQUIRE(p);
    CHECK(p->name == name);
    CHECK(p->label == period_label::period_end);
  }
  CHECK(!built_in_profile("nosuch"));
  CHECK(!built_in_profile(""));
}

TEST_CASE("profile: the examples can be read") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(GRIDTWIN_SOURCE_DIR "/config/examples")) {
    if (entry.path().extension() != ".toml" || entry.path().filename().string().rfind("profile", 0) != 0)
      continue;
    std::ifstream in(entry.path());
    good({std::istreambuf_iterator<char>(in), {}});
    ++count;
  }
  CHECK(count == 2);
}

TEST_CASE("profile: times of day in column names") {
  CHECK(clock_minute_of("H0030") == 30);
  CHECK(clock_minute_of("kWh 23:30") == 1410);
  CHECK(clock_minute_of("H2400") == 1440);
  CHECK(clock_minute_of("0000") == 0);
  CHECK(!clock_minute_of("H2430"));
  CHECK(!clock_minute_of("H2360"));
  CHECK(!clock_minute_of("H030"));
  CHECK(!clock_minute_of("12:3:0"));
  CHECK(!clock_minute_of("period"));
  CHECK(!clock_minute_of(""));
}

TEST_CASE("printable text") {
  CHECK(printable("plain é €") == "plain é €");
  CHECK(printable("a\tb\x01\x7F") == "a?b??");
  CHECK(printable("\xFF\xC3\xE2\x82") == "????");
  CHECK(printable("\xC0\x80\xED\xA0\x80\xF5\x80") == "???????");
  CHECK(printable("123456", 3) == "123...");
  CHECK(printable("12é", 3) == "12...");
  CHECK(in_quotes("a") == "'a'");
}

} // namespace
} // namespace gridtwin
