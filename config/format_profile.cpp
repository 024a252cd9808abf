#include "config/format_profile.hpp"

namespace gridtwin {

namespace {

/// A column that is used if the header has it.
column_choice if_present(std::string name) { return {{std::move(name)}, false}; }

format_profile generic_profile() {
  format_profile p;
  p.meter.names = {"mpan"};
  p.time.names = {"period_end"};
  p.zone = ""; // a time without an offset could mean two things, and this format promises one
  p.value.names = {"kwh"};
  p.quantity_column = if_present("quantity");
  p.version_column = if_present("version");
  p.quality_column = if_present("quality");
  p.reason_column = if_present("reason");
  p.amendment_column = if_present("amendment");
  return p;
}

/// Low Carbon London. All names of the value column that copies of the data set carry mean kWh of the half hour, also
/// the one that says KW.
format_profile lcl_profile() {
  format_profile p;
  p.meter.names = {"LCLid"};
  p.time.names = {"DateTime", "tstp"};
  p.time_format = "%Y-%m-%d %H:%M:%S";
  p.value.names = {"KWH/hh (per half hour)", "KWH/hh", "KWH", "KW/hh (per half hour)", "KW/hh", "KW"};
  return p;
}

format_profile lcl_kaggle_profile() {
  format_profile p = lcl_profile();
  p.time.names = {"tstp"};
  p.value.names = {"energy(kWh/hh)"};
  return p;
}

} // namespace

std::optional<format_profile> built_in_profile(std::string_view name) {
  std::optional<format_profile> found;
  if (name == "generic")
    found = generic_profile();
  else if (name == "lcl")
    found = lcl_profile();
  else if (name == "lcl-kaggle")
    found = lcl_kaggle_profile();
  if (found)
    found->name = name;
  return found;
}

} // namespace gridtwin
