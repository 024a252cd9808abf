#pragma once

#include <caf/error.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <exception>

namespace gridtwin {

/// The exception handler of actors: what one ends with whose code threw, for who watches it. CAF's own prints the
/// exception, before the line that says what is wrong.
inline caf::error actor_failure(std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& failure) {
    return caf::make_error(caf::sec::runtime_error, failure.what());
  } catch (...) {
    return caf::sec::runtime_error;
  }
}

} // namespace gridtwin
