#pragma once

#include "src/client/outbox_files.hpp"
#include "src/client/parcel.hpp"
#include "src/gate/submission.hpp"
#include "twins/hash.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

/// Readings on their way, on disk: a batch is durable before it is sent, keeps the numbers that it got then, and is
/// crossed off by its answers. One process at a time has it; one thread appends while another sends.
///
/// Two files: `outbox.log`, the batches, and `answers.log`, what was answered. Both only grow, by records with a
/// checksum, until nothing is left to send; then they begin anew. What a kill leaves of a record at the end of a file
/// was never sent, or will be answered again, and is dropped.
class outbox final : public parcel_source {
public:
  /// Where a reading came from: a file, and how it is read. Made by whoever reads it.
  using source_key = digest;

  /// Makes the folder where it is missing. Error: `errc::store_unusable` where another process has it, it may not be
  /// written, or a file is damaged before its end.
  static result<std::unique_ptr<outbox>> open(const std::filesystem::path& folder);

  // -- whoever appends
  // -------------------------------------------------------------------------------------------------

  /// Readings of that source that are in the outbox, or were.
  std::uint64_t taken_of(const source_key& source) const;
  /// Numbers readings and makes them durable, at most `wire_bounds::sent_batch_readings` of them. `taken`: of that
  /// source, with these. Error: `errc::store_failed`; nothing more may be appended.
  result<void> append(const source_key& source, std::uint64_t taken, std::span<const submitted_reading> readings);
  /// Nothing more will be appended.
  void close_intake();

  // -- whoever sends
  // ---------------------------------------------------------------------------------------------------

  result<std::optional<parcel>> next() override;
  result<void> answered(const parcel& p, const answer_message& answer) override;
  void give_back(const parcel& p) override;
  bool done() override;

  /// Makes durable what was crossed off, and begins the files anew where nothing is left. Before the end.
  result<void> settle();

  std::uint64_t unanswered() const;
  std::uint64_t next_number() const;

private:
  struct stretch {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct batch_entry {
    record_place body;
    std::uint64_t first_number = 0;
    std::uint32_t readings = 0;
    std::uint32_t unanswered = 0;
    std::vector<stretch> to_send;
  };

  outbox(outbox_lock lock, std::filesystem::path folder) : lock_(std::move(lock)), folder_(std::move(folder)) {}

  result<void> recover();
  bool recover_batch(std::string_view payload, record_place place);
  bool recover_state(std::string_view payload);
  bool recover_answer(std::string_view payload);
  /// In recovery: nothing of it is in hand.
  void cross_off(std::map<std::uint64_t, batch_entry>::iterator at, stretch part);
  result<void> begin_anew();

  outbox_lock lock_;
  std::filesystem::path folder_;
  std::optional<record_file> batches_file_; ///< written by whoever appends, read by whoever sends
  std::optional<record_file> answers_file_; ///< of whoever sends

  mutable std::mutex mutex_; ///< of what follows
  std::map<std::uint64_t, batch_entry> batches_;
  std::uint64_t next_batch_ = 1;
  std::uint64_t next_number_ = 1;
  std::uint64_t unanswered_ = 0;
  std::uint64_t first_to_send_ = 0; ///< no batch before it has anything to send
  std::map<source_key, std::uint64_t> taken_;
  bool intake_open_ = true;
  std::uint32_t unsynced_ = 0; ///< answers
};

} // namespace gridtwin
