#include "src/gate/submission_intake.hpp"

#include <utility>

namespace gridtwin {

submission_intake::~submission_intake() {
  for (const auto& [number, at] : under_way_) {
    at.submitted.give_up();
    feed_->let_go(at.submitted.readings());
  }
}

submission_intake::taken submission_intake::take(std::uint64_t group, std::size_t readings) {
  std::vector<taken_submission> waiting = feed_->take(readings);
  if (waiting.empty())
    return {};
  submitted_group submitted(
    std::move(waiting), *meters_, [this](const std::string& sender) { return number_of(sender); }, *limits_);
  taken out{submitted.take_batches(), submitted.readings()};
  under_way_.emplace(group, under_way{std::move(submitted), nullptr});
  return out;
}

void submission_intake::prepare(const std::shared_ptr<reading_group>& group) {
  const auto at = under_way_.find(group->number());
  if (at == under_way_.end())
    return;
  group->keep_verdicts();
  group->name_sources(std::exchange(new_sources_, {}));
  at->second.group = group;
}

void submission_intake::committed(std::uint64_t group) {
  const auto at = under_way_.find(group);
  if (at == under_way_.end())
    return;
  at->second.submitted.answer(*at->second.group, *names_);
  feed_->let_go(at->second.submitted.readings());
  under_way_.erase(at);
}

std::uint32_t submission_intake::number_of(const std::string& sender) {
  const auto [at, fresh] = sources_.try_emplace(sender, next_source_);
  if (fresh)
    new_sources_.push_back({next_source_++, sender});
  senders_->add(at->second, sender);
  return at->second;
}

} // namespace gridtwin
