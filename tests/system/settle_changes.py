#!/usr/bin/env python3
"""What a settlement run says of the run before: differences that lead from one run's tables to the next one's."""

import datetime

import harness
from harness import check_equal, mpan, write_csv
from settle import HEADER, cells, day, periods_of, settle, wh_of

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


if __name__ == "__main__":
    harness.main(__doc__, [a_late_replay_is_a_difference, what_is_no_longer_settled])
