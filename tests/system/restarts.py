#!/usr/bin/env python3
"""Nothing waits in memory for its time: what is missing, and what is too late, is told after a kill as without one."""

import signal
import subprocess
import time

import harness
from harness import check, check_equal, mpan, small_estate, utc, utc_text, write_csv

METERS = [mpan(100_000_000_000 + 7 * number) for number in range(200)]
FIRST, DAYS = "2024-05-20", 14
ENDS = [utc_text(utc(FIRST) + 1800 * number) for number in range(1, 48 * DAYS + 1)]
# Half hours that nobody sends, by meter: over midnight, one alone, and one that is open when the run is killed.
SILENT = {METERS[3]: [(40, 60)], METERS[50]: [(100, 100)], METERS[199]: [(47, 47), (286, 290)]}


def is_silent(meter, number):
    return any(first <= number <= last for first, last in SILENT.get(meter, ()))


def rows(first, last):
    """In order of time, as a stream brings them."""
    return [(meter, ENDS[number], f"{number % 7 / 10:.1f}") for number in range(first, last) for meter in METERS
            if not is_silent(meter, number)]


EXPECTED = sorted((meter, "AI", ENDS[first], ENDS[last], last - first + 1) for meter, some in SILENT.items() for first, last in some)


def gaps(program, store):
    return [(row["mpan"], row["quantity"], row["first_period_end"], row["last_period_end"], int(row["periods"]))
            for row in program.rows("gaps", store)]


def kill_within(program, arguments, seconds):
    """Starts a replay and kills it after some seconds; whether it was killed."""
    process = program.start(*arguments)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


def tm_10_gaps_after_a_kill(context):
    """The stream is cut in the middle of a gap, once by the end of a file, and at any moment by a kill."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    middle = 288  # METERS[199] has been silent for two half hours
    header = "mpan,period_end,kwh"
    parts = [write_csv(context.folder / f"part{number}.csv", header, part)
             for number, part in enumerate((rows(0, middle), rows(middle, len(ENDS))))]
    began = time.monotonic()
    program.replay(estate, parts, context.fresh("plain"))
    seconds = time.monotonic() - began
    kills = 0
    for turn in range(8):
        store = context.fresh("store")
        first = program.replay(estate, parts[0], store)
        check_equal(gaps(program, store), [gap for gap in EXPECTED if gap[3] < ENDS[middle - 3]], "gaps of the first part")
        check_equal(first["gaps"], len(EXPECTED) - 1, "a gap that is still open is none yet")
        kills += kill_within(program, ["replay", "--estate", estate, "--reads", parts[1], "--store", store], seconds * turn / 12)
        summary = program.replay(estate, parts[1], store)
        check_equal(gaps(program, store), EXPECTED, f"gaps after the kill of turn {turn}")
        check_equal((summary["gaps"], summary["gap_periods"]), (len(EXPECTED), sum(gap[4] for gap in EXPECTED)), "the summary's")
    check(kills > 2, f"only {kills} of 8 runs were killed")


def tm_10_gates_after_a_kill(context):
    """A gate that passes while the program is down has passed when it is back: Friday 2024-05-31 and its weekend close together
    on 2025-07-25. Local dates end at 23:00 UTC in summer."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    all_rows = rows(0, len(ENDS))
    reads = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", all_rows)
    before, after = "2025-07-24T22:59:59Z", "2025-07-24T23:00:00Z"
    closed_before = sum(end <= "2024-05-30T23:00:00Z" for _, end, _ in all_rows)
    closed = sum(end <= "2024-06-02T23:00:00Z" for _, end, _ in all_rows)
    check(0 < closed_before < closed < len(all_rows), "the file reaches over the dates")
    for turn in range(3):
        store = context.fresh("store")
        arguments = ["replay", "--estate", estate, "--reads", reads, "--store", store, "--as-of", before]
        kill_within(program, arguments, 0.1 * turn)
        summary = program.replay(estate, reads, store, "--as-of", after)
        check_equal(summary["rejected"], {"past-final-run": closed}, f"what was too late, turn {turn}")
        again = program.replay(estate, reads, store, "--as-of", before)
        check_equal(again["rejected"], {"past-final-run": closed_before}, "the gate before it")


if __name__ == "__main__":
    harness.main(__doc__, [tm_10_gaps_after_a_kill, tm_10_gates_after_a_kill])
