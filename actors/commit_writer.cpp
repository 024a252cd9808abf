#include "actors/commit_writer.hpp"

#include "actors/actor_failure.hpp"
#include "twins/bounds.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

std::optional<result<group_committed>> commit_writer_state::commit_next() {
  const auto at = assessed_.find(next_);
  if (at == assessed_.end())
    return std::nullopt;
  const std::shared_ptr<reading_group> group = std::move(at->second);
  assessed_.erase(at);
  run_counts counts;
  supervision_tally supervision;
  group_commit commit;
  commit.rejects = group->take_rejects();
  commit.sources = group->take_sources();
  for (assessed_part& part : group->take_parts()) {
    if (part.failure)
      return result<group_committed>(*part.failure);
    counts += part.counts;
    supervision.add(part);
    if (options_.store)
      commit.transformers.push_back(std::move(part.commit));
  }
  if (options_.store) {
    // By their numbers in the store, which an estate that has grown does not order as it orders its transformers.
    std::sort(commit.transformers.begin(), commit.transformers.end(),
              [](const auto& a, const auto& b) { return a.transformer < b.transformer; });
    before_commit();
    std::vector<record_id> records;
    if (auto done = options_.store->commit(commit, group->keeps_verdicts() ? &records : nullptr); !done)
      return result<group_committed>(done.failure());
    std::vector<reading_group::place> places;
    for (std::size_t i = 0; i < records.size(); ++i)
      if (records[i].value != 0)
        places.push_back({commit.transformers[i].transformer, records[i]});
    group->put_places(std::move(places));
  }
  options_.run->committed_group.store(next_, std::memory_order_release);
  return result<group_committed>(group_committed{next_++, std::make_shared<const run_counts>(counts),
                                                 std::make_shared<const supervision_tally>(supervision)});
}

result<std::vector<summary_taken>> commit_writer_state::take(const summary_part& part) {
  if (part.part->failure)
    return *part.part->failure;
  for (const day_summary& day : part.part->summary.days)
    summary_bytes_ += day.nodes.size() + day.masks.size() + day.merged.size() + day.shapes.size();
  summaries_.push_back(std::exchange(part.part->summary, {}));
  summarised_group_ = part.last_group;
  unanswered_.push_back({part.part});
  return take_up();
}

result<std::vector<summary_taken>> commit_writer_state::take_up() {
  if (unanswered_.empty())
    return std::vector<summary_taken>();
  const bool durable = summarised_group_ < next_;
  if (durable && !std::exchange(log_folded_, true))
    options_.store->fold_log();
  const bool many =
    summaries_.size() >= bounds::summaries_in_commit || summary_bytes_ >= bounds::summary_bytes_in_commit;
  if (many && !durable)
    return std::vector<summary_taken>();
  if (many)
    if (auto done = flush(); !done)
      return done.failure();
  return std::exchange(unanswered_, {});
}

void commit_writer_state::before_commit() const {
  if (options_.run->before_commit != nullptr)
    options_.run->before_commit();
}

result<void> commit_writer_state::flush() {
  summary_bytes_ = 0;
  before_commit();
  return options_.store->commit_summaries(std::exchange(summaries_, {}));
}

result<void> commit_writer_state::record(const std::vector<audit_event>& acts) {
  if (!options_.store)
    return {};
  before_commit();
  return options_.store->commit_acts(acts);
}

caf::behavior commit_writer(caf::stateful_actor<commit_writer_state>* self, commit_writer_options options) {
  const caf::actor owner = options.owner;
  self->state.start(std::move(options));
  self->set_default_handler(caf::drop);
  self->set_exception_handler(actor_failure);
  const auto give_up = [self, owner](const error& reason) {
    self->send(owner, store_failed{reason});
    self->quit();
  };
  const auto answer = [self, owner, give_up](result<std::vector<summary_taken>> taken) {
    if (!taken)
      return give_up(taken.failure());
    for (summary_taken& one : *taken)
      self->send(owner, std::move(one));
  };
  return {
    [self, owner, give_up, answer](const group_assessed& assessed) {
      self->state.add(assessed.group);
      while (auto committed = self->state.commit_next()) {
        if (!*committed)
          return give_up(committed->failure());
        self->send(owner, committed->value());
      }
      answer(self->state.take_up());
    },
    [self, answer](const summary_part& part) { answer(self->state.take(part)); },
    [self, owner, give_up](const flush_summaries&) {
      if (auto done = self->state.flush(); !done)
        return give_up(done.failure());
      self->send(owner, summaries_committed{});
    },
    [self, owner, give_up](const record_acts& r) {
      if (auto done = self->state.record(*r.acts); !done)
        return give_up(done.failure());
      self->send(owner, acts_recorded{});
    },
  };
}

} // namespace gridtwin
