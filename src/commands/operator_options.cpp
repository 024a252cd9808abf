#include "src/commands/operator_options.hpp"

#include "src/process/clock.hpp"

#include <pwd.h>
#include <unistd.h>

namespace gridtwin {

namespace {

/// The name of who runs the program.
std::string user_name() {
  const struct passwd* const user = ::getpwuid(::geteuid());
  return user == nullptr ? "user " + std::to_string(::geteuid()) : std::string(user->pw_name);
}

} // namespace

acting operator_options::act() const { return {wall_clock_s(), who.empty() ? user_name() : who, why}; }

void add_operator_options(CLI::App& app, operator_options& o) {
  app.add_option("--by", o.who, "Who does this, for the audit trail; default: the name of the user");
  app.add_option("--why", o.why, "Why, for the audit trail");
}

} // namespace gridtwin
