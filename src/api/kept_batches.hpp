#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <utility>

namespace gridtwin {

/// The last batch of each shard, for who goes on in the middle of one or follows another reader. All together have no
/// more events than they may, whatever the shards: the one that was wanted longest ago is let go. One that has more
/// alone is kept until the next comes. `Batch` has a `last_offset`.
template <class Batch>
class kept_batches {
public:
  /// `most`: events.
  explicit kept_batches(std::size_t most) : most_(most) {}

  /// The batch with what comes next behind an offset; nothing where none is kept. `like`: for whom it was made, where
  /// that makes a difference.
  const Batch* find(std::uint32_t shard, std::int64_t after, std::uint32_t like = 0) {
    for (auto at = kept_.begin(); at != kept_.end(); ++at)
      if (at->shard == shard && at->like == like && at->after <= after && after < at->batch.last_offset) {
        kept_.splice(kept_.end(), kept_, at);
        return &at->batch;
      }
    return nullptr;
  }

  /// Keeps what was made behind an offset, in place of what is kept of the shard; it is there until the next one.
  const Batch& keep(std::uint32_t shard, std::int64_t after, Batch batch, std::size_t events, std::uint32_t like = 0) {
    for (auto at = kept_.begin(); at != kept_.end();)
      at = at->shard == shard ? let_go(at) : std::next(at);
    while (!kept_.empty() && events_ + events > most_)
      let_go(kept_.begin());
    events_ += events;
    return kept_.emplace_back(one{shard, like, after, events, std::move(batch)}).batch;
  }

  std::size_t events() const noexcept { return events_; }

private:
  struct one {
    std::uint32_t shard = 0;
    std::uint32_t like = 0;
    std::int64_t after = 0;
    std::size_t events = 0;
    Batch batch;
  };

  auto let_go(typename std::list<one>::iterator at) {
    events_ -= at->events;
    return kept_.erase(at);
  }

  std::size_t most_;
  std::size_t events_ = 0;
  std::list<one> kept_; ///< the one that was wanted last is at the end
};

} // namespace gridtwin
