#!/usr/bin/env python3
"""What settlement runs make of the advances of registers, against what is worked out here a second time."""

import collections
import datetime
import random

import harness
from harness import check, check_equal, mpan, write_csv
from settle import HEADER, cells, check_sums, day, periods_of, settle, wh_of


def registers_give_what_they_advanced(context):
    """Half hours between two register reads sum to their difference, and an actual that comes later takes its place."""
    meters = [mpan(110_000_000_000 + number) for number in range(3)]
    estate = harness.small_estate(context.folder / "estate", meters)
    date = day("2026-03-04")
    ends = periods_of(date)
    generator = random.Random(3)
    rows = [(m, "AI", end, f"{generator.randrange(900) / 1000:.3f}", 1) for m in meters for end in ends]
    gap = set(ends[5:25])
    given = [row for row in rows if not (row[0] == meters[0] and row[2] in gap)]
    actual_wh = sum(wh_of(row[3]) for row in given if row[0] == meters[0])
    advance = actual_wh + 12_347
    write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh",
              [(meters[0], "AI", "2026-03-04T00:00:00Z", "100.000"), (meters[0], "AI", "2026-03-05T00:00:00Z", f"{(100_000 + advance) / 1000:.3f}")])
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, given), store, "--received-at", "2026-03-05T06:00:00Z")
    found, tables, _ = settle(context, store, "II", date)
    check_sums(found, tables, ends)
    check_equal(found["by_method"], {"register-advance": 20}, "methods")
    mine = [row for row in tables["estimates.csv"] if row["mpan"] == meters[0]]
    check_equal(sum(wh_of(row["kwh"]) for row in mine), 12_347, "estimates of the window")
    check_equal({(row["quality"], row["reason"]) for row in mine}, {("E1", "2")}, "quality and reason")
    check(all(f"actual_wh={actual_wh} half_hours=20 shape=" in row["inputs"] for row in mine), mine[0]["inputs"])
    whole = [row for row in tables["meter-days.csv"] if row["mpan"] == meters[0]][0]
    check_equal(sum(wh_of(kwh) for kwh, _ in cells(whole)), advance, "the day is what the register advanced")
    context.program.replay(estate, write_csv(context.folder / "late.csv", HEADER, [row for row in rows if row not in given]), store,
                           "--received-at", "2026-03-12T06:00:00Z")
    found, tables, _ = settle(context, store, "SF", date)
    check_equal((found["estimated"], found["changes"]), (0, {"actual-for-estimate": 20}), "estimates give way to actuals")


def what_a_window_is_settled_to_is_its_advance_ES_09(context):
    """Random windows of registers over days with actuals, estimates that were received and nothing: what is settled of a
    window sums to its advance. One whose advance is below what was received is refused, and says so."""
    generator = random.Random(909)
    meters = [mpan(115_000_000_000 + number) for number in range(24)]
    estate = harness.small_estate(context.folder / "estate", meters)
    dates = [day("2026-03-04") + datetime.timedelta(days=n) for n in range(2)]
    ends = [end for date in dates for end in periods_of(date)]
    rows, registers, advances, below = [], [], {}, set()
    for number, meter in enumerate(meters):
        kinds = [generator.choice(("actual", "received", "missing")) for _ in ends]
        kinds[number], kinds[-1 - number] = "received", "missing"
        received = 0
        for end, kind in zip(ends, kinds):
            wh = generator.randrange(900)
            if kind != "missing":
                rows.append((meter, "AI", end, f"{wh / 1000:.3f}", *(("A", "") if kind == "actual" else ("E3", "4"))))
                received += wh
        if number % 4 == 3:
            below.add(meter)
            advances[meter] = received - 1
        else:
            advances[meter] = received + generator.randrange(20_000)
        first = generator.randrange(1_000_000)
        registers += [(meter, "AI", "2026-03-04T00:00:00Z", f"{first / 1000:.3f}"),
                      (meter, "AI", "2026-03-06T00:00:00Z", f"{(first + advances[meter]) / 1000:.3f}")]
    write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh", registers)
    store = context.fresh("store")
    reads = write_csv(context.folder / "r.csv", "mpan,quantity,period_end,kwh,quality,reason", rows)
    context.program.replay(estate, reads, store, "--received-at", "2026-03-06T01:00:00Z")
    settled, listed = collections.Counter(), collections.defaultdict(set)
    for date in dates:  # both are settled as they were known at one instant
        found, tables, _ = settle(context, store, "DF", date, "--as-of", "2026-03-10T00:00:00Z")
        check_sums(found, tables, periods_of(date))
        check(found["received_estimates"] > 0, "estimates were received")
        for row in tables["meter-days.csv"]:
            settled[row["mpan"]] += sum(wh_of(kwh) for kwh, _ in cells(row))
        for row in tables["estimates.csv"]:
            if row["method"] != "received":
                listed[row["mpan"]].add((row["method"], row["exceptions"]))
                check("received_wh=" in row["inputs"] or row["mpan"] in below, f"inputs of {row}")
    check_equal({m: settled[m] for m in meters if m not in below}, {m: advances[m] for m in meters if m not in below}, "windows")
    check_equal({m for m in meters if any(said == "register-below-intervals" for _, said in listed[m])}, below, "refused windows")


if __name__ == "__main__":
    harness.main(__doc__, [registers_give_what_they_advanced, what_a_window_is_settled_to_is_its_advance_ES_09])
