#pragma once

#include "src/security/peer_trust.hpp"
#include "twins/result.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gridtwin {

/// Which end of a connection this is.
enum class tls_role { listener, client };

/// What a listener, or a client, is made of. Files are in PEM and are read again at each reload.
struct tls_options {
  tls_role side = tls_role::listener;
  std::string certificate;           ///< our own, and after it the intermediate authorities of its chain
  std::string key;                   ///< its private key, without a password
  std::vector<trusted_plane> planes; ///< who may vouch for peers: those that this listener admits, or the server's
  bool also_tls_1_2 = false;         ///< TLS 1.2 with ECDHE and AEAD beside 1.3
  std::string server_name;           ///< of a client: host or address that the server's certificate must name
  peer_admission admits;             ///< of a listener: which identities; empty: all that are proved
};

/// The files that they name.
std::vector<std::string> files_of(const tls_options& options);

/// Largest chain of certificates that a peer may send, in bytes as OpenSSL counts them.
inline constexpr long longest_peer_chain_bytes = 16 * 1024;

/// TLS with certificates on both ends: 1.3 unless said otherwise, peers as `peer_trust` believes them, no session that
/// is resumed (a resumed one is not checked anew), no renegotiation, no compression. All of it may be called from any
/// thread.
class tls_context {
public:
  /// Error: unreadable_input or usage, with the file and what is wrong with it.
  static result<std::unique_ptr<tls_context>> open(tls_options options, wall_clock now);

  /// Reads all files again; connections that begin from now on go by them. Error: what is wrong; then all stays as it
  /// was.
  result<void> reload();

  /// What files say, read and not in force.
  struct generation;
  /// A reload in two steps, for several that change together or not at all: reads all files and says what is wrong. One
  /// at a time.
  result<std::shared_ptr<const generation>> prepare() const;
  void put_in_force(std::shared_ptr<const generation> prepared);

  const tls_options& options() const noexcept { return options_; }

  /// What new connections are made of. It goes on to hold while somebody keeps it.
  std::shared_ptr<SSL_CTX> current() const;
  /// A connection without transport, that accepts or connects as the side says. Nothing where memory is short.
  openssl_ptr<SSL> new_connection() const;

  /// Whether a connected peer would still be believed: by the newest lists, the clock and who is admitted. Error: why
  /// not.
  result<void> still_valid(const SSL* connection) const;
  /// The same of a certificate, with the intermediate authorities that came with it.
  result<void> still_valid(X509* peer, STACK_OF(X509) * sent) const;

private:
  tls_context(tls_options options, wall_clock now) : options_(std::move(options)), now_(std::move(now)) {}
  result<std::shared_ptr<const generation>> load() const;
  std::shared_ptr<const generation> newest() const;

  const tls_options options_;
  const wall_clock now_;
  std::mutex reloading_; ///< one reload at a time
  mutable std::mutex mutex_;
  std::shared_ptr<const generation> newest_;
};

/// Who the client of a connection is. Error: it is not connected, or no client that was believed.
result<peer_identity> peer_of(const SSL* connection);

/// Why the peer of a connection was not believed; empty where it was or nothing was asked. For logs, not for the peer.
std::string refusal_of(const SSL* connection);
/// The identity that a peer which was not believed says that it has; empty where its certificate has none that could
/// be.
std::string claim_of(const SSL* connection);

} // namespace gridtwin
