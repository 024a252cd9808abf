#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/message.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <memory>
#include <optional>

// The one file that uses CAF's internals: what a small actor needs that is run by another one. CAF 1.x has other
// internals; a port rewrites this file.

namespace gridtwin {

/// A message on its way. If it never arrives (its host has ended, or ends with it in the mailbox), a question is
/// answered with an error: nobody waits for ever.
class undelivered_message {
public:
  explicit undelivered_message(caf::mailbox_element_ptr content) noexcept : content_(std::move(content)) {}
  ~undelivered_message();
  undelivered_message(const undelivered_message&) = delete;
  undelivered_message& operator=(const undelivered_message&) = delete;

  /// Nothing once it was handed out.
  const caf::mailbox_element* peek() const noexcept { return content_.get(); }
  /// Hands the message out, once.
  caf::mailbox_element_ptr take() noexcept { return std::move(content_); }

private:
  caf::mailbox_element_ptr content_;
};

/// A message to a hosted actor on its way through its host's mailbox.
struct hosted_envelope {
  caf::strong_actor_ptr target;
  std::shared_ptr<undelivered_message> message;
};

} // namespace gridtwin

CAF_BEGIN_TYPE_ID_BLOCK(gridtwin_supervision, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(gridtwin_supervision, (gridtwin::hosted_envelope))
CAF_END_TYPE_ID_BLOCK(gridtwin_supervision)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gridtwin::hosted_envelope)

namespace gridtwin {

/// An actor without a mailbox or a place in the scheduler: its host, an ordinary actor, runs it. It has an address, is
/// monitored and linked, exits with a reason and answers requests as any actor does; all it does is serialised with its
/// host, so it needs no lock. It knows its host weakly: the host owns it.
class hosted_actor : public caf::monitorable_actor {
public:
  hosted_actor(caf::actor_config& config, const caf::actor& host);

  /// Any thread: passes the message to the host, tagged with this actor.
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* context) override;

  /// In the host: handles a message that came through its mailbox.
  void receive(caf::mailbox_element& what, caf::execution_unit* context);

  /// In the host: ends this actor; those who monitor it are told the reason.
  void terminate(caf::error reason, caf::execution_unit* context);

  /// In the host.
  bool terminated() const noexcept { return getf(is_terminated_flag); }

protected:
  /// In the host: the answer to a message, nothing where it is not understood.
  virtual std::optional<caf::message> answer(const caf::type_erased_tuple& content) = 0;

private:
  caf::weak_actor_ptr host_;
};

/// A hosted actor as its host owns it: alive as long as the handle, or anybody else's, is.
template <class T>
struct hosted {
  caf::actor handle;
  T& actor() const noexcept { return static_cast<T&>(*caf::actor_cast<caf::abstract_actor*>(handle)); }
};

/// Makes a hosted actor. `T` derives from `hosted_actor` and takes (config, host, arguments...).
template <class T, class... Arguments>
hosted<T> make_hosted(caf::actor_system& system, const caf::actor& host, Arguments&&... arguments) {
  caf::actor_config config;
  return {caf::make_actor<T, caf::actor>(system.next_actor_id(), system.node(), &system, config, host,
                                         std::forward<Arguments>(arguments)...)};
}

/// In the host: hands an envelope to the actor that it is for.
void deliver(const hosted_envelope& envelope, caf::execution_unit* context);

} // namespace gridtwin
