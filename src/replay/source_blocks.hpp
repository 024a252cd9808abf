#pragma once

#include "config/format_profile.hpp"
#include "src/ingest/message_decoder.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/row_decoder.hpp"
#include "src/ingest/source_list.hpp"
#include "src/ingest/source_reader.hpp"
#include "src/replay/block_decoder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gridtwin {

/// How the sources of a run are read.
struct source_format {
  format_profile profile; ///< of rows
  decode_options rows;
  std::optional<message_decode_options> messages; ///< they hold messages IF-021, and no rows
};

/// Opens a source and binds the format to it: a profile to its header.
struct open_source {
  std::unique_ptr<source_reader> reader;
  std::shared_ptr<const source_decoder> decoder;

  static result<open_source> open(const source& from, const source_format& format,
                                  const std::shared_ptr<const meter_index>& meters);
};

/// The sources of a run, one after the other, as numbered blocks of whole lines.
class source_blocks {
public:
  source_blocks(const std::vector<source>& sources, const source_format& format,
                std::shared_ptr<const meter_index> meters);

  /// Nothing at the end. Error: a source cannot be read; there will be no more.
  result<std::optional<text_block>> next();

  /// There will be no more.
  void stop() noexcept { at_ = sources_->size(); }
  bool at_end() const noexcept { return at_ >= sources_->size(); }

  std::uint64_t bytes_done() const noexcept { return done_ + (open_ ? open_->reader->bytes_consumed() : 0); }
  std::uint64_t bytes_total() const noexcept { return total_; }

private:
  const std::vector<source>* sources_;
  const source_format* format_;
  std::shared_ptr<const meter_index> meters_;
  std::optional<open_source> open_;
  std::size_t at_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

} // namespace gridtwin
