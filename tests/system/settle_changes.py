#!/usr/bin/env python3
"""What a settlement run says it was computed from, and of the run before: inputs that differ where outputs do, differences
that lead from one run's tables to the next one's."""

import collections
import datetime
import os
import random

import harness
from harness import check, check_equal, mpan, write_csv
from settle import HEADER, bytes_of, cells, day, periods_of, settle, wh_of

DATE = day("2026-06-10")  # II WD+5: 06-17, SF WD+16: 07-02


def readings(meter, date, wh):
    return [(meter, "AI", end, f"{wh / 1000:.3f}", 1) for end in periods_of(date)]


def days_before(days):
    return DATE - datetime.timedelta(days=days)


def energy(tables):
    return sum(wh_of(kwh) for row in tables["meter-days.csv"] for kwh, _ in cells(row))


def changed(tables):
    return {row["mpan"]: (wh_of(row["before_kwh"]), wh_of(row["after_kwh"]), row["causes"]) for row in tables["difference.csv"]}


def a_late_replay_is_a_difference(context):
    """Readings without a time of receipt count as known from the end of their half hour, also where they come after a run
    that has estimated them: what that run settled is its estimate."""
    meters = [mpan(160_000_000_000 + number) for number in range(2)]
    estate = harness.small_estate(context.folder / "estate", meters)
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "1.csv", HEADER, readings(meters[0], DATE, 100)), store)
    first, before, _ = settle(context, store, "II", DATE)
    check_equal(first["by_method"], {"shape-mean": 48}, "II")
    context.program.replay(estate, write_csv(context.folder / "2.csv", HEADER, readings(meters[1], DATE, 300)), store)
    found, after, _ = settle(context, store, "SF", DATE)
    check_equal(found["changes"], {"actual-for-estimate": 48}, "changes")
    check_equal(changed(after), {meters[1]: (4_800, 14_400, "actual-for-estimate:48")}, "difference.csv")
    check_equal(energy(after) - energy(before), 9_600, "difference of the tables")


def values(tables):
    """Wh of each half hour that is settled."""
    return {(row["mpan"], row["quantity"], i): wh_of(row[f"p{i}"]) for row in tables["meter-days.csv"]
            for i in range(1, 51) if row[f"p{i}"] != ""}


def check_differences(before, after):
    """difference.csv leads from one run's tables to the next one's, meter by meter."""
    old, new = values(before), values(after)
    wanted = collections.Counter()
    for key in {*old, *new}:
        wanted[key[:2]] += new.get(key, 0) - old.get(key, 0)
    listed = {(row["mpan"], row["quantity"]): wh_of(row["after_kwh"]) - wh_of(row["before_kwh"]) for row in after["difference.csv"]}
    unlisted = {key[:2] for key in {*old, *new} if old.get(key) != new.get(key)} - {*listed}
    check_equal(unlisted, set(), "meters with a difference that difference.csv does not have")
    check_equal(listed, {key: wanted[key] for key in listed}, "difference.csv against the tables of both runs")


def a_back_dated_correction_is_a_difference(context):
    """Corrections without a time of receipt that come after a run count as known at its gate; that run settled another value."""
    meters = [mpan(161_000_000_000 + number) for number in range(4)]
    estate = harness.small_estate(context.folder / "estate", meters)
    store = context.fresh("store")
    ends = periods_of(DATE)
    context.program.replay(estate, write_csv(context.folder / "1.csv", HEADER, [row for m in meters for row in readings(m, DATE, 100)]), store)
    _, before, _ = settle(context, store, "II", DATE)
    late = [(meters[0], "AI", end, "0.300", 2) for end in ends[:3]] + [(meters[1], "AI", ends[0], "0.300", 2)]
    late += [(meters[2], "AI", ends[5], "0.300", 1)]  # contradicts what was settled
    context.program.replay(estate, write_csv(context.folder / "2.csv", HEADER, late), store)
    known = [(meters[1], "AI", ends[1], "0.400", 2)]
    context.program.replay(estate, write_csv(context.folder / "3.csv", HEADER, known), store, "--received-at", "2026-06-20T00:00:00Z")
    found, after, out = settle(context, store, "SF", DATE)
    check_equal(found["changes"], {"actual-corrected": 1, "estimate-for-actual": 1, "correction-back-dated": 4}, "changes")
    estimated = wh_of([row for row in after["estimates.csv"] if row["mpan"] == meters[2]][0]["kwh"])
    check_equal(changed(after), {meters[0]: (300, 900, "correction-back-dated:3"),
                                 meters[1]: (200, 700, "actual-corrected:1;correction-back-dated:1"),
                                 meters[2]: (100, estimated, "estimate-for-actual:1")}, "difference.csv")
    check_differences(before, after)
    whole = bytes_of(out)
    context.program.replay(estate, write_csv(context.folder / "4.csv", HEADER, readings(meters[3], days_before(-5), 7)), store)
    settle(context, store, "SF", DATE, out=out)
    check_equal(bytes_of(out) == whole, True, "the same again, when more has come of another date")


def whatever_comes_between_two_runs_is_in_the_difference(context):
    """Random replays before, between and after runs, many of them without a time of receipt, merged in the store or not."""
    for seed in range(3):
        generator = random.Random(seed)
        meters = [mpan(162_000_000_000 + number) for number in range(6)]
        folder = context.fresh("random")
        estate = harness.small_estate(folder / "estate", meters[:4])
        store, ends, previous = folder / "store", periods_of(DATE), None
        for number, run in enumerate(("II", "SF", "R1", "RF")):
            if number == 2:  # two meters more, with readings of the date that come after its second run
                estate = harness.small_estate(folder / "larger", meters)
            for batch in range(generator.choice((1, 3, 20))):
                rows = [(generator.choice(meters if number >= 2 else meters[:4]), "AI", end, f"{generator.randrange(4) / 10}",
                         generator.choice((1, 1, 1, 2, 3))) for end in generator.sample(ends, 12)]
                received = generator.choice((None, None, "2026-06-11T06:00:00Z", "2026-06-25T00:00:00Z", "2026-07-10T00:00:00Z"))
                context.program.replay(estate, write_csv(folder / "r.csv", HEADER, rows), store,
                                       *(("--received-at", received) if received else ()))
            _, tables, _ = settle(context, store, run, DATE)
            if previous:
                check_differences(previous, tables)
            previous = tables


def what_is_no_longer_settled(context):
    """A meter that is taken out of the estate after a run has estimated it."""
    meters = [mpan(170_000_000_000 + number) for number in range(3)]
    whole, less = (harness.small_estate(context.folder / name, of) for name, of in (("whole", meters), ("less", meters[:2])))
    store = context.fresh("store")
    reads = write_csv(context.folder / "r.csv", HEADER, [row for m in meters[:2] for row in readings(m, DATE, 250)])
    context.program.replay(whole, reads, store)
    _, before, _ = settle(context, store, "II", DATE)
    context.program.replay(less, reads, store)
    found, after, _ = settle(context, store, "SF", DATE)
    check_equal((found["meters"], found["changes"]), (2, {"no-longer-settled": 48}), "SF")
    check_equal(changed(after), {meters[2]: (12_000, 0, "no-longer-settled:48")}, "difference.csv")
    check_equal(energy(after) - energy(before), -12_000, "difference of the tables")


def check_inputs(context, estate, first, second, what):
    """Two sets of readings that differ in what an estimate was made from, or why there is one."""
    found = []
    for rows in (first, second):
        store = context.fresh("store")
        context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, rows), store)
        found.append(settle(context, store, "II", DATE)[0])
    check(found[0]["outputs"] != found[1]["outputs"], f"{what}: outputs differ")
    check(found[0]["inputs"] != found[1]["inputs"], f"{what}: inputs differ")


def inputs_differ_where_outputs_do(context):
    meters = [mpan(180_000_000_000 + number) for number in range(3)]
    estate = harness.small_estate(context.folder / "estate", meters)
    settled = [row for m in meters[:2] for row in readings(m, DATE, 100)]
    weeks = [row for m in meters for days in (7, 14) for row in readings(m, days_before(days), 100)]
    # One meter 8 Wh more and the other 8 Wh less: the load shape is the same, the meter's own history is not.
    moved = [readings(meters[1], days_before(21), 100 - wh) + readings(meters[2], days_before(21), 100 + wh) for wh in (0, 8)]
    check_inputs(context, estate, settled + weeks + moved[0], settled + weeks + moved[1], "own history")
    refused = (meters[2], "AI", periods_of(DATE)[0], "-1", 1)
    check_inputs(context, estate, settled, settled + [refused], "a refused reading")
    write_csv(estate / "annual.csv", "mpan,quantity,annual_kwh,source,effective_from", [(meters[2], "AI", "3650", "SNAC", "2026-01-01")])
    year = [row for days in range(366) if days != 200 for row in readings(meters[0], days_before(days), 100)]
    check_inputs(context, estate, year + readings(meters[0], days_before(200), 100), year + readings(meters[0], days_before(200), 400),
                 "the annual total of a load shape")
    # The same correction after a run, with a time of receipt and without one: the cause of the difference is another.
    found = []
    for received in ((), ("--received-at", "2026-06-20T00:00:00Z")):
        store = context.fresh("store")
        context.program.replay(estate, write_csv(context.folder / "1.csv", HEADER, settled), store)
        settle(context, store, "II", DATE)
        corrected = write_csv(context.folder / "2.csv", HEADER, [(meters[0], "AI", periods_of(DATE)[0], "0.3", 2)])
        context.program.replay(estate, corrected, store, *received)
        found.append(settle(context, store, "SF", DATE)[0])
    check_equal([one["changes"] for one in found], [{"estimate-changed": 1, "correction-back-dated": 1}, {"actual-corrected": 1, "estimate-changed": 1}], "causes")
    check(found[0]["inputs"] != found[1]["inputs"], "a correction that is back-dated: inputs differ")


def tables_of_two_runs_have_no_summary(context):
    """Where the tables cannot all be written, run.json of an earlier run does not stay beside them."""
    meter = mpan(190_000_000_000)
    estate = harness.small_estate(context.folder / "estate", [meter])
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, readings(meter, DATE, 100)), store)
    _, _, out = settle(context, store, "II", DATE)
    whole = bytes_of(out)
    (out / "worklist.csv").unlink()
    (out / "worklist.csv").mkdir()
    failed = context.program.try_run("settle", "--store", store, "--run", "SF", "--date", DATE, "--out", out)
    check_equal((failed.status != 0, (out / "run.json").exists()), (True, False), "a table that cannot be written")
    (out / "worklist.csv").rmdir()
    settle(context, store, "II", DATE, out=out)
    check_equal(bytes_of(out) == whole, True, "the folder is whole again")


def a_dead_letter_is_on_the_worklist(context):
    """What a twin could not judge is estimated, and who looks through the worklist is told why and what would mend it."""
    meters = [mpan(170_000_000_000 + number) for number in range(2)]
    estate = harness.small_estate(context.folder / "estate", meters)
    store = context.fresh("store")
    rows = readings(meters[0], DATE, 100) + readings(meters[1], DATE, 100)
    rows[48 + 7] = (*rows[48 + 7][:3], "0.666", 1)
    reads = write_csv(context.folder / "r.csv", HEADER, rows)
    planted = harness.Program(context.program.path + "_planted")
    found = planted.replay(estate, reads, store, env={**os.environ, "GRIDTWIN_FAULTS": "poison_wh=666"})
    check_equal(found["quarantined"], 1, "the reading is kept")
    _, tables, _ = settle(context, store, "II", DATE)
    work = [row for row in tables["worklist.csv"] if row["mpan"] == meters[1]]
    check_equal(len(work), 1, "one item")
    check("twin-failed" in work[0].values() and any("deadletters" in value for value in work[0].values()), f"it says why: {work}")
    context.program.run("deadletters", "replay", "--all", "--store", store)
    _, tables, _ = settle(context, store, "SF", DATE)
    check_equal([row for row in tables["worklist.csv"] if row["mpan"] == meters[1]], [], "judged after all, nothing is left to do")
    check_equal(changed(tables)[meters[1]][1], 666, "and its energy is settled")


if __name__ == "__main__":
    harness.main(__doc__, [a_late_replay_is_a_difference, a_back_dated_correction_is_a_difference,
                           whatever_comes_between_two_runs_is_in_the_difference, what_is_no_longer_settled, inputs_differ_where_outputs_do,
                           tables_of_two_runs_have_no_summary, a_dead_letter_is_on_the_worklist])
