#include "src/commands/audit.hpp"

#include "config/printable_text.hpp"
#include "src/commands/readable_store.hpp"
#include "src/commands/terminal.hpp"
#include "src/store/audit.hpp"
#include "twins/period.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

namespace gridtwin {

namespace {

constexpr std::string_view audit_command = "audit";
constexpr std::size_t chunk_bytes = std::size_t{64} << 10;

struct audit_options {
  std::string store;
  std::int64_t last = 0;
  bool json = false;
};

std::string json_of(const recorded_act& a) {
  return fmt::format("{{\"id\":{},\"at\":{},\"who\":{},\"act\":{},\"subject\":{},\"detail\":{}}}\n", a.id,
                     json_string(format_instant(a.event.at_s)), json_string(a.event.who), json_string(a.event.act),
                     json_string(a.event.subject), json_string(a.event.detail));
}

std::string line_of(const recorded_act& a) {
  const auto whole = [](const std::string& text) { return printable(text, text.size()); };
  return fmt::format("{:>6}  {}  {:<17}  {}{}{}{}{}\n", a.id, format_instant(a.event.at_s), whole(a.event.act),
                     whole(a.event.who), a.event.subject.empty() ? "" : "  ", whole(a.event.subject),
                     a.event.detail.empty() ? "" : "  ", whole(a.event.detail));
}

int list(const audit_options& o) {
  if (o.last < 0)
    return report_failure(audit_command, {errc::usage, "--last is a number of events, 1 or more"});
  auto store = readable_store::open(o.store);
  if (!store)
    return report_failure(audit_command, store.failure());
  std::string out;
  int status = 0;
  bool any = false;
  const auto read = for_each_act(store->database, o.last, [&](const recorded_act& a) {
    out += o.json ? json_of(a) : line_of(a);
    any = true;
    if (out.size() < chunk_bytes)
      return true;
    status = print_result(audit_command, out);
    out.clear();
    return status == 0;
  });
  if (!read)
    return report_failure(audit_command, read.failure());
  if (status != 0)
    return status;
  return print_result(audit_command, any || o.json ? out : "nothing is recorded\n");
}

} // namespace

void register_audit(CLI::App& parent, const std::function<void(std::function<int()>)>& select) {
  CLI::App* app = parent.add_subcommand("audit", "Lists who did what to a store or its node, and who was refused");
  auto o = std::make_shared<audit_options>();
  app->add_option("--store", o->store, "Folder of the store")->required();
  app->add_option("--last", o->last, "Only so many, the newest");
  app->add_flag("--json", o->json, "Print a JSON object a line instead of text");
  app->footer("In the order in which they were recorded. What a peer was refused again and again for one reason is one "
              "event an hour.\n"
              "Example:\n  gridtwin audit --store store --last 20");
  app->callback([o, select] { select([o] { return list(*o); }); });
}

} // namespace gridtwin
