#include "src/security/test_authorities.hpp"

#include "config/printable_text.hpp"
#include "src/security/certificate_maker.hpp"
#include "src/security/identity.hpp"
#include "src/security/pem_files.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gridtwin {

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t back_dated_s = 300; // clocks of two machines may differ
constexpr std::int64_t authority_days = 3650;
constexpr mode_t private_mode = 0600;
constexpr mode_t public_mode = 0644;

struct client_name {
  access_role role;
  std::string_view name;
};
constexpr std::array clients{
  client_name{access_role::head_end, "head-end-1"},
  client_name{access_role::head_end, "head-end-2"},
  client_name{access_role::settlement, "settlement-1"},
  client_name{access_role::network_operator, "network-operator-1"},
  client_name{access_role::flexibility, "flexibility-1"},
  client_name{access_role::auditor, "auditor-1"},
  client_name{access_role::operator_, "operator-1"},
};

struct plane_authorities {
  certified_key root;
  certified_key issuing;
};

struct made_file {
  std::string name;
  std::string text;
  mode_t mode;
};

error cannot(const std::string& what, const std::string& path) {
  return {errc::store_failed, "cannot " + what + " " + printable(path, 400) + ": " + std::strerror(errno)};
}

/// A descriptor that is closed.
struct descriptor {
  explicit descriptor(int number) : fd(number) {}
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int fd;
};

/// A new file, durable. Error: there is one already, among others.
result<void> write_new(const std::string& path, const std::string& text, mode_t mode) {
  const descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (out.fd < 0)
    return cannot("make", path);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t done = ::write(out.fd, text.data() + at, text.size() - at);
    if (done < 0 && errno != EINTR)
      return cannot("write", path);
    at += done > 0 ? static_cast<std::size_t>(done) : 0;
  }
  return ::fsync(out.fd) == 0 ? result<void>() : cannot("sync", path);
}

result<void> sync_folder(const std::string& path) {
  const descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.fd >= 0 && ::fsync(folder.fd) == 0 ? result<void>() : cannot("sync", path);
}

void add_pair(std::vector<made_file>& files, const std::string& name, const certified_key& pair, const X509* above) {
  const std::string chain = above != nullptr ? pem_of(above) : "";
  files.push_back({name + ".pem", pem_of(pair.certificate.get()) + chain, public_mode});
  files.push_back({name + ".key", pem_of(pair.key.get()), private_mode});
}

/// The plane's authorities, their files and their lists.
result<plane_authorities> make_plane(trust_plane plane, int days, std::int64_t now_s, std::vector<made_file>& files) {
  const std::string name(name_of(plane));
  plane_authorities out;
  certificate_order order;
  order.use = certificate_use::root;
  order.common_name = "gridtwin test " + name + " root";
  order.from_s = now_s - back_dated_s;
  order.until_s = now_s + authority_days * day_s;
  auto root = make_certificate(order, nullptr);
  if (!root)
    return root.failure();
  out.root = std::move(*root);
  order.use = certificate_use::issuing;
  order.common_name = "gridtwin test " + name + " issuing";
  auto issuing = make_certificate(order, &out.root);
  if (!issuing)
    return issuing.failure();
  out.issuing = std::move(*issuing);
  std::string lists;
  for (const certified_key* authority : {&out.root, &out.issuing}) {
    const auto list = make_revocations(*authority, now_s - back_dated_s, now_s + days * day_s);
    if (!list)
      return list.failure();
    lists += pem_of(list->get());
  }
  add_pair(files, name + "/root", out.root, nullptr);
  add_pair(files, name + "/issuing", out.issuing, nullptr);
  files.push_back({name + "/revoked.pem", lists, public_mode});
  return out;
}

result<void> make_clients(trust_plane plane, const certified_key& issuing, const certificate_order& times,
                          std::vector<made_file>& files) {
  for (const client_name& client : clients) {
    if (plane_of(client.role) != plane)
      continue;
    certificate_order order = times;
    order.common_name = client.name;
    order.uri = to_string({client.role, std::string(client.name)});
    const auto made = make_certificate(order, &issuing);
    if (!made)
      return made.failure();
    add_pair(files, std::string(client.name), *made, issuing.certificate.get());
  }
  return {};
}

result<std::vector<made_file>> make_files(const test_authorities_order& wanted, std::int64_t now_s) {
  std::vector<made_file> out;
  certificate_order order;
  order.from_s = now_s - back_dated_s;
  order.until_s = now_s + wanted.days * day_s;
  for (const trust_plane plane : all_planes) {
    const auto made = make_plane(plane, wanted.days, now_s, out);
    if (!made)
      return made.failure();
    if (const auto done = make_clients(plane, made->issuing, order, out); !done)
      return done.failure();
    if (plane != trust_plane::services)
      continue;
    certificate_order server = order;
    server.use = certificate_use::server;
    server.common_name = "gridtwin test node";
    server.hosts = {"localhost", "127.0.0.1", "::1"};
    server.hosts.insert(server.hosts.end(), wanted.hosts.begin(), wanted.hosts.end());
    const auto pair = make_certificate(server, &made->issuing);
    if (!pair)
      return pair.failure();
    add_pair(out, "server", *pair, made->issuing.certificate.get());
  }
  return out;
}

result<void> write_files(const std::string& folder, const std::vector<made_file>& files) {
  for (const trust_plane plane : all_planes) {
    const std::string path = folder + "/" + std::string(name_of(plane));
    if (::mkdir(path.c_str(), 0700) != 0)
      return cannot("make", path);
  }
  for (const made_file& file : files)
    if (const auto done = write_new(folder + "/" + file.name, file.text, file.mode); !done)
      return done;
  return sync_folder(folder);
}

bool is_revocable(const std::string& name) {
  for (const trust_plane plane : all_planes)
    if (name == std::string(name_of(plane)) + "/issuing")
      return true;
  return parse_identity("urn:gridtwin:operator:" + name) && name.front() != '.';
}

/// The authority that signed a certificate, with its list's place in the plane's file.
struct issuer {
  certified_key authority;
  std::string path;
  std::vector<openssl_ptr<X509_CRL>> lists;
  std::size_t list = 0;
};

result<issuer> issuer_in(const std::string& plane, const std::string& name, X509* of) {
  auto certificates = read_certificates(plane + "/" + name + ".pem");
  if (!certificates)
    return certificates.failure();
  X509* const candidate = certificates->front().get();
  const bool issued =
    X509_check_issued(candidate, of) == X509_V_OK && X509_verify(of, X509_get0_pubkey(candidate)) == 1;
  ERR_clear_error();
  if (!issued)
    return error{errc::usage, "of another issuer"};
  issuer out;
  auto key = read_private_key(plane + "/" + name + ".key");
  if (!key)
    return key.failure();
  out.path = plane + "/revoked.pem";
  auto lists = read_revocations(out.path);
  if (!lists)
    return lists.failure();
  out.lists = std::move(*lists);
  const auto at = std::find_if(out.lists.begin(), out.lists.end(), [candidate](const auto& list) {
    return X509_CRL_verify(list.get(), X509_get0_pubkey(candidate)) == 1;
  });
  ERR_clear_error();
  if (at == out.lists.end())
    return error{errc::unreadable_input, out.path + ": has no list of " + name + ".pem"};
  out.list = static_cast<std::size_t>(at - out.lists.begin());
  out.authority = {std::move(certificates->front()), std::move(*key)};
  return out;
}

result<issuer> issuer_of(const std::string& folder, X509* certificate) {
  for (const trust_plane plane : all_planes)
    for (const char* name : {"issuing", "root"}) {
      auto found = issuer_in(folder + "/" + std::string(name_of(plane)), name, certificate);
      if (found || found.failure().code != errc::usage)
        return found;
    }
  return error{errc::usage, "no authority of this folder has signed that certificate"};
}

} // namespace

result<std::vector<std::string>> make_test_authorities(const test_authorities_order& order, std::int64_t now_s) {
  if (order.days < 1 || order.days > most_test_days)
    return error{errc::usage, "certificates hold for 1 to 3650 days"};
  if (order.hosts.size() > most_test_hosts)
    return error{errc::usage, "a server has at most 50 hosts"};
  for (const std::string& host : order.hosts)
    if (!is_host(host))
      return error{errc::usage, in_quotes(host) + " is neither host nor address; a wildcard is not accepted"};
  std::error_code failed;
  if (std::filesystem::exists(order.folder, failed) && !std::filesystem::is_empty(order.folder, failed))
    return error{errc::usage, printable(order.folder, 400) + " is there already and not empty: nothing is overwritten"};
  const auto files = make_files(order, now_s);
  if (!files)
    return files.failure();
  std::string target = order.folder;
  while (target.size() > 1 && target.back() == '/')
    target.pop_back();
  std::string unfinished = target + ".unfinished-XXXXXX";
  if (::mkdtemp(unfinished.data()) == nullptr)
    return error{errc::usage, "cannot make a folder beside " + printable(target, 400) + ": " + std::strerror(errno)};
  auto written = write_files(unfinished, *files);
  // In the place of nothing or of an empty folder; a full one refuses it.
  if (written && ::rename(unfinished.c_str(), target.c_str()) != 0)
    written = cannot("put the files into", target);
  if (!written) {
    std::filesystem::remove_all(unfinished, failed);
    return written.failure();
  }
  std::vector<std::string> names;
  for (const made_file& file : *files)
    names.push_back(file.name);
  std::sort(names.begin(), names.end());
  return names;
}

result<revocation> revoke_test_certificate(const std::string& folder, const std::string& name, std::int64_t now_s) {
  if (!is_revocable(name))
    return error{errc::usage,
                 in_quotes(name) + " is no name of a certificate, as 'head-end-1' or 'devices/issuing' is"};
  const descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.fd < 0 || ::flock(lock.fd, LOCK_EX) != 0)
    return error{errc::unreadable_input, "cannot read " + printable(folder, 400) + ": " + std::strerror(errno)};
  const auto certificates = read_certificates(folder + "/" + name + ".pem");
  if (!certificates)
    return certificates.failure();
  X509* const certificate = certificates->front().get();
  auto by = issuer_of(folder, certificate);
  if (!by)
    return by.failure();
  auto& list = by->lists[by->list];
  revocation out{serial_of(certificate), by->path, number_of(list.get()), false};
  if (is_revoked(list.get(), certificate))
    return out;
  auto next = revoke(list.get(), by->authority, certificate, now_s);
  if (!next)
    return next.failure();
  list = std::move(*next);
  std::string text;
  for (const auto& one : by->lists)
    text += pem_of(one.get());
  const std::string beside = by->path + ".new";
  ::unlink(beside.c_str()); // of a revocation that was killed
  if (const auto done = write_new(beside, text, public_mode); !done)
    return done.failure();
  if (::rename(beside.c_str(), by->path.c_str()) != 0)
    return cannot("replace", by->path);
  const auto synced = sync_folder(std::filesystem::path(by->path).parent_path().string());
  if (!synced)
    return synced.failure();
  out.number = number_of(list.get());
  out.changed = true;
  return out;
}

} // namespace gridtwin
