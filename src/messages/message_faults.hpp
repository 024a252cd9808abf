#pragma once

#include "src/messages/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gridtwin {

/// Faults of a message, and the path to the value at hand, which is put into words for a fault alone.
class fault_list {
public:
  /// A key, or the place in a list.
  using part = std::variant<std::string_view, std::size_t>;

  explicit fault_list(std::size_t most) noexcept : most_(most) {}

  void enter(part p) { path_.push_back(p); }
  void leave() noexcept { path_.pop_back(); }
  /// Of the value at hand. Beyond the bound one more says that there are more.
  void add(std::string what);
  /// Of a member of the value at hand.
  void add(part p, std::string what);
  /// `must be ..., is ...`, of a member.
  void refuse(std::string_view key, std::string_view text, std::string_view must_be);

  bool full() const noexcept { return more_; }
  bool empty() const noexcept { return faults_.empty(); }
  std::vector<message_fault> take() { return std::move(faults_); }

private:
  std::string path() const;

  std::size_t most_;
  bool more_ = false;
  std::vector<part> path_;
  std::vector<message_fault> faults_;
};

/// The path leads into a member or an element while this lives.
class fault_step {
public:
  fault_step(fault_list& faults, fault_list::part p) : faults_(faults) { faults_.enter(p); }
  ~fault_step() { faults_.leave(); }
  fault_step(const fault_step&) = delete;
  fault_step& operator=(const fault_step&) = delete;

private:
  fault_list& faults_;
};

/// A member that is a text; nothing where it is missing or of another type, which has been told by then.
struct text_field {
  std::string_view key;
  std::optional<std::string_view> text;
};

// Each gives what the field says, or adds a fault.

template <class Rule>
std::string text_by(fault_list& faults, const text_field& f, Rule is_right, std::string_view must_be) {
  if (f.text && is_right(*f.text))
    return std::string(*f.text);
  if (f.text)
    faults.refuse(f.key, *f.text, must_be);
  return {};
}

std::string sized_text(fault_list& faults, const text_field& f, std::size_t most);
std::string dip_id_in(fault_list& faults, const text_field& f);
void require_text(fault_list& faults, const text_field& f, std::string_view value);
std::int64_t instant_in(fault_list& faults, const text_field& f, bool must_be_utc);

} // namespace gridtwin
