#pragma once

#include "src/security/identity.hpp"
#include "src/security/openssl_handles.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

/// Seconds since the epoch; from any thread. Comes in, as all time does.
using wall_clock = std::function<std::int64_t()>;

/// Whether a peer that was proved is let in at all; error: why not. From any thread.
using peer_admission = std::function<result<void>(const peer_identity&)>;

/// A plane that is trusted: files in PEM. Several authorities of a plane may stand beside each other, in one file or in
/// more, while an old one gives way to a new one.
struct trusted_plane {
  trust_plane plane = trust_plane::devices;
  std::vector<std::string> authorities; ///< roots; intermediate ones come from the peer
  std::vector<std::string> revocations; ///< lists of the roots, and of every intermediate authority under them
};

/// What a peer is to be.
struct peer_expectation {
  bool is_server = false;  ///< the server that a client calls, else a client of a listener
  std::string server_name; ///< of a server: host or address that its certificate must name
  peer_admission admits;   ///< of a client; empty: each that its plane vouches for
};

/// Intermediate authorities between root and peer: two while an old and a new one stand beside each other.
inline constexpr int most_intermediates = 2;

/// What peers' certificates are held against, as it was at one moment. Immutable, for all threads.
///
/// A peer is believed where, at the clock's time: its chain ends in a root of an admitted plane, over at most two
/// intermediate authorities; every authority of the chain has a revocation list that is in force and none of the chain
/// is on it; every key is RSA of 2048 bits or EC P-256 or better, no signature is of SHA-1; the peer's certificate is
/// no authority's and is made for its part (EKU clientAuth or serverAuth, which must be there). A client's one URI says
/// who it is, and of its plane it must be; a server's names are those of its host.
class peer_trust {
public:
  /// Error: unreadable_input, with the file. Roots without a list, a root or a key that two planes share, and keys too
  /// weak are refused here.
  static result<std::shared_ptr<const peer_trust>> load(const std::vector<trusted_plane>& planes,
                                                        peer_expectation expected, wall_clock now);

  /// Checks the chain of an OpenSSL context that has a peer's certificate and what came with it.
  result<void> check(X509_STORE_CTX* chain) const;
  /// The same, of a peer that is connected already. `sent`: what came with its certificate; may be nothing.
  result<void> check(X509* peer, STACK_OF(X509) * sent) const;

  /// Error: a list of these is older than the one that `before` has of the same authority. An older list put in place
  /// of a newer one makes good what was revoked.
  result<void> follows(const peer_trust& before) const;

  /// For an SSL_CTX, which counts it.
  X509_STORE* store() const noexcept { return store_.get(); }
  /// Names of the roots, for clients that choose a certificate by them.
  std::vector<const X509_NAME*> root_names() const;

private:
  struct root {
    trust_plane plane;
    openssl_ptr<X509> certificate;
  };

  peer_trust() = default;
  result<void> add_plane(const trusted_plane& files);
  result<void> add_root(trust_plane plane, openssl_ptr<X509> certificate, const std::string& path);
  result<void> add_revocations(const std::string& path);
  result<void> check_roots_have_lists() const;
  result<void> check_chain(STACK_OF(X509) * chain) const;
  result<void> check_client(const STACK_OF(X509) * chain) const;

  peer_expectation expected_;
  wall_clock now_;
  openssl_ptr<X509_STORE> store_;
  std::vector<root> roots_;
  std::vector<openssl_ptr<X509_CRL>> lists_;
  /// Number of the newest list, by the authority's name and key in DER.
  std::map<std::string, openssl_ptr<BIGNUM>> numbers_;
};

/// Who a certificate says that its holder is, without asking who signed it.
result<peer_identity> identity_of(const X509* certificate);

} // namespace gridtwin
