#pragma once

#include "config/format_profile.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/source_decoder.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// What the command says about files beside their profile.
struct decode_options {
  std::optional<std::string> meter; ///< for files without a column of it
  std::uint32_t version = 1;        ///< 1 to 65535, where the file has none
  bool plain_rows = true;           ///< rows of the usual shape take the fast path; tests compare with it off
  /// Times so many seconds or fewer off the half hour are put on it (0 to 600): a meter's clock may run fast or slow.
  std::int32_t drift_tolerance_s = 0;
};

struct row_plan; // how to decode, worked out once: row_plan.hpp

/// Decodes rows of a file behind its header, by a profile.
class row_decoder final : public source_decoder {
public:
  /// Binds a profile to a file's header.
  /// Error: `errc::unreadable_input` where the header lacks a column (the message lists those it has), or the file
  /// names no meter and neither do the options; `errc::bad_profile` for a zone or time format that does not exist.
  static result<row_decoder> make(const format_profile& profile, std::string_view header,
                                  std::shared_ptr<const meter_index> meters, const decode_options& options);

  row_decoder(row_decoder&&) noexcept;
  row_decoder& operator=(row_decoder&&) noexcept;
  ~row_decoder() override;
  row_decoder(const row_decoder&) = delete;
  row_decoder& operator=(const row_decoder&) = delete;

  decoded_block decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const override;
  /// The same for lines that stay in memory.
  decoded_block decode(std::string text) const;

  /// Behind the header.
  std::uint64_t first_line() const noexcept override { return 2; }

  /// Local times of this file may occur twice, so the resolver has to see its blocks in order. If not, the resolver
  /// only numbers lines.
  bool needs_order() const noexcept;

  const meter_index& meters() const noexcept;
  std::shared_ptr<const meter_index> shared_meters() const noexcept;

private:
  explicit row_decoder(std::unique_ptr<const row_plan> p);
  std::unique_ptr<const row_plan> plan_;
};

} // namespace gridtwin
