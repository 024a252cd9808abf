#pragma once

#include "src/security/access_rights.hpp"
#include "src/security/identity.hpp"
#include "twins/mpan.hpp"
#include "twins/publication.hpp"
#include "twins/result.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What an operation is about. What is not said counts against the peer.
struct access_resource {
  std::optional<access_topic> topic;         ///< of what is read or extracted
  std::optional<mpan> meter;                 ///< of one meter; nothing: of many together, or of none
  std::string_view transformer;              ///< where it belongs; empty: not known
  std::optional<std::uint32_t> contributors; ///< meters that gave a value to an aggregate
};

/// Why not. What the peer is told does not depend on it: it must not learn what there is.
enum class access_refusal : std::uint8_t {
  none,
  unknown_identity, ///< no policy names it
  disabled,         ///< an operator has taken its access
  not_granted,      ///< the operation is not among its rights
  topic_not_granted,
  incomplete, ///< what the decision depends on was not said
  not_its_meter,
  not_its_transformer,
  household,   ///< one meter's, and this role sees aggregates alone
  below_floor, ///< an aggregate of fewer meters than the privacy floor
  no_consent   ///< the meter's consent to half-hourly data is not there
};

/// For the audit trail: a sentence without anything personal.
std::string_view reason_of(access_refusal refusal) noexcept;

struct access_decision {
  access_refusal refusal = access_refusal::unknown_identity;
  bool allowed() const noexcept { return refusal == access_refusal::none; }
  std::string_view reason() const noexcept { return reason_of(refusal); }
};

/// What one identity may do, and with what.
struct access_grant {
  bool enabled = true;
  access_rights rights;
  bool all_meters = false;               ///< of a head-end
  std::vector<mpan> meters;              ///< of a head-end: sorted
  bool all_transformers = false;         ///< of a network operator
  std::vector<std::string> transformers; ///< of a network operator, or whose meters are a head-end's: sorted
  std::vector<mpan> consented;           ///< of a flexibility reader: with consent to half-hourly data, sorted
};

/// Who may do what. Pure and immutable, for all threads; whoever is not named may do nothing.
class access_policy {
public:
  /// Names nobody.
  access_policy() = default;
  access_policy(std::uint32_t privacy_floor, std::map<peer_identity, access_grant> grants,
                std::array<field_set, all_roles.size()> masks)
    : privacy_floor_(privacy_floor), grants_(std::move(grants)), masks_(masks) {}

  /// Whether a peer is let in at all.
  access_decision admits(const peer_identity& peer) const;
  /// Whether it may begin to read, or to take in bulk, a topic: of each event it must be asked again.
  access_decision opens(const peer_identity& peer, access_operation operation, access_topic topic) const;
  /// Whether it may do it to this.
  access_decision allows(const peer_identity& peer, access_operation operation, const access_resource& resource) const;
  /// Whether it sees events without this field. True of everything that is not known.
  bool masks(const peer_identity& peer, access_field field) const;

  std::uint32_t privacy_floor() const noexcept { return privacy_floor_; }
  const std::map<peer_identity, access_grant>& grants() const noexcept { return grants_; }

private:
  const access_grant* find(const peer_identity& peer) const;
  access_refusal rights_refusal(const access_grant& grant, access_operation operation,
                                std::optional<access_topic> topic) const;
  access_refusal scope_refusal(const peer_identity& peer, const access_grant& grant, access_operation operation,
                               const access_resource& resource) const;
  access_refusal aggregate_refusal(const access_resource& resource) const;

  std::uint32_t privacy_floor_ = default_privacy_floor;
  std::map<peer_identity, access_grant> grants_;
  std::array<field_set, all_roles.size()> masks_{};
};

/// Reads a file that a policy names, or says why not.
using policy_file_reader = std::function<result<std::string>(const std::string& name)>;

/// Bounds of a policy and its files.
inline constexpr std::size_t policy_file_bytes_limit = std::size_t{256} << 20;
inline constexpr std::size_t longest_transformer_id = 64;

/// A policy in TOML (`config/examples/access.toml`). Error: bad_profile, with the key and how to mend it; unknown keys
/// are refused. `origin_name` names the text in messages.
result<access_policy> parse_access_policy(std::string_view toml, std::string_view origin_name,
                                          const policy_file_reader& read);

struct policy_file {
  std::string path;
  std::string text; ///< empty where it could not be read
};

/// The policy of a file; the files that it names stand in the same folder. `files`: gets all that were read, also where
/// one of them is wrong.
result<access_policy> read_access_policy(const std::string& path, std::vector<policy_file>* files = nullptr);

} // namespace gridtwin
