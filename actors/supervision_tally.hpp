#pragma once

#include "actors/reading_group.hpp"
#include "src/store/commit.hpp"
#include "supervision/supervision_counters.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gridtwin {

/// What supervision came to: failures of twins and what was done about them, and readings that nobody could judge.
struct supervision_tally {
  supervision_counters twins;
  std::array<std::uint64_t, letter_cause_count> letters{}; ///< dead letters, by cause
  std::uint64_t transformer_restarts = 0;
  std::uint64_t decoder_restarts = 0;
  std::uint64_t settled_letters = 0;      ///< of earlier runs, judged now
  std::vector<connection_index> parked{}; ///< whose twins were parked
  std::vector<feeder_index> escalated{};  ///< feeders of which more were than chance explains

  void add(const assessed_part& part) {
    twins += part.supervision;
    for (const dead_letter& letter : part.commit.letters)
      ++letters[static_cast<std::size_t>(letter.cause)];
    settled_letters += part.commit.settled_letters.size();
    parked.insert(parked.end(), part.parked.begin(), part.parked.end());
    escalated.insert(escalated.end(), part.escalated.begin(), part.escalated.end());
  }
  supervision_tally& operator+=(const supervision_tally& other) {
    twins += other.twins;
    for (std::size_t i = 0; i < letters.size(); ++i)
      letters[i] += other.letters[i];
    transformer_restarts += other.transformer_restarts;
    decoder_restarts += other.decoder_restarts;
    settled_letters += other.settled_letters;
    parked.insert(parked.end(), other.parked.begin(), other.parked.end());
    escalated.insert(escalated.end(), other.escalated.begin(), other.escalated.end());
    return *this;
  }
  std::uint64_t dead_letters() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : letters)
      sum += n;
    return sum;
  }
  bool operator==(const supervision_tally&) const = default;
};

} // namespace gridtwin
