#pragma once

#include "src/store/reading_moves.hpp"
#include "src/store/sqlite.hpp"
#include "twins/mpan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Whose the slots of a store are. A meter of one transformer, whatever rows it had there, is followed with that
/// transformer; one that was on several is followed by itself.
class meter_directory {
public:
  static constexpr std::uint32_t stays = ~std::uint32_t{0};

  struct entry {
    mpan meter;
    std::uint32_t first_slot = 0; ///< of the meter in the transformer
    std::uint32_t moved = stays;  ///< number among the meters that were on several transformers
    bool has_several = false;     ///< rows, in this estate or an earlier one
  };

  /// As the newest estate has left it; slots are never given to another meter.
  static result<meter_directory> read(sqlite_database& database);

  /// Nothing where the store does not name it.
  const entry* find(stored_place place) const noexcept;
  /// Of a transformer that the store names.
  const std::string& name_of(transformer_number t) const { return transformers_.at(t.value).name; }
  /// The transformers that a meter was on; `moved`: its number.
  const std::vector<transformer_number>& transformers_of(std::uint32_t moved) const { return moved_[moved]; }

private:
  struct named {
    std::string name;
    std::vector<entry> slots;
  };
  std::unordered_map<std::uint32_t, named> transformers_; ///< by number
  std::vector<std::vector<transformer_number>> moved_;
};

} // namespace gridtwin
