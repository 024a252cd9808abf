// Alternative names of any bytes, and an identity of any text, are refused with a reason, or are exactly one identity.

#include "src/security/identity.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>

namespace {

using namespace gridtwin;
using fuzz::require;

void check(const result<peer_identity>& found) {
  if (!found) {
    require(!found.failure().message.empty(), "a refusal has a reason");
    require(found.failure().message.find_first_of(std::string_view("\0\n\r\x1B", 4)) == std::string::npos,
            "the reason is one line");
    return;
  }
  require(!name_of(found->role).empty(), "an identity has a role");
  require(!found->name.empty() && found->name.size() <= longest_identity_name, "a name has its length");
  require(std::all_of(
            found->name.begin(), found->name.end(),
            [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'; }),
          "a name has its letters");
  const auto again = parse_identity(to_string(*found));
  require(again && *again == *found, "an identity is read as it is written");
}

} // namespace

/// A zero byte and the DER of alternative names, or a URI.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = fuzz::text_of(data, size);
  if (!all.starts_with('\0')) {
    const auto found = parse_identity(all);
    check(found);
    require(!found || to_string(*found) == all, "a text is the one way to write its identity");
    return 0;
  }
  const std::string_view der = all.substr(1);
  const auto found = identity_of_names({data + 1, der.size()});
  check(found);
  // Whatever is signed, the identity stands in it, letter by letter.
  require(!found || der.find(to_string(*found)) != std::string_view::npos, "an identity is a name of the certificate");
  return 0;
}
