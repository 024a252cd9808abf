#pragma once

#include "src/security/access_policy.hpp"
#include "src/security/file_stamps.hpp"
#include "src/security/tls_context.hpp"
#include "twins/result.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// Looks, each a second or so after the other, after which a reload that failed is tried again: what was wrong may have
/// been no file, such as a certificate that was not valid yet.
inline constexpr int looks_between_retries = 60;

/// What all listeners of a node go by: the TLS of each, and one policy. Certificates, keys, roots, revocation lists and
/// policy change together, by a reload, or not at all. Outlives its listeners. From any thread, but for `add_listener`
/// and `on_change`, which come before the first reload.
class edge_trust {
public:
  /// `policy`: its file. Error: as of `read_access_policy`.
  static result<std::unique_ptr<edge_trust>> open(std::string policy, wall_clock now,
                                                  stamp_function stamp = stamp_of_file);

  /// TLS for one more listener, which admits whom the newest policy does; `options.admits` is replaced. It lives as
  /// long as this. Error: as of `tls_context::open`.
  result<const tls_context*> add_listener(tls_options options);
  /// `tell` is called after each reload that changed anything, in the thread that reloads: ask connected peers again,
  /// by `tls_context::still_valid`, which asks the policy as well.
  void on_change(std::function<void()> tell);

  std::shared_ptr<const access_policy> policy() const;
  /// The files of the policy in force as they were read, the policy first; once after each reload.
  std::vector<policy_file> take_policy_texts();

  /// Reads all files again. Error: which is wrong and how; then everything stays as it was.
  result<void> reload();
  /// To be called every second or so. Reloads when the files have changed, and again after a while when that failed;
  /// nothing: there was no reason to.
  std::optional<result<void>> look();
  /// Has listeners ask their peers again though nothing was read: certificates and lists run out, too.
  void ask_again() const;

private:
  edge_trust(std::string policy, wall_clock now, stamp_function stamp)
    : policy_file_(std::move(policy)), now_(std::move(now)), stamp_(std::move(stamp)) {}

  std::vector<std::string> files() const;
  result<void> reload_all();

  const std::string policy_file_;
  const wall_clock now_;
  const stamp_function stamp_;
  std::vector<std::unique_ptr<tls_context>> listeners_;
  std::vector<std::function<void()>> tell_;

  std::mutex reloading_; ///< one reload or look at a time; of what follows
  std::vector<std::string> policy_files_;
  stamp_watch watch_;
  int looks_to_retry_ = 0; ///< 0: the last reload did not fail

  mutable std::mutex mutex_; ///< of what follows
  std::shared_ptr<const access_policy> policy_;
  std::vector<policy_file> policy_texts_; ///< until they are taken
};

} // namespace gridtwin
