#!/usr/bin/env python3
"""Real readings of Low Carbon London: one household's raw file against another author's cleaned one, and 59 households for a
year, whose defects were counted by hand."""

import csv
import decimal
import gzip

import harness
from harness import check_equal, mpan, small_estate, utc, utc_text

RAW = "data/lcl-raw-mac000002"
MPAN = mpan(200_000_000_002)


def wh_by_hand(kwh):
    return int((decimal.Decimal(kwh.strip()) * 1000).to_integral_value(decimal.ROUND_HALF_EVEN))


def one_raw_household(context):
    raw = context.shared(f"{RAW}/MAC000002.csv.gz")
    clean = context.shared(f"{RAW}/MAC000002clean.csv.gz")
    other = context.shared(f"{RAW}/MAC000002-crlf-variant.csv.gz")
    program, store = context.program, context.folder / "store"
    estate = small_estate(context.folder / "estate", [MPAN], source_id="MAC000002")

    summary = program.replay(estate, raw, store, "--format", "lcl")
    for name, expected in (("readings", 24_158), ("accepted", 24_140), ("duplicates", 17), ("conflicts", 0),
                           ("rejected", {"null-value": 1}), ("gaps", 5), ("gap_periods", 52), ("meters", 1)):
        check_equal(summary[name], expected, name)
    check_equal(harness.total(summary["quarantined"]), 0, "quarantined")

    with gzip.open(clean, "rt", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        expected = [(utc_text(utc(time.replace(" ", "T") + "Z")), wh_by_hand(kwh)) for _, time, kwh in rows]
    found = [(row["period_end"], int(row["wh"])) for row in program.rows("readings", store)]
    check_equal(len(expected), 24_140, "rows of the cleaned file")
    check_equal(found, sorted(expected), "readings and the cleaned file, value by value")
    check_equal(summary["energy_wh"]["AI"], sum(wh for _, wh in expected), "energy")
    before = [program.export(kind, store) for kind in ("readings", "gaps", "feeder-load", "transformer-load")]

    again = program.replay(estate, other, store, "--format", "lcl")
    for name, expected in (("readings", 24_141), ("accepted", 0), ("duplicates", 24_140), ("conflicts", 0),
                           ("rejected", {"null-value": 1}), ("digest", summary["digest"])):
        check_equal(again[name], expected, f"CR LF variant: {name}")
    after = [program.export(kind, store) for kind in ("readings", "gaps", "feeder-load", "transformer-load")]
    check_equal(after == before, True, "exports are as before the CR LF variant")
    program.verify(store)


def a_year_of_59_households(context):
    estate, reads = harness.london_households(context, feeders=3)
    summary = context.program.replay(estate, reads, context.folder / "store", "--format", "lcl-kaggle")
    for name, expected in (("readings", 992_315), ("accepted", 992_315), ("duplicates", 0), ("conflicts", 0), ("rejected", {}),
                           ("gaps", 133), ("gap_periods", 808), ("rounded", 5_676), ("meters", 59)):
        check_equal(summary[name], expected, name)


if __name__ == "__main__":
    harness.main(__doc__, [one_raw_household, a_year_of_59_households])
