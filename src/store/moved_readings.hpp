#pragma once

#include "src/store/store_folder.hpp"
#include "src/store/topology.hpp"

namespace gridtwin {

/// Binds an estate that has changed rows of `meters.csv` behind stored readings, before a run begins: each stored
/// reading, with its version, known time, run and lineage, goes to the row of its meter that holds its half hour, on
/// whatever feeder or transformer that is. What was accepted stays so: rules are not applied anew. The days that it
/// changes are left to be summarised, by the next run or by who reads them. One transaction: all of it and the estate,
/// or nothing. Memory is that of a transformer's day, and a few bytes a stored day of the transformers that give.
/// `binding`: of this estate; afterwards nothing of its change is left to be written. Does nothing, at no cost, where
/// no row that may have readings was narrowed and no gaps have to be counted anew.
/// Error: bad_estate, where no row holds the half hour of a stored reading of such a row, or not with that quantity.
result<void> move_readings(const store_folder& folder, const estate& e, const estate_bytes& bytes,
                           topology_binding& binding);

} // namespace gridtwin
