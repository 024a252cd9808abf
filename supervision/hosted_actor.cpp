#include "supervision/hosted_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/sec.hpp>

namespace gridtwin {

hosted_actor::hosted_actor(caf::actor_config& config, const caf::actor& host)
  : caf::monitorable_actor(config), host_(caf::actor_cast<caf::actor_control_block*>(host)) {}

undelivered_message::~undelivered_message() {
  if (!content_)
    return;
  caf::detail::sync_request_bouncer bounce{caf::exit_reason::unreachable};
  bounce(*content_);
}

void hosted_actor::enqueue(caf::mailbox_element_ptr what, caf::execution_unit* context) {
  hosted_envelope envelope{caf::strong_actor_ptr(ctrl()), std::make_shared<undelivered_message>(std::move(what))};
  if (const auto host = caf::actor_cast<caf::strong_actor_ptr>(host_))
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
  if (const auto content = envelope.message->take())
    static_cast<hosted_actor*>(envelope.target->get())->receive(*content, context);
}

} // namespace gridtwin
