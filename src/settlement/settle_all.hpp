#pragma once

#include "src/settlement/settled_transformer.hpp"
#include "src/settlement/settlement_job.hpp"
#include "src/store/store_folder.hpp"

#include <cstddef>
#include <functional>

namespace gridtwin {

/// Settles every transformer of a job on so many threads, each with a connection of its own, and hands them over one by
/// one in the order of the estate, in the caller's thread. Few are under way or wait at a time. `take` that gives an
/// error ends it. Error: that one, or the store could not be read.
result<void> settle_all(const settlement_job& job, const store_folder& folder, std::size_t threads,
                        const std::function<result<void>(settled_transformer&&)>& take);

} // namespace gridtwin
