#include "src/listener/silent_connections.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

using boost::asio::ip::tcp;

/// Pairs of connected sockets, the listener's ends among those that have said nothing yet.
struct doorway {
  doorway() : acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}

  /// Its number.
  std::size_t come(const std::string& address = "a") {
    peers.emplace_back(io);
    peers.back().connect(acceptor.local_endpoint());
    tcp::socket here = acceptor.accept();
    auto place = places.enter(address);
    REQUIRE(place);
    silent.add(std::move(here), std::move(place));
    return peers.size() - 1;
  }

  /// Lets things happen until something is so.
  template <class Condition>
  void run_until(Condition is_so) {
    while (!is_so())
      REQUIRE(io.run_one_for(std::chrono::seconds(60)) == 1);
  }

  bool is_cut(std::size_t number) {
    boost::system::error_code failure;
    peers[number].non_blocking(true);
    char byte = 0;
    peers[number].receive(boost::asio::buffer(&byte, 1), 0, failure);
    return failure != boost::asio::error::would_block;
  }

  boost::asio::io_context io;
  tcp::acceptor acceptor;
  std::atomic<std::int64_t> half_open{0};
  half_open_places places{100, 200, half_open};
  std::vector<tcp::socket> peers;
  std::vector<tcp::socket> spoken;
  std::int64_t now_us = 0;
  int cuts = 0;
  silent_connections silent{boost::asio::make_strand(io),
                            {[] { return std::chrono::milliseconds(1000); }, [this] { return now_us; },
                             [this](tcp::socket connection, half_open_places::place place) {
                               CHECK(*place == "a");
                               spoken.push_back(std::move(connection));
                             },
                             [this] { ++cuts; }}};
};

} // namespace

TEST_CASE("T9 silent connections: who speaks goes on with what it said, and its place goes with it") {
  doorway d;
  d.come();
  const std::size_t speaker = d.come();
  CHECK(d.half_open == 2);
  boost::asio::write(d.peers[speaker], boost::asio::buffer("x", 1));
  d.run_until([&] { return !d.spoken.empty(); });
  char byte = 0;
  CHECK(d.spoken[0].receive(boost::asio::buffer(&byte, 1)) == 1);
  CHECK(byte == 'x');
  CHECK(d.half_open == 1); // nobody kept the place
  CHECK(d.cuts == 0);
}

TEST_CASE("T9 silent connections: the oldest are closed first, a few at a time, and others are heard between") {
  doorway d;
  for (int i = 0; i < 40; ++i)
    d.come();
  d.now_us = 600'000;
  const std::size_t late = d.come();
  d.now_us = 1'000'001; // 40 are due, one is not
  d.run_until([&] { return d.cuts > 0; });
  const int of_turn = d.cuts;
  CHECK(of_turn < 40);
  CHECK(d.is_cut(0));
  CHECK_FALSE(d.is_cut(39));
  boost::asio::write(d.peers[39], boost::asio::buffer("x", 1)); // at the last moment
  d.run_until([&] { return d.cuts >= 39 || !d.spoken.empty(); });
  CHECK(d.cuts < 39);
  d.run_until([&] { return d.cuts >= 39; });
  CHECK(d.cuts == 39);
  CHECK_FALSE(d.is_cut(39));
  CHECK_FALSE(d.is_cut(late));
  CHECK(d.half_open == 1);
  d.now_us = 1'600'001;
  d.run_until([&] { return d.cuts >= 40; });
  CHECK(d.cuts == 40);
  CHECK(d.is_cut(late));
  CHECK(d.half_open == 0);
}

TEST_CASE("T9 silent connections: who goes away, and all of them at the end, leave their places") {
  doorway d;
  d.come();
  d.come();
  d.peers[0].close(); // a word, too: what is to be said of it is its session's
  d.run_until([&] { return !d.spoken.empty(); });
  CHECK(d.half_open == 1);
  d.silent.close();
  CHECK(d.half_open == 0);
  d.peers.emplace_back(d.io);
  d.peers.back().connect(d.acceptor.local_endpoint());
  d.silent.add(d.acceptor.accept(), d.places.enter("a"));
  CHECK(d.half_open == 0);
  d.io.run(); // nothing is waited for any more
  CHECK(d.cuts == 0);
}

TEST_CASE("T9 an address has so many half-open connections, and what leaves makes room") {
  std::atomic<std::int64_t> now{0};
  half_open_places places(2, 4, now);
  auto first = places.enter("a");
  auto second = places.enter("a");
  CHECK_FALSE(places.enter("a"));
  auto third = places.enter("b");
  CHECK(now == 3);
  CHECK(places.is_crowded());
  CHECK_FALSE(places.is_full());
  auto fourth = places.enter("c");
  CHECK(places.is_full());
  first.reset();
  CHECK(places.enter("a"));
  CHECK(now == 3);
}

} // namespace gridtwin::testing
