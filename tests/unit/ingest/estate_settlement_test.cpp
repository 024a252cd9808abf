#include "src/ingest/estate_settlement.hpp"

#include "tests/unit/ingest/ingest_support.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

const std::string registers_head = "mpan,quantity,read_at,kwh\n";
const std::string annual_head = "mpan,quantity,annual_kwh,source,effective_from\n";
const std::string appointments_head = "mpan,data_service_id,from,to\n";
const std::string shapes_head = "gsp_group,connection_type,market_segment,domestic,quantity,period_end,value,flag\n";

result<settlement_inputs> parse(const std::vector<estate_file>& files) {
  return parse_settlement_files(files, *good_index(), "folder");
}
settlement_inputs good(const std::string& name, const std::string& text) {
  auto parsed = parse({{name, text}});
  REQUIRE_MESSAGE(parsed, parsed.failure().message);
  return std::move(*parsed);
}
settlement_inputs registers(const std::string& rows) { return good("registers.csv", registers_head + rows); }
settlement_inputs annual(const std::string& rows) { return good("annual.csv", annual_head + rows); }
settlement_inputs appointments(const std::string& rows) { return good("appointments.csv", appointments_head + rows); }
settlement_inputs shapes(const std::string& rows) { return good("load_shapes.csv", shapes_head + rows); }

/// The file has one fault, in that line, and the message says what it is.
void refuses(const std::string& name, const std::string& text, int line, std::string_view what) {
  const auto parsed = parse({{name, text}});
  REQUIRE_MESSAGE(!parsed, text);
  CHECK(parsed.failure().code == errc::bad_estate);
  const std::string first = parsed.failure().message.substr(0, parsed.failure().message.find('\n'));
  CHECK_MESSAGE(first.find("mend its 1 fault, the first is " + name + ":" + std::to_string(line) + ": ")
                  != std::string::npos,
                parsed.failure().message);
  CHECK_MESSAGE(first.find(what) != std::string::npos, parsed.failure().message);
}

mpan number_of(const std::string& text) { return parse_mpan(text).value(); }
std::string another_digit(std::string text) {
  text[12] = text[12] == '0' ? '1' : '0';
  return text;
}
std::int32_t first_period_from(std::string_view instant) {
  return static_cast<std::int32_t>(*parse_instant(instant) / seconds_per_period) + 1;
}

TEST_CASE("settlement files: none, and files without rows, say nothing") {
  for (const auto& files : std::vector<std::vector<estate_file>>{{},
                                                                 {{"annual.csv", annual_head},
                                                                  {"appointments.csv", appointments_head},
                                                                  {"load_shapes.csv", shapes_head},
                                                                  {"registers.csv", registers_head}}}) {
    const auto parsed = parse(files);
    REQUIRE(parsed);
    CHECK(parsed->registers.empty());
    CHECK(parsed->annual.empty());
    CHECK(parsed->appointments.empty());
    CHECK(parsed->shapes.empty());
  }
}

TEST_CASE("settlement files: registers, sorted by meter, quantity and time") {
  const auto read = registers(two + ",AE,2026-03-02T00:00:00+01:00,0.001\n" + two + ",AI,2026-03-01T00:00:00Z,12345\n"
                              + one + ",AI,2026-03-02T00:00:00Z, 1.50\n" + one + ",AI,2026-03-01T00:00:00Z,0\n" + one
                              + ",AI,2026-03-02T00:00:00Z,1.5\n"); // the last says the same as one before
  REQUIRE(read.registers.size() == 4);
  const auto is = [&](std::size_t at, const std::string& meter, quantity q, std::string_view instant, std::int64_t wh) {
    const auto& row = read.registers[at];
    CHECK(row.mpan == number_of(meter));
    CHECK(row.quantity == q);
    CHECK(row.value == register_read{*parse_instant(instant), wh});
  };
  is(0, one, quantity::active_import, "2026-03-01T00:00:00Z", 0);
  is(1, one, quantity::active_import, "2026-03-02T00:00:00Z", 1500);
  is(2, two, quantity::active_import, "2026-03-01T00:00:00Z", 12'345'000);
  is(3, two, quantity::active_export, "2026-03-01T23:00:00Z", 1);
  CHECK(settlement_inputs::of(read.registers, number_of(one), quantity::active_import).size() == 2);
  CHECK(settlement_inputs::of(read.registers, number_of(two), quantity::active_export).size() == 1);
  CHECK(settlement_inputs::of(read.registers, number_of(three), quantity::active_import).empty());
}

TEST_CASE("settlement files: annual consumption by local settlement date (T5, DI-152)") {
  const auto read = annual(two + ",AE,1000,ECS,2026-10-25\n" + one + ",AI,2900.5,SNAC,2026-04-01\n" + one
                           + ",AI,3100,ECS,2026-03-31T23:00:00Z\n" + one + ",AI,3000,ECS,2026-01-01T00:00:00Z\n" + one
                           + ",AI,3100,ECS,2026-04-01\n"); // the same date as above
  REQUIRE(read.annual.size() == 4);
  const auto is = [&](std::size_t at, const civil_date& from, annual_source source, std::int64_t wh) {
    CHECK(read.annual[at].value == annual_figure{from, source, {wh}});
  };
  is(0, {2026, 1, 1}, annual_source::central, 3'000'000);
  is(1, {2026, 4, 1}, annual_source::central, 3'100'000);
  is(2, {2026, 4, 1}, annual_source::supplier, 2'900'500);
  is(3, {2026, 10, 25}, annual_source::central, 1'000'000);
  CHECK(settlement_inputs::of(read.annual, number_of(one), quantity::active_import).size() == 3);
  CHECK(read.annual[3].quantity == quantity::active_export);
}

TEST_CASE("settlement files: appointments are half-open and begin at local midnight (T8, VA-09)") {
  const auto read = appointments(two + ",DS2,2026-06-15,\n" + two + ",DS1,2026-01-15T00:00:00Z,2026-06-15\n" + one
                                 + ",DS1,,2026-03-01T10:15:00Z\n" + two + ",DS2,2026-06-15,\n");
  REQUIRE(read.appointments.size() == 3);
  CHECK(read.appointments[0].mpan == number_of(one));
  CHECK(read.appointments[0].value.effective
        == period_range{period_range{}.first, first_period_from("2026-03-01T10:30:00Z")});
  CHECK(read.appointments[1].value.data_service_id == "DS1");
  // Midnight of 2026-06-15 in London is 23:00 the day before in UTC; the period that starts there is settlement
  // period 1.
  const std::int32_t change = first_period_from("2026-06-14T23:00:00Z");
  CHECK(to_settlement_period({change}) == settlement_period{{2026, 6, 15}, 1});
  CHECK(read.appointments[1].value.effective == period_range{first_period_from("2026-01-15T00:00:00Z"), change});
  CHECK(read.appointments[2].value.data_service_id == "DS2");
  CHECK(read.appointments[2].value.effective == period_range{change, period_range{}.end});
}

TEST_CASE("settlement files: load shapes by category and UTC day (ES-03, ES-04)") {
  const auto read =
    shapes("_C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,A\n_C,W,S,T,AI,2026-03-02T00:00:00Z,999999999.999,E\n"
           "_C,W,S,T,AI,2026-03-02T01:30:00+01:00,0.001,D\n_C,W,S,F,AI,2026-03-01T00:30:00Z,,B\n"
           "_C,W,S,F,AI,2026-03-01T01:00:00Z,0.000,B\n");
  REQUIRE(read.shapes.size() == 2);
  const auto& days =
    read.shapes.at({'C', connection_type::whole_current, market_segment::smart, true, quantity::active_import});
  REQUIRE(days.size() == 2);
  const utc_day first{days_from_civil({2026, 3, 1})};
  CHECK(days.at(first)[0] == shape_value{480, shape_flag::actual_mean});
  CHECK(days.at(first)[1] == shape_value{0, shape_flag::no_data}); // the file does not have it
  CHECK(days.at(first)[47] == shape_value{largest_shape_wh, shape_flag::back_stop});
  CHECK(days.at({first.number + 1})[0] == shape_value{1, shape_flag::default_value});
  CHECK(
    read.shapes.contains({'C', connection_type::whole_current, market_segment::smart, false, quantity::active_import}));
}

TEST_CASE("settlement files: every fault of registers.csv is refused with its line") {
  const auto refused = [](const std::string& rows, int line, std::string_view what) {
    refuses("registers.csv", registers_head + rows, line, what);
  };
  const std::string good_row = one + ",AI,2026-03-01T00:00:00Z,1\n";
  refused(nobody + ",AI,2026-03-01T00:00:00Z,1\n", 2, "no meter '" + nobody + "'");
  refused(another_digit(one) + ",AI,2026-03-01T00:00:00Z,1\n", 2, "check digit");
  refused("MAC000002,AI,2026-03-01T00:00:00Z,1\n", 2, "13 digits");
  refused(good_row + one + ",XX,2026-03-01T00:00:00Z,1\n", 3, "'XX' is not AI, AE, RI or RE");
  refused(good_row + one + ",AE,2026-03-01T00:00:00Z,1\n", 3, "no quantity AE");
  refused(one + ",AI,2026-03-01T00:00:00Z,-0.001\n", 2, "below 0");
  refused(one + ",AI,2026-03-01T00:00:00Z,1.0005\n", 2, "finer than a watt-hour");
  refused(one + ",AI,2026-03-01T00:00:00Z,\n", 2, "not a decimal");
  refused(one + ",AI,2026-03-01T00:00:00Z,1e30\n", 2, "too large");
  refused(one + ",AI,2026-03-01,1\n", 2, "is a date");
  refused(one + ",AI,2026-03-01T00:00:00,1\n", 2, "read_at");
  refused(good_row + "\n" + one + ",AI,2026-03-01T01:00:00+01:00,1.001\n", 4, "contradicts line 2");
  refused(one + ",AI\n", 2, "2 fields");
  refuses("registers.csv", "mpan,quantity,kwh\n", 1, "'read_at' is missing");
}

TEST_CASE("settlement files: every fault of annual.csv is refused with its line") {
  const auto refused = [](const std::string& rows, int line, std::string_view what) {
    refuses("annual.csv", annual_head + rows, line, what);
  };
  refused(nobody + ",AI,3100,ECS,2026-04-01\n", 2, "no meter");
  refused(another_digit(one) + ",AI,3100,ECS,2026-04-01\n", 2, "check digit");
  refused(one + ",AQ,3100,ECS,2026-04-01\n", 2, "'AQ'");
  refused(one + ",RE,3100,ECS,2026-04-01\n", 2, "no quantity RE");
  refused(one + ",AI,-3100,ECS,2026-04-01\n", 2, "below 0");
  refused(one + ",AI,0.0001,ECS,2026-04-01\n", 2, "finer than a watt-hour");
  refused(one + ",AI,3100,EAC,2026-04-01\n", 2, "'EAC' is not one of ECS, SNAC");
  refused(one + ",AI,3100,ECS,\n", 2, "effective_from");
  refused(one + ",AI,3100,ECS,2026-02-30\n", 2, "effective_from");
  // In summer midnight in UTC is one o'clock.
  refused(one + ",AI,3100,ECS,2026-06-15T00:00:00Z\n", 2, "no local midnight");
  refused(one + ",AI,3100,ECS,2026-06-14T23:00:01Z\n", 2, "no local midnight");
  refused(one + ",AI,3100,ECS,2026-04-01\n" + one + ",AI,3101,ECS,2026-03-31T23:00:00Z\n", 3, "contradicts line 2");
}

TEST_CASE("settlement files: every fault of appointments.csv is refused with its line") {
  const auto refused = [](const std::string& rows, int line, std::string_view what) {
    refuses("appointments.csv", appointments_head + rows, line, what);
  };
  refused(nobody + ",DS1,2026-04-01,\n", 2, "no meter");
  refused(another_digit(one) + ",DS1,2026-04-01,\n", 2, "check digit");
  refused(one + ",,2026-04-01,\n", 2, "data_service_id is empty");
  refused(one + "," + std::string(101, 'x') + ",2026-04-01,\n", 2, "longer than 100 bytes");
  refused(one + ",DS1,yesterday,\n", 2, "from: expected");
  refused(one + ",DS1,,2026-04-31\n", 2, "to: expected");
  refused(one + ",DS1,2026-04-02,2026-04-01\n", 2, "to must be after from");
  refused(one + ",DS1,2026-04-02,2026-04-02\n", 2, "to must be after from");
  refused(one + ",DS1,2026-04-02T00:05:00Z,2026-04-02T00:25:00Z\n", 2, "no half hour starts");
  refused(one + ",DS1,2026-04-01,2026-05-01\n" + two + ",DS1,,\n" + one + ",DS2,2026-04-30T22:30:00Z,\n", 4,
          "overlaps in time with line 2");
  refused(one + ",DS1,,\n" + one + ",DS2,,\n", 3, "overlaps in time with line 2");
  // A long one over two short ones.
  refused(one + ",DS3,2026-04-01,2026-04-02\n" + one + ",DS1,2026-03-01,2026-05-01\n", 3, "overlaps");
}

TEST_CASE("settlement files: every fault of load_shapes.csv is refused with its line") {
  const auto refused = [](const std::string& rows, int line, std::string_view what) {
    refuses("load_shapes.csv", shapes_head + rows, line, what);
  };
  const std::string good_row = "_C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,A\n";
  refused("C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,A\n", 2, "gsp_group 'C'");
  refused("_I,W,S,T,AI,2026-03-01T00:30:00Z,0.480,A\n", 2, "gsp_group '_I'");
  refused("_C,X,S,T,AI,2026-03-01T00:30:00Z,0.480,A\n", 2, "connection_type 'X'");
  refused("_C,W,X,T,AI,2026-03-01T00:30:00Z,0.480,A\n", 2, "market_segment 'X'");
  refused("_C,W,S,,AI,2026-03-01T00:30:00Z,0.480,A\n", 2, "domestic ''");
  refused("_C,W,S,T,XX,2026-03-01T00:30:00Z,0.480,A\n", 2, "quantity 'XX'");
  refused("_C,W,S,T,AI,2026-03-01T00:15:00Z,0.480,A\n", 2, "not the end of a half hour");
  refused("_C,W,S,T,AI,2026-03-01T00:29:59Z,0.480,A\n", 2, "not the end of a half hour");
  refused("_C,W,S,T,AI,2026-03-01,0.480,A\n", 2, "is a date");
  refused("_C,W,S,T,AI,1969-12-31T00:30:00Z,0.480,A\n", 2, "1970 to 2199");
  refused("_C,W,S,T,AI,2200-01-01T00:30:00Z,0.480,A\n", 2, "1970 to 2199");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,-0.480,A\n", 2, "below 0");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,0.4805,A\n", 2, "finer than a watt-hour");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,1000000000,A\n", 2, "too large");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,,A\n", 2, "not a decimal");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,X\n", 2, "flag 'X' is not one of A, D, E, B");
  refused("_C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,B\n", 2, "no data");
  refused(good_row + "_C,W,S,T,AI,2026-03-01T00:30:00Z,0.481,A\n", 3, "contradicts line 2");
  refused(good_row + good_row + "_C,W,S,T,AI,2026-03-01T00:30:00Z,0.480,D\n", 4, "contradicts line");
}

TEST_CASE("settlement files: all faults of all files are counted and the first twenty shown") {
  std::string rows;
  for (int i = 0; i < 15; ++i)
    rows += nobody + ",AI,3100,ECS,2026-04-01\n";
  std::string more;
  for (int i = 0; i < 15; ++i)
    more += nobody + ",AI,2026-03-01T00:00:00Z,1\n";
  const auto parsed = parse({{"annual.csv", annual_head + rows}, {"registers.csv", registers_head + more}});
  REQUIRE(!parsed);
  const std::string& message = parsed.failure().message;
  CHECK(message.find("the estate in 'folder' is refused; mend its 30 faults") == 0);
  CHECK(std::count(message.begin(), message.end(), '\n') == 21);
  CHECK(message.find("\nannual.csv:16: ") != std::string::npos);
  CHECK(message.find("\nregisters.csv:6: ") != std::string::npos);
  CHECK(message.find("\nregisters.csv:7: ") == std::string::npos);
  CHECK(message.ends_with("\n... and 10 more"));
}

TEST_CASE("settlement files: a folder's files are read in the order of their names") {
  const temporary_folder folder;
  const auto none = read_settlement_files(folder.path());
  REQUIRE(none);
  CHECK(none->empty());
  gridtwin::testing::write_file(folder.path() / "registers.csv", registers_head);
  gridtwin::testing::write_file(folder.path() / "annual.csv", annual_head);
  gridtwin::testing::write_file(folder.path() / "meters.csv", "not one of them");
  const auto found = read_settlement_files(folder.path());
  REQUIRE(found);
  CHECK(*found == std::vector<estate_file>{{"annual.csv", annual_head}, {"registers.csv", registers_head}});
  gridtwin::testing::write_file(folder.path() / "load_shapes.csv", "");
  const auto empty = read_settlement_files(folder.path());
  REQUIRE(!empty);
  CHECK(empty.failure().code == errc::bad_estate);
  CHECK(empty.failure().message.find("load_shapes.csv' is empty") != std::string::npos);
  std::filesystem::remove(folder.path() / "load_shapes.csv");
  std::filesystem::create_directory(folder.path() / "appointments.csv");
  CHECK(!read_settlement_files(folder.path()));
}

} // namespace
} // namespace gridtwin
