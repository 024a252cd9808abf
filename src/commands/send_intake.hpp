#pragma once

#include "config/format_profile.hpp"
#include "src/client/outbox.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/row_decoder.hpp"
#include "src/ingest/source_list.hpp"
#include "twins/result.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

/// Files whose readings are to be sent, and how they are read.
struct send_sources {
  std::vector<source> sources;
  format_profile profile;
  decode_options decode;
  std::string options_text; ///< what decides how a file is read: a file that is read in another way is another source
};

/// What was made of the files' rows.
struct intake_counts {
  std::uint64_t readings = 0; ///< put into the outbox by this run
  std::uint64_t known = 0;    ///< by an earlier one
  std::uint64_t unsendable = 0;
  std::array<std::uint64_t, verdict_count> unsendable_by_verdict{}; ///< rows that are no readings, by reason
};

/// Readings of files into an outbox. No estate is needed: a file must call its meters by their MPANs.
class send_intake {
public:
  /// Finds the meters. Reads each file once. Error: `errc::unreadable_input` where a file cannot be read, has no column
  /// of meters and none was named, or calls a meter by something that is no MPAN.
  static result<send_intake> make(send_sources from);

  /// Reads the files and appends what the outbox does not know of them. Error: a file's, the outbox's, or
  /// `errc::interrupted` where `stop` says so.
  result<void> run(outbox& into, const std::function<bool()>& stop);

  /// While it runs: bytes of the files that were read, of so many.
  std::uint64_t bytes_done() const noexcept { return *bytes_done_; }
  std::uint64_t bytes_total() const noexcept { return bytes_total_; }
  /// After it ran.
  const intake_counts& counts() const noexcept { return counts_; }

private:
  explicit send_intake(send_sources from) : from_(std::move(from)) {}

  result<void> find_meters();
  result<void> run_source(const source& s, outbox& into, const std::function<bool()>& stop);

  send_sources from_;
  std::shared_ptr<const meter_index> meters_;
  intake_counts counts_;
  std::uint64_t bytes_total_ = 0;
  std::unique_ptr<std::atomic<std::uint64_t>> bytes_done_ = std::make_unique<std::atomic<std::uint64_t>>(0);
};

} // namespace gridtwin
