#include "src/messages/message_faults.hpp"

#include "config/printable_text.hpp"
#include "src/messages/message_fields.hpp"

namespace gridtwin {

std::string fault_list::path() const {
  std::string out = "$";
  for (const part& p : path_)
    if (const std::size_t* const index = std::get_if<std::size_t>(&p))
      out += "[" + std::to_string(*index) + "]";
    else
      out += "." + printable(*std::get_if<std::string_view>(&p));
  return out;
}

void fault_list::add(std::string what) {
  if (faults_.size() < most_)
    faults_.push_back({path(), std::move(what)});
  else if (!std::exchange(more_, true))
    faults_.push_back({"$", "has more faults than these"});
}

void fault_list::add(part p, std::string what) {
  const fault_step in(*this, p);
  add(std::move(what));
}

void fault_list::refuse(std::string_view key, std::string_view text, std::string_view must_be) {
  add(key, "must be " + std::string(must_be) + ", is " + in_quotes(text));
}

std::string sized_text(fault_list& faults, const text_field& f, std::size_t most) {
  const auto fits = [most](std::string_view text) {
    const std::size_t size = characters_in(text);
    return size >= 1 && size <= most;
  };
  return text_by(faults, f, fits, "1 to " + std::to_string(most) + " characters");
}

std::string dip_id_in(fault_list& faults, const text_field& f) {
  return text_by(faults, f, is_dip_id, "a DIP id of 10 letters or digits");
}

void require_text(fault_list& faults, const text_field& f, std::string_view value) {
  if (f.text && *f.text != value)
    faults.refuse(f.key, *f.text, in_quotes(value));
}

std::int64_t instant_in(fault_list& faults, const text_field& f, bool must_be_utc) {
  if (!f.text)
    return 0;
  const auto read = parse_message_instant(*f.text);
  if (!read)
    faults.refuse(f.key, *f.text, "an instant of 25 characters, as 2026-06-15T00:30:00+00:00");
  else if (must_be_utc && !read->utc)
    faults.refuse(f.key, *f.text, "in UTC, with the offset +00:00");
  return read ? read->s : 0;
}

} // namespace gridtwin
