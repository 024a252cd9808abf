#include "src/security/openssl_handles.hpp"

#include "config/printable_text.hpp"

#include <openssl/err.h>

namespace gridtwin {

std::string openssl_complaint() {
  const unsigned long last = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = last != 0 ? ERR_reason_error_string(last) : nullptr;
  return reason != nullptr ? printable(reason, 200) : "no reason is known";
}

bool is_address(const std::string& host) noexcept {
  const openssl_ptr<ASN1_STRING> address(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  return address != nullptr;
}

std::string text_of(const X509_NAME* name) {
  const openssl_ptr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE) < 0)
    return "?";
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return in_quotes(std::string_view(bytes, static_cast<std::size_t>(size)), 200);
}

} // namespace gridtwin
