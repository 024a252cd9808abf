#include "src/commands/pki.hpp"

#include "config/printable_text.hpp"
#include "src/commands/terminal.hpp"
#include "src/security/test_authorities.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view pki_command = "pki";

struct init_options {
  test_authorities_order order;
  bool json = false;
};

struct revoke_options {
  std::string folder;
  std::string name;
  bool json = false;
};

int init(const init_options& o, std::int64_t now_s) {
  const auto names = make_test_authorities(o.order, now_s);
  if (!names)
    return report_failure(pki_command, names.failure());
  if (o.json) {
    std::string files;
    for (const std::string& name : *names)
      files += (files.empty() ? "" : ",") + json_string(name);
    return print_result(pki_command, fmt::format("{{\"folder\":{},\"days\":{},\"files\":[{}]}}\n",
                                                 json_string(o.order.folder), o.order.days, files));
  }
  std::string out = fmt::format("{} files in {}, for {} days; for tests, as all keys lie together\n", names->size(),
                                printable(o.order.folder, 400), o.order.days);
  for (const std::string& name : *names)
    out += "  " + name + "\n";
  return print_result(pki_command, out);
}

int revoke(const revoke_options& o, std::int64_t now_s) {
  const auto done = revoke_test_certificate(o.folder, o.name, now_s);
  if (!done)
    return report_failure(pki_command, done.failure());
  if (o.json)
    return print_result(pki_command,
                        fmt::format("{{\"name\":{},\"serial\":\"{}\",\"list\":{},\"number\":{},\"changed\":{}}}\n",
                                    json_string(o.name), done->serial, json_string(done->list), done->number,
                                    done->changed));
  return print_result(pki_command, fmt::format("{} {}: serial number {} is on list {} of {}\n", o.name,
                                               done->changed ? "is revoked" : "was revoked already", done->serial,
                                               done->number, printable(done->list, 400)));
}

} // namespace

void register_pki(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                  const std::function<std::int64_t()>& now_s) {
  CLI::App* app = parent.add_subcommand("pki", "Certificates to try a node with: makes a whole set, takes one back");
  app->require_subcommand(1);
  app->footer(
    "For tests: all keys lie in one folder, without passwords. What a node asks of certificates: docs/access.md\n"
    "Example:\n  gridtwin pki init --out pki --host node.example\n  gridtwin pki revoke --dir pki head-end-2");
  CLI::App* made = app->add_subcommand("init", "Makes authorities, revocation lists and a certificate for each role");
  auto i = std::make_shared<init_options>();
  made->add_option("--out", i->order.folder, "Folder to make; nothing is overwritten")->required();
  made->add_option("--days", i->order.days, "Days for which certificates and lists hold, 1 to 3650 (90)");
  made->add_option("--host", i->order.hosts, "Host or address of the server, beside localhost; may be repeated");
  made->add_flag("--json", i->json, "Print JSON instead of text");
  made->footer(
    "Makes folders devices, services and operators with root.pem, issuing.pem, their keys and revoked.pem (both\n"
    "lists), and NAME.pem (the issuing authority's behind it) and NAME.key of: server, head-end-1, head-end-2,\n"
    "settlement-1, network-operator-1, flexibility-1, auditor-1, operator-1. EC P-256; keys are the user's alone.\n"
    "Example:\n  gridtwin pki init --out pki --days 30 --host node.example --host 192.0.2.7");
  made->callback([i, select, now_s] { select([i, now_s] { return init(*i, now_s()); }); });
  CLI::App* taken = app->add_subcommand("revoke", "Takes a certificate back: puts it on its issuer's revocation list");
  auto r = std::make_shared<revoke_options>();
  taken->add_option("--dir", r->folder, "Folder that pki init has made")->required();
  taken->add_option("name", r->name, "head-end-1, or devices/issuing for all that it has signed")->required();
  taken->add_flag("--json", r->json, "Print JSON instead of text");
  taken->footer(
    "The list has one number more and takes the place of the old one at once. Revoked twice is revoked once.\n"
    "Example:\n  gridtwin pki revoke --dir pki head-end-2");
  taken->callback([r, select, now_s] { select([r, now_s] { return revoke(*r, now_s()); }); });
}

} // namespace gridtwin
