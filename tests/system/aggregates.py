#!/usr/bin/env python3
"""Sums and counts of feeders against what stands in the files: many meters, several quantities, and every fate of a reading."""

import collections
import random

import harness
from harness import check, check_equal, mpan, read_csv, small_estate, utc, utc_text, write_csv, write_estate

DAY = [utc_text(utc("2026-03-10") + 1800 * number) for number in range(1, 49)]
HEADER = "mpan,quantity,period_end,kwh,quality,reason,version"
NUMBERS = ("import_wh", "export_wh", "meters_expected", "meters_reported", "actual", "estimated", "revision")


def kwh(wh):
    return f"{wh // 1000}.{wh % 1000:03}"


def numbers_of(row):
    return tuple(int(row[name]) for name in NUMBERS)


def ag_01_ten_thousand_meters_of_a_feeder(context):
    """To the watt-hour, import and export apart, in files of any order; reactive energy is no part of either."""
    chance = random.Random(1)
    meters = [mpan(100_000_000_000 + number) for number in range(10_000)]
    estate = small_estate(context.folder / "estate", meters, quantities="AI|AE|RI")
    sums, rows, reported = collections.Counter(), [], collections.Counter()
    for meter in meters:
        for end in DAY[16:18]:
            for quantity, part in (("AI", 1), ("AE", 0.3), ("RI", 0.2)):
                if chance.random() < part:
                    wh = chance.randrange(60_000)
                    sums[quantity, end] += wh
                    rows.append((meter, quantity, end, kwh(wh), "A", "", "1"))
            reported[end] += 1
    for turn in range(2):
        store = context.fresh("store")
        summary = context.program.replay(estate, write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows), store)
        check_equal(summary["accepted"], len(rows), "accepted")
        found = {row["period_end"]: numbers_of(row) for row in context.program.rows("feeder-load", store)}
        expected = {end: (sums["AI", end], sums["AE", end], 10_000, reported[end], reported[end], 0,
                          sum(1 for row in rows if row[2] == end)) for end in DAY[16:18]}
        check_equal(found, expected, f"feeder-load {NUMBERS}, turn {turn}")
        chance.shuffle(rows)
    # One watt-hour of one reading is one of the feeder's.
    place = next(place for place, row in enumerate(rows) if row[1] == "AI")
    wh = int(rows[place][3].replace(".", ""))
    correction = [(*rows[place][:3], kwh(wh + 1), "A", "", "2")]
    context.program.replay(estate, write_csv(context.folder / "correction.csv", HEADER, correction), store)
    end = rows[place][2]
    found = {row["period_end"]: int(row["import_wh"]) for row in context.program.rows("feeder-load", store)}
    check_equal(found[end], sums["AI", end] + 1, "import after the correction")


def ag_02_counts_of_meters(context):
    """Expected, reported, actual and estimated, by hand: a meter that reports, one with an estimate, one whose estimate was
    replaced, one contradicted, one silent, one that is not there yet."""
    one, two, three, four, five, six = meters = [mpan(100_000_000_001 + number) for number in range(6)]
    rows = [{"mpan": meter, "transformer_id": "T1", "feeder_id": "F1", "effective_from": ""} for meter in meters]
    rows[5]["effective_from"] = DAY[0]  # begins with the second half hour
    estate = write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}],
                          [{"transformer_id": "T1", "feeder_id": "F1"}], rows)
    reads = write_csv(context.folder / "reads.csv", HEADER, [
        (one, "AI", DAY[0], "0.100", "A", "", "1"), (two, "AI", DAY[0], "0.020", "E1", "2", "1"),
        (three, "AI", DAY[0], "0.009", "E1", "2", "1"), (three, "AI", DAY[0], "0.003", "A", "", "2"),
        (four, "AI", DAY[0], "5", "A", "", "1"), (four, "AI", DAY[0], "6", "A", "", "1"),
        (one, "AI", DAY[1], "0.100", "A", "", "1"), (six, "AI", DAY[1], "0.007", "A", "", "1"),
        (six, "AI", DAY[0], "0.007", "A", "", "1")])
    profile = context.folder / "profile.toml"
    profile.write_text('meter = "mpan"\nquantity_column = "quantity"\nquantity_map = { "AI" = "AI" }\ntime = "period_end"\n'
                       'time_format = "iso8601"\nlabel = "period-end"\nvalue = "kwh"\nunit = "kWh"\nquality_column = "quality"\n'
                       'quality_map = { "A" = "A", "E1" = "E1" }\nreason_column = "reason"\nversion_column = "version"\n')
    store = context.fresh("store")
    summary = context.program.replay(estate, reads, store, "--format", profile)
    check_equal((summary["accepted"], summary["conflicts"], summary["quarantined"]), (6, 2, 1), "accepted, conflicts, quarantined")
    found = {row["period_end"]: numbers_of(row) for row in context.program.rows("feeder-load", store)}
    # The contradicted one and the silent one did not report; of `three` the actual counts.
    check_equal(found, {DAY[0]: (123, 0, 5, 3, 2, 1, 4), DAY[1]: (107, 0, 6, 2, 2, 0, 2)}, f"feeder-load {NUMBERS}")
    check(five not in {row["mpan"] for row in context.program.rows("readings", store)}, "one is silent")
    for row in context.program.rows("feeder-load", store):
        check_equal(int(row["actual"]) + int(row["estimated"]), int(row["meters_reported"]), "actual and estimated")
        check(int(row["meters_reported"]) <= int(row["meters_expected"]), "no more than are expected")


def ag_08_import_and_export_are_never_netted(context):
    """A house with a panel and one without, where the export is larger than the import."""
    one, two = mpan(100_000_000_001), mpan(100_000_000_002)
    estate = small_estate(context.folder / "estate", [one, two], quantities="AI|AE")
    reads = write_csv(context.folder / "reads.csv", "mpan,quantity,period_end,kwh", [
        (one, "AI", DAY[24], "0.200"), (one, "AE", DAY[24], "1.500"), (two, "AI", DAY[24], "0.300"), (one, "AE", DAY[25], "0.900")])
    store, program = context.fresh("store"), context.program
    summary = program.replay(estate, reads, store)
    check_equal(summary["energy_wh"], {"AI": 500, "AE": 2400}, "energy of the summary")
    for kind in ("feeder-load", "transformer-load"):
        found = {row["period_end"]: (row["import_wh"], row["export_wh"]) for row in program.rows(kind, store)}
        check_equal(found, {DAY[24]: ("500", "1500"), DAY[25]: ("0", "900")}, kind)
    roots = [line for line in program.digests(store).decode().splitlines() if line]
    check_equal(len(roots), 2, "a root each for import and export")


def va_11_gaps_of_a_day_by_name(context):
    """46 of 48: the two that are missing are named, each with its meter; a meter without gaps has none."""
    one, two = mpan(100_000_000_001), mpan(100_000_000_002)
    estate, store = small_estate(context.folder / "estate", [one, two]), context.fresh("store")
    rows = [(meter, end, "0.1") for meter in (one, two) for end in DAY if meter == two or end not in (DAY[3], DAY[30])]
    summary = context.program.replay(estate, write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", rows), store)
    check_equal((summary["accepted"], summary["gaps"], summary["gap_periods"]), (94, 2, 2), "accepted, gaps, half hours")
    found = [tuple(row.values()) for row in context.program.rows("gaps", store)]
    check_equal(found, [(one, "AI", end, end, "1") for end in ("2026-03-10T02:00:00Z", "2026-03-10T15:30:00Z")], "gaps")


def va_14_every_line_has_an_outcome(context):
    """A corpus of every code that a file can bring about: each line is told of in one place, with its code."""
    one, off = mpan(100_000_000_001), mpan(100_000_000_002)
    other = mpan(900_000_000_001)
    estate = write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}],
                          [{"transformer_id": "T1", "feeder_id": "F1"}],
                          [{"mpan": one, "transformer_id": "T1", "feeder_id": "F1", "effective_from": "2026-03-10T00:00:00Z"},
                           {"mpan": off, "transformer_id": "T1", "feeder_id": "F1", "energisation": "D"}])
    fates = [
        ("accepted", one, "AI", DAY[0], "0.1", "A", "", "1"), ("duplicate", one, "AI", DAY[0], "0.100", "A", "", "1"),
        ("unparseable", one, "AI", "yesterday", "0.1", "A", "", "1"), ("unparseable", one, "AI", DAY[1], "much", "A", "", "1"),
        ("unknown-meter", other, "AI", DAY[1], "0.1", "A", "", "1"), ("unknown-quantity", one, "XX", DAY[1], "0.1", "A", "", "1"),
        ("null-value", one, "AI", DAY[1], "", "A", "", "1"), ("off-grid", one, "AI", "2026-03-10T00:45:00Z", "0.1", "A", "", "1"),
        ("negative", one, "AI", DAY[1], "-0.001", "A", "", "1"), ("over-maximum", one, "AI", DAY[1], "60.001", "A", "", "1"),
        ("zero-estimate-not-zero", one, "AI", DAY[1], "0.001", "ZE1", "2", "1"),
        ("reason-missing", one, "AI", DAY[1], "0.001", "E1", "", "1"),
        ("amendment-reason-missing", one, "AI", DAY[1], "0.001", "E1", "9", "1"),
        ("not-appointed", one, "AI", "2026-03-10T00:00:00Z", "0.1", "A", "", "1"),
        ("deenergised-estimate", off, "AI", DAY[1], "0.1", "E1", "2", "1"), ("accepted", off, "AI", DAY[1], "0", "A", "", "1"),
        ("future", one, "AI", "2027-01-01T00:00:00Z", "0.1", "A", "", "1"),
        ("past-final-run", off, "AI", "2019-01-01T12:00:00Z", "0.1", "A", "", "1"),
        ("conflict", one, "AI", DAY[5], "0.1", "A", "", "1"), ("conflict", one, "AI", DAY[5], "0.2", "A", "", "1"),
        ("accepted", one, "AI", DAY[5], "0.3", "A", "", "2"),
    ]
    profile = context.folder / "profile.toml"
    profile.write_text('meter = "mpan"\nquantity_column = "quantity"\nquantity_map = { "AI" = "AI" }\ntime = "period_end"\n'
                       'time_format = "iso8601"\nlabel = "period-end"\nvalue = "kwh"\nunit = "kWh"\nquality_column = "quality"\n'
                       'quality_map = { "A" = "A", "E1" = "E1", "ZE1" = "ZE1" }\nreason_column = "reason"\n'
                       'version_column = "version"\nnull = [""]\n')
    for turn in range(3):
        store = context.fresh("store")
        reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, [row[1:] for row in fates])
        summary = context.program.replay(estate, reads, store, "--format", profile, "--as-of", "2026-06-01T00:00:00Z")
        codes = collections.Counter(row[0] for row in fates)
        rejected = {code: count for code, count in codes.items()
                    if code not in ("accepted", "duplicate", "conflict", "unknown-meter", "not-appointed", "future")}
        check_equal(summary["rejected"], rejected, f"rejected by code, turn {turn}")
        check_equal((summary["readings"], summary["accepted"], summary["duplicates"], summary["conflicts"],
                     harness.total(summary["quarantined"])), (len(fates), 3, 1, 2, 3), "readings and what became of them")
        # Of what was refused or contradicted source, line and code are kept: together with the accepted that is every line.
        shown = sorted((int(row["line"]), row["code"]) for row in read_csv(context.program.export("rejects", store)))
        expected = sorted((line, row[0]) for line, row in enumerate(fates, 2) if row[0] not in ("accepted", "duplicate"))
        check_equal(shown, expected, "rejects by line and code")
        check_equal({row["source"] for row in context.program.rows("rejects", store)}, {reads.name}, "their source")
        check_equal(len(context.program.rows("readings", store)), 3, "what stands")
        random.Random(turn).shuffle(fates)


def id_05_a_feeder_of_the_same_name_on_two_transformers(context):
    program, meters = context.program, [mpan(100_000_000_001), mpan(100_000_000_002)]
    estate = harness.write_estate(context.folder / "estate", [{"transformer_id": one, "rating_kva": "500", "gsp_group": "_C"} for one in ("T1", "T2")],
                                  [{"transformer_id": one, "feeder_id": "01"} for one in ("T1", "T2")],
                                  [{"mpan": meter, "transformer_id": one, "feeder_id": "01"} for meter, one in zip(meters, ("T1", "T2"))])
    reads = harness.write_csv(context.folder / "reads.csv", "mpan,period_end,kwh",
                              [(meters[0], "2026-03-01T00:30:00Z", "0.1"), (meters[1], "2026-03-01T00:30:00Z", "0.02")])
    store = context.fresh("store")
    program.replay(estate, reads, store)
    check_equal([(row["transformer_id"], row["feeder_id"], row["import_wh"], row["meters_expected"]) for row in program.rows("feeder-load", store)],
                [("T1", "01", "100", "1"), ("T2", "01", "20", "1")], "two feeders")


if __name__ == "__main__":
    harness.main(__doc__, [id_05_a_feeder_of_the_same_name_on_two_transformers, ag_01_ten_thousand_meters_of_a_feeder, ag_02_counts_of_meters, ag_08_import_and_export_are_never_netted,
                           va_11_gaps_of_a_day_by_name, va_14_every_line_has_an_outcome])
