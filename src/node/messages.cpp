#include "src/node/messages.hpp"

#include "src/node/submit_rights.hpp"
#include "src/security/text_signature.hpp"

#include <array>
#include <string>
#include <utility>

namespace gridtwin {

std::shared_ptr<const message_channel> open_message_channel(const node_settings& settings, submission_gate& gate,
                                                            const edge_trust& trust, const tls_context& signers,
                                                            const known_meters& meters, audit_trail& audit) {
  message_channel::surroundings around;
  around.gate = &gate;
  around.may_submit = [&trust, &meters](const peer_identity& peer, mpan meter) {
    return may_submit(*trust.policy(), meters, peer, meter);
  };
  around.signer = [&signers](const std::string& pem, std::string_view text, std::string_view signature) {
    return signer_of(signers, pem, text, signature);
  };
  around.refused = [&audit](const peer_identity& peer, channel_refusal what, const std::string& why,
                            std::uint64_t count) {
    static constexpr std::array<refused_act, 3> acts{refused_act::request, refused_act::request, refused_act::meters};
    audit.refused({acts[static_cast<std::size_t>(what)], to_string(peer), why, count});
  };
  message_channel::settings of;
  of.url = settings.messages_url;
  of.environment = parse_environment(settings.messages_environment).value_or(environment_tag::development);
  of.window_s = settings.messages_window_s;
  return std::make_shared<const message_channel>(std::move(around), std::move(of));
}

} // namespace gridtwin
