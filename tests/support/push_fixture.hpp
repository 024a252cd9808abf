#pragma once

#include "src/push/webhook_delivery.hpp"
#include "tests/support/api_fixture.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A number that stands behind `"name":` in JSON.
inline std::int64_t number_in(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string_view::npos);
  return std::stoll(std::string(json.substr(at + key.size(), 20)));
}

inline std::string text_in(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string_view::npos);
  return std::string(json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size()));
}

/// The lines between the body's first and its last.
inline std::vector<std::string> events_in(const std::string& body) {
  std::vector<std::string> lines = api_fixture::lines(body);
  REQUIRE(lines.size() >= 3);
  lines.erase(lines.begin());
  lines.pop_back();
  for (std::string& line : lines)
    if (line.back() == ',')
      line.pop_back();
  return lines;
}

/// Answers as `answers` says in turn, then 200; of what it took it keeps the events.
class told_receiver final : public webhook_sender {
public:
  push_answer post(const push_request& request) override {
    bodies.push_back(request.body);
    fields = request.fields;
    push_answer out;
    out.stage = "answer";
    out.status = 200;
    if (decide)
      out.status = decide(request.body);
    if (!answers.empty()) {
      out.status = answers.front();
      answers.pop_front();
    }
    out.retry_after = retry_after;
    if (out.status == 0)
      out.trouble = "no connection";
    if (out.status >= 200 && out.status < 300)
      for (std::string& event : events_in(request.body))
        taken.push_back(std::move(event));
    return out;
  }
  void stop() override {}

  std::deque<unsigned> answers;
  std::function<unsigned(const std::string&)> decide;
  std::string retry_after;
  std::vector<std::string> bodies;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> taken;
};

/// Files of a key and its certificate, made once: RSA keys take a while.
inline std::shared_ptr<const text_signer> test_signer() {
  static const std::shared_ptr<const text_signer> made = [] {
    const temporary_folder folder;
    const std::string key = (folder.path() / "signer.key").string();
    const std::string pem = (folder.path() / "signer.pem").string();
    openssl_ptr<EVP_PKEY> pair(EVP_RSA_gen(2048));
    openssl_ptr<X509> own(X509_new());
    X509_set_pubkey(own.get(), pair.get());
    X509_gmtime_adj(X509_getm_notBefore(own.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(own.get()), 3600);
    X509_sign(own.get(), pair.get(), EVP_sha256());
    openssl_ptr<BIO> to(BIO_new_file(key.c_str(), "w"));
    PEM_write_bio_PrivateKey(to.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
    to.reset(BIO_new_file(pem.c_str(), "w"));
    PEM_write_bio_X509(to.get(), own.get());
    to.reset();
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    auto loaded = text_signer::load(pem, key);
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.failure().message));
    return *loaded;
  }();
  return made;
}

class delivery_fixture : public api_fixture {
public:
  explicit delivery_fixture(std::uint32_t transformers = 3) : api_fixture(transformers) {
    set_policy(one_of_each);
    options.name = "mds";
    options.topic = access_topic::reading;
    options.reader = *parse_identity("urn:gridtwin:service:settlement:s");
    options.url = "https://Receiver.example/events";
    options.most_events = 1000;
    options.most_bytes = 95'000;
  }

  /// A process that begins.
  webhook_delivery& open() {
    delivery.reset();
    if (!pool) {
      auto opened = store_pool::open(store.path(), nullptr);
      REQUIRE(opened);
      pool = std::move(*opened);
    }
    auto opened =
      webhook_delivery::open(options,
                             {*pool, receiver, *test_signer(), [this] { return policy; },
                              [this] { return 1'781'576'100 + now_us / 1'000'000; }, [this] { return now_us; },
                              [this](const push_act& act) { told.push_back(act); }, 7, counters},
                             kept());
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.failure().message));
    delivery = std::move(*opened);
    return *delivery;
  }
  std::unique_ptr<push_store> kept() {
    auto opened = push_store::open(store.path());
    REQUIRE(opened);
    return std::move(*opened);
  }
  /// Steps until nothing is left to do, in the time that it asks for; at most so many.
  void run(int steps = 10'000) {
    for (int idle = 0; idle < 30 && steps > 0; --steps) {
      const std::size_t before = receiver.bodies.size();
      now_us += delivery->step() + 1;
      idle = receiver.bodies.size() == before ? idle + 1 : 0;
    }
  }
  /// All events, as the reader sees them.
  std::vector<std::string> expected(const std::string& who = "service:settlement:s") {
    return lines(get(who, "/v1/topics/reading/events?limit=5000"));
  }
  std::vector<std::string> taken() const { return receiver.taken; }

  webhook_options options;
  told_receiver receiver;
  webhook_counters counters;
  std::vector<push_act> told;
  std::unique_ptr<store_pool> pool;
  std::unique_ptr<webhook_delivery> delivery;

  using api_fixture::run;
};

/// A run a day.
inline void fill(api_fixture& f, std::uint32_t transformers, std::int32_t days, std::int32_t first = 100) {
  for (std::int32_t day = first; day < first + days; ++day) {
    std::vector<api_fixture::group> groups;
    for (std::uint8_t slot = 0; slot < 4; ++slot) {
      api_fixture::group g;
      for (std::uint32_t t = 0; t < transformers; ++t)
        g.push_back({t, {api_fixture::reading(0, day, slot, 100 + slot), api_fixture::reading(1, day, slot, 200)}});
      groups.push_back(std::move(g));
    }
    f.run(groups);
  }
}

inline std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Whether each shard's events ascend, so that a receiver can drop repeats by the last of each.
inline bool ascends(const std::vector<std::string>& events) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> last;
  for (const std::string& e : events) {
    const std::pair<std::int64_t, std::int64_t> here{number_in(e, "offset"), number_in(e, "place")};
    const auto [at, fresh] = last.emplace(number_in(e, "shard"), here);
    if (!fresh && here <= at->second)
      return false;
    at->second = here;
  }
  return true;
}

} // namespace gridtwin::testing
