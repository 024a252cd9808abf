#pragma once

#include "src/listener/bounded_counts.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace gridtwin {

/// Places for connections whose peer is not known yet: so many of each address, and so many in all before it counts as
/// full. From any thread; outlives its places.
class half_open_places {
  struct leave {
    half_open_places* places;
    void operator()(const std::string* address) const {
      places->of_address_.leave(*address);
      --places->now_;
      delete address;
    }
  };

public:
  /// Of one connection; its end leaves it. The address that the connection comes from.
  using place = std::unique_ptr<const std::string, leave>;

  /// `now` shows how many there are.
  half_open_places(std::size_t most_of_address, std::size_t most, std::atomic<std::int64_t>& now) noexcept
    : of_address_(most_of_address), most_(static_cast<std::int64_t>(most)), now_(now) {}

  /// Nothing: the address has as many as it may have.
  place enter(std::string address) {
    if (!of_address_.enter(address))
      return {nullptr, leave{this}};
    ++now_;
    return {new std::string(std::move(address)), leave{this}};
  }

  bool is_full() const noexcept { return now_ >= most_; }
  /// Those who are slow hold up others, and get less time.
  bool is_crowded() const noexcept { return now_ > most_ / 2; }

private:
  bounded_counts<std::string> of_address_;
  const std::int64_t most_;
  std::atomic<std::int64_t>& now_;
};

} // namespace gridtwin
