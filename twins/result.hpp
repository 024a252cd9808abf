#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace gridtwin {

/// What went wrong, as far as a caller can react to it.
enum class errc {
  usage,            ///< the command line or a request makes no sense
  unreadable_input, ///< missing, empty, cut, binary or forbidden file
  bad_profile,      ///< an input format profile, or other settings, that cannot be used
  bad_estate,       ///< an estate that contradicts itself
  store_unusable,   ///< a store that is missing, foreign or held by another process
  store_failed,     ///< a write or sync that failed: nothing more may be acknowledged
  program_failed,   ///< a part of the program that ended again and again: a defect of ours
  interrupted,      ///< the user asked to stop
};

/// An error from outside: a code that somebody reacts to and a message that says what to do.
struct error {
  errc code = errc::usage;
  std::string message;
};

/// Either a value or an error. Functions of this project do not throw for what can go wrong from outside.
template <class T>
class [[nodiscard]] result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(error reason) : content_(std::in_place_index<1>, std::move(reason)) {}

  explicit operator bool() const noexcept { return content_.index() == 0; }

  T& value() & noexcept { return *std::get_if<0>(&content_); }
  const T& value() const& noexcept { return *std::get_if<0>(&content_); }
  T&& value() && noexcept { return std::move(*std::get_if<0>(&content_)); }

  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  const error& failure() const noexcept { return *std::get_if<1>(&content_); }

private:
  std::variant<T, error> content_;
};

template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(error reason) : reason_(std::move(reason)) {}

  explicit operator bool() const noexcept { return !reason_; }
  const error& failure() const noexcept { return *reason_; }

private:
  std::optional<error> reason_;
};

} // namespace gridtwin
