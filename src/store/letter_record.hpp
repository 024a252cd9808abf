#pragma once

#include "src/store/commit.hpp"
#include "twins/mpan.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What a record of kind `letters` tells: what a run could not judge, and what it judged after all.
struct letters_record {
  struct letter {
    std::int64_t id = 0; ///< of its row in the store
    transformer_number transformer;
    dead_letter content; ///< as it came, with the attempts of that time
  };
  struct parking {
    transformer_number transformer;
    twin_slot twin;
    gridtwin::mpan meter;
    std::string reason;
  };

  std::uint32_t run = 0;
  known_time known;
  std::vector<std::int64_t> settled; ///< ids of letters; they took effect before `letters`
  std::vector<letter> letters;
  std::vector<parking> parked;
};

/// Encodes records of one run, as many as their largest size asks for.
class letters_encoder {
public:
  letters_encoder(std::uint32_t run, known_time known) : run_(run), known_(known) {}

  void settled(std::int64_t id);
  void letter(std::int64_t id, transformer_number t, const dead_letter& content);
  void parked(transformer_number t, const twin_fault& fault);

  /// In their order; empty where nothing was added.
  const std::vector<std::string>& bodies() const noexcept { return bodies_; }

private:
  void add();

  std::uint32_t run_;
  known_time known_;
  std::string entry_;
  std::vector<std::string> bodies_;
};

/// Adds a record's entries to those that `out` has; its run and known time replace them. False where the bytes are
/// damaged.
bool decode_letters(std::string_view body, letters_record& out);

} // namespace gridtwin
