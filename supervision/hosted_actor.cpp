#include "supervision/hosted_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/sec.hpp>

namespace gridtwin {

hosted_actor::hosted_actor(caf::actor_config& config, const caf::actor& host)
  : caf::monitorable_actor(config), host_(caf::actor_cast<caf::actor_control_block*>(host)) {}

void hosted_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit* context) {
  const auto host = caf::actor_cast<caf::strong_actor_ptr>(host_);
  if (!host) {
    caf::detail::sync_request_bouncer bounce{caf::exit_reason::unreachable};
    bounce(*what);
    return;
  }
  hosted_envelope envelope{caf::strong_actor_ptr(ctrl()), std::make_shared<caf::mailbox_element_ptr>(std::move(what))};
  host->enqueue(nullptr, caf::make_message_id(), caf::make_message(std::move(envelope)), context);
}

void hosted_actor::receive(caf::mailbox_element& what, caf::execution_unit* context) {
  if (terminated()) {
    caf::detail::sync_request_bouncer bounce{fail_state_};
    bounce(what);
    return;
  }
  if (handle_system_message(what, context, false))
    return;
  auto reply = answer(what.content());
  if (!what.mid.is_request() || !what.sender)
    return;
  if (!reply)
    reply = caf::make_message(caf::make_error(caf::sec::unexpected_message));
  what.sender->enqueue(caf::strong_actor_ptr(ctrl()), what.mid.response_id(), std::move(*reply), context);
}

void hosted_actor::terminate(caf::error reason, caf::execution_unit* context) { cleanup(std::move(reason), context); }

void deliver(const hosted_envelope& envelope, caf::execution_unit* context) {
  if (envelope.target && envelope.content && *envelope.content)
    static_cast<hosted_actor*>(envelope.target->get())->receive(**envelope.content, context);
}

} // namespace gridtwin
