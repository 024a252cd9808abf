#include "src/node/pushes.hpp"

#include "config/printable_text.hpp"
#include "src/node/told_alarms.hpp"
#include "src/push/push_bounds.hpp"
#include "twins/counter_random.hpp"
#include "twins/period.hpp"

#include <string>
#include <utility>

namespace gridtwin {

namespace {

result<webhook_plan> plan_of(const webhook_settings& of) {
  webhook_plan out;
  auto url = parse_webhook_url(of.url);
  if (!url)
    return url.failure();
  auto reader = parse_identity(of.reader);
  if (!reader)
    return error{errc::usage, "'reader': " + reader.failure().message};
  const auto topic = parse_access_topic(of.topic);
  if (!topic)
    return error{errc::usage, "there is no topic " + in_quotes(of.topic)};
  std::vector<host_network> allowed;
  for (const std::string& text : of.allow) {
    const auto network = parse_host_network(text);
    if (!network)
      return error{errc::usage, "'allow': " + network.failure().message};
    allowed.push_back(*network);
  }
  if (!of.from_time.empty()) {
    const auto from = parse_instant(of.from_time);
    if (!from)
      return error{errc::usage, "'from_time': " + from.failure().message};
    out.options.from_s = *from;
  }
  out.options.name = of.name;
  out.options.topic = *topic;
  out.options.reader = *reader;
  out.options.url = url->text;
  out.options.paused = of.is_paused();
  out.options.most_events = static_cast<std::size_t>(of.most_events);
  out.options.most_bytes = static_cast<std::size_t>(of.most_bytes);
  out.session.url = std::move(*url);
  out.session.rules = address_rules(std::move(allowed));
  out.session.certificate = of.certificate;
  out.session.key = of.key;
  out.session.roots = of.roots;
  out.session.request = std::chrono::seconds(of.request_s);
  return out;
}

} // namespace

result<std::vector<webhook_plan>> webhook_plans(const node_settings& settings) {
  std::vector<webhook_plan> out;
  for (const webhook_settings& one : settings.webhooks) {
    auto plan = plan_of(one);
    if (!plan)
      return error{errc::bad_profile, "[webhooks." + one.name + "]: " + plan.failure().message};
    out.push_back(std::move(*plan));
  }
  return out;
}

result<std::unique_ptr<webhook_threads>> open_webhooks(const node_settings& settings, const edge_trust& trust,
                                                       audit_trail& audit, std::function<std::int64_t()> now_s,
                                                       std::function<std::int64_t()> now_us) {
  auto plans = webhook_plans(settings);
  if (!plans)
    return plans.failure();
  if (plans->empty())
    return std::unique_ptr<webhook_threads>();
  auto signer = text_signer::load(settings.push_certificate, settings.push_key);
  if (!signer)
    return signer.failure();
  if ((*signer)->pem().size() / 3 * 4 > push_bounds::certificate_field_bytes)
    return error{errc::usage, settings.push_certificate + " has more certificates than fit into a request's fields"};
  webhook_threads::surroundings around;
  around.store = settings.store;
  around.alarms = std::make_shared<told_alarms>(settings.store);
  around.policy = [&trust] { return trust.policy(); };
  around.signer = std::move(*signer);
  around.seed = mix64(static_cast<std::uint64_t>(now_s()) ^ static_cast<std::uint64_t>(now_us()) << 20);
  around.now_s = std::move(now_s);
  around.now_us = std::move(now_us);
  around.tell = [&audit](const push_act& act) { audit.did(act.who, act.act, act.subject, act.why); };
  return webhook_threads::open(std::move(*plans), std::move(around));
}

} // namespace gridtwin
