#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gridtwin {

// What `gridtwin pki` makes: authorities, certificates and lists to try a node with, all keys in one folder. Whoever
// has the folder is everybody.

inline constexpr int default_test_days = 90;
inline constexpr int most_test_days = 3650;
inline constexpr std::size_t most_test_hosts = 50;

struct test_authorities_order {
  std::string folder;             ///< made; refused where it is there and not empty
  int days = default_test_days;   ///< for which certificates and lists hold: 1 to 3650; authorities ten years
  std::vector<std::string> hosts; ///< of the server, beside localhost, 127.0.0.1 and ::1
};

/// Makes a folder for each plane (`root.pem`, `issuing.pem`, their keys, `revoked.pem` with both lists), and `NAME.pem`
/// (with the issuing authority's behind it) and `NAME.key` of a server, two head-ends, a reader of each role and an
/// operator; all of it or nothing. The paths, within the folder.
result<std::vector<std::string>> make_test_authorities(const test_authorities_order& order, std::int64_t now_s);

struct revocation {
  std::string serial;
  std::string list;        ///< path of the file that has it
  std::int64_t number = 0; ///< of the list
  bool changed = false;    ///< false: it was revoked already
};

/// Takes back the certificate of `NAME.pem`, or of a plane's authority (`devices/issuing`), and writes its issuer's
/// list anew, beside the old one and in its place. Two at a time wait for each other.
result<revocation> revoke_test_certificate(const std::string& folder, const std::string& name, std::int64_t now_s);

} // namespace gridtwin
