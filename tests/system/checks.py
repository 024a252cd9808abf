#!/usr/bin/env python3
"""Register advances against sums of half hours, and how late readings were known, by figures worked out by hand."""

import pathlib

import harness
from harness import check_equal, mpan, utc, utc_text, write_csv, write_estate

HEADER = "mpan,quantity,period_end,kwh,version"
DAY = "2026-03-02"
ENDS = [utc_text(utc(DAY) + 1800 * (n + 1)) for n in range(48)]


def registers(context, estate, rows):
    return write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh", rows)


def flat(meter, wh, ends=None, quantity="AI", version=1):
    """The same energy in each half hour."""
    return [(meter, quantity, end, f"{wh / 1000:.3f}", version) for end in ends or ENDS]


def checked(context, store, *more):
    """Rows without the meter, as tuples, by meter."""
    out = {}
    for row in context.program.rows("register-check", store, *more):
        out.setdefault(row["mpan"], []).append(tuple(row.values())[1:])
    return out


# -- registers (VA-10) -----------------------------------------------------------------------------------------------------

def an_advance_against_its_half_hours(context):
    """10.000 kWh against 9.990: within the tolerance that is built in, and outside of one of 9 Wh."""
    meters = [mpan(100_000_000_000 + number) for number in range(5)]
    day_start, day_end = utc_text(utc(DAY)), utc_text(utc(DAY) + 86_400)
    ten = [(m, "AI", at, kwh) for m in meters for at, kwh in ((day_start, "500.000"), (day_end, "510.000"))]

    def total(meter, wh):
        """48 half hours that sum to so many Wh."""
        return flat(meter, wh // 48, ENDS[1:]) + flat(meter, wh - wh // 48 * 47, ENDS[:1])

    reads = (total(meters[0], 9_990) + total(meters[1], 9_989) + total(meters[2], 10_010)
             + total(meters[3], 10_000)[:-1])  # the first half hour, 208 and 16 Wh, comes last: it is missing

    def expected(wh, missing, outcome):
        return [("AI", day_start, day_end, "10000", str(wh), str(missing), outcome)]

    for name, tolerance, first in (("built-in", None, "ok"), ("narrow", "tolerance_wh = 9", "outside")):
        estate = harness.small_estate(context.folder / name, meters)
        registers(context, estate, ten)
        more = ()
        if tolerance:
            text = (pathlib.Path(__file__).resolve().parents[2] / "config/examples/rules.toml").read_text()
            start = text.index("[registers]")
            head, tail = text[:start], text[start:]
            lines = [tolerance if line.split("=")[0].strip() == "tolerance_wh" else
                     "tolerance_per_mille = 0" if line.split("=")[0].strip() == "tolerance_per_mille" else line
                     for line in tail.splitlines()]
            rules = context.folder / "rules.toml"
            rules.write_text(head + "\n".join(lines) + "\n")
            more = ("--rules", rules)
        store = context.folder / f"store-{name}"
        context.program.replay(estate, write_csv(context.folder / f"{name}.csv", HEADER, reads), store, *more)
        check_equal(checked(context, store),
                    {meters[0]: expected(9_990, 0, first), meters[1]: expected(9_989, 0, "outside"),
                     meters[2]: expected(10_010, 0, first), meters[3]: expected(10_000 - 224, 1, "incomplete"),
                     meters[4]: expected(0, 48, "incomplete")}, f"with {name} tolerance")
        only = context.program.rows("register-check", store, "--mpan", meters[1])
        check_equal([row["mpan"] for row in only], [meters[1]], "one meter")


def pairs_ranges_and_what_was_known(context):
    """Three pairs of reads, one of them backwards and one within a half hour; corrections; a range; an earlier instant."""
    meter = mpan(100_000_000_000)
    estate = harness.small_estate(context.folder / "estate", [meter], quantities="AI|AE")
    at = [ENDS[9], ENDS[19], ENDS[29], utc_text(utc(ENDS[39]) - 600)]  # after 10, 20, 30 half hours; 10 minutes before the 40th
    registers(context, estate, [(meter, "AI", at[0], "1.000"), (meter, "AI", at[1], "2.000"), (meter, "AI", at[2], "1.900"),
                                (meter, "AI", at[3], "3.000"), (meter, "AE", at[0], "7.000"), (meter, "AE", at[1], "7.010")])
    store = context.fresh("store")
    known = ("2026-03-03T06:00:00Z", "2026-03-09T06:00:00Z")
    context.program.replay(estate, write_csv(context.folder / "0.csv", HEADER, flat(meter, 100) + flat(meter, 0, quantity="AE")),
                           store, "--received-at", known[0])
    context.program.replay(estate, write_csv(context.folder / "1.csv", HEADER, flat(meter, 150, ENDS[10:11], version=2)),
                           store, "--received-at", known[1])
    export = ("AE", at[0], at[1], "10", "0", "0", "ok")  # the bound itself is within
    first = ("AI", at[0], at[1], "1000", "1050", "0", "outside")
    backwards = ("AI", at[1], at[2], "-100", "1000", "0", "outside")
    within_one = ("AI", at[2], at[3], "1100", "900", "1", "incomplete")
    check_equal(checked(context, store), {meter: [export, first, backwards, within_one]}, "all")
    before = ("AI", at[0], at[1], "1000", "1000", "0", "ok")
    check_equal(checked(context, store, "--as-known-at", known[0]), {meter: [export, before, backwards, within_one]},
                "before the correction")
    unread = [(*export[:4], "0", "10", "incomplete"), (*before[:4], "0", "10", "incomplete")]
    check_equal(checked(context, store, "--as-known-at", at[1]), {meter: unread}, "when two reads were taken, and nothing received")
    check_equal(checked(context, store, "--from", at[1], "--to", at[2]), {meter: [backwards]}, "one pair's range")
    check_equal(checked(context, store, "--from", utc_text(utc(at[3]) + 1200)), {}, "behind the last read")
    check_equal(checked(context, store, "--to", at[0]), {}, "before the first one")


def a_meter_that_moved(context):
    """A register goes with its meter: the half hours of both rows count, in whatever order the transformers are."""
    moved, stays, other = (mpan(100_000_000_000 + number) for number in range(3))
    noon, day_start, day_end = ENDS[23], utc_text(utc(DAY)), utc_text(utc(DAY) + 86_400)
    transformers = [{"transformer_id": t, "rating_kva": "500", "gsp_group": "_C"} for t in ("T1", "T2")]
    feeders = [{"transformer_id": t, "feeder_id": "F1"} for t in ("T1", "T2")]
    meters = [{"mpan": moved, "transformer_id": "T2", "feeder_id": "F1", "effective_to": noon},
              {"mpan": moved, "transformer_id": "T1", "feeder_id": "F1", "effective_from": noon},
              {"mpan": stays, "transformer_id": "T2", "feeder_id": "F1", "supplier_mpid": "AAAA", "effective_to": noon},
              {"mpan": stays, "transformer_id": "T2", "feeder_id": "F1", "supplier_mpid": "BBBB", "effective_from": noon},
              {"mpan": other, "transformer_id": "T1", "feeder_id": "F1"}]
    estate = write_estate(context.folder / "estate", transformers, feeders, meters)
    reads_at = [(day_start, "0.000"), (ENDS[11], "1.200"), (day_end, "4.800"), (utc_text(utc(DAY) + 172_800), "9.600")]
    registers(context, estate, [(m, "AI", at, kwh) for m in (stays, moved) for at, kwh in reads_at])
    next_day = [utc_text(utc(end) + 86_400) for end in ENDS]
    rows = flat(moved, 100) + flat(stays, 100) + flat(other, 900) + flat(moved, 100, next_day) + flat(stays, 100, next_day[:47])
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, rows), store)

    def expected(last):
        times = [at for at, _ in reads_at]
        return [("AI", times[0], times[1], "1200", "1200", "0", "ok"), ("AI", times[1], times[2], "3600", "3600", "0", "ok"),
                ("AI", times[2], times[3], "4800", *last)]

    mine, neighbour = expected(("4800", "0", "ok")), expected(("4700", "1", "incomplete"))
    check_equal(checked(context, store), {moved: mine, stays: neighbour}, "both")
    check_equal(list(checked(context, store)), [moved, stays], "in order of the meters")
    check_equal(checked(context, store, "--transformer", "T1"), {moved: mine}, "of a transformer: with all its rows")
    check_equal(checked(context, store, "--transformer", "T2"), {moved: mine, stays: neighbour}, "of the other")


def without_registers(context):
    estate = harness.small_estate(context.folder / "estate", [mpan(100_000_000_000)])
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, flat(mpan(100_000_000_000), 1)), store)
    check_equal(context.program.export("register-check", store),
                b"mpan,quantity,read_from,read_to,advance_wh,intervals_wh,missing_half_hours,outcome\n", "the header alone")


# -- lateness (TM-09) ------------------------------------------------------------------------------------------------------

NAMES = ("half_hours", "on_time", "up_to_1h", "up_to_12h", "up_to_1d", "up_to_4d", "up_to_9d", "up_to_30d", "later", "early",
         "latest_s")


def late(context, store, *more):
    """The counts that are not zero, by meter and quantity."""
    out = {}
    for row in context.program.rows("lateness", store, *more):
        check_equal(tuple(row)[2:], NAMES, "columns")
        check_equal(sum(int(row[name]) for name in NAMES[1:9]), int(row["half_hours"]), f"half hours of {row}")
        out[row["mpan"], row["quantity"]] = {name: int(row[name]) for name in NAMES if row[name] != "0"}
    return out


def how_late_each_half_hour_was_known(context):
    """A day known at its noon and again in parts later; one without an instant; one that never came."""
    halves, whole, silent = (mpan(100_000_000_000 + number) for number in range(3))
    estate = harness.small_estate(context.folder / "estate", [silent, whole, halves], quantities="AI|AE")
    store = context.fresh("store")
    midday, evening, in_ten_days = "2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z", "2026-03-12T12:00:25Z"
    files = ((flat(halves, 5, ENDS[:25]), midday),  # the 24th ends then, the 25th half an hour later
             (flat(halves, 5, ENDS[20:30]) + flat(halves, 6, ENDS[:1], version=2), evening),  # 26 to 30 were not known
             (flat(halves, 5, ENDS[46:47]), in_ten_days), (flat(whole, 5) + flat(whole, 1, quantity="AE"), None))
    for number, (rows, received_at) in enumerate(files):
        more = ("--received-at", received_at) if received_at else ()
        context.program.replay(estate, write_csv(context.folder / f"{number}.csv", HEADER, rows), store, *more)
    # At noon: 12:30 and 12:00 on time; 11:30 and 11:00 within the hour; the other 21, down to 00:30, within twelve.
    # At midnight: 13:00 to 15:00 are nine to eleven hours late. The 47th ends at 23:30: nine days, 12 h 30 min and 25 s.
    found = {"half_hours": 31, "on_time": 2, "up_to_1h": 2, "up_to_12h": 21 + 5, "up_to_30d": 1, "early": 1,
             "latest_s": 9 * 86_400 + 12 * 3_600 + 1_800 + 25}
    on_time = {"half_hours": 48, "on_time": 48}
    check_equal(late(context, store), {(halves, "AI"): found, (whole, "AE"): on_time, (whole, "AI"): on_time}, "all")
    check_equal(list(late(context, store)), [(halves, "AI"), (whole, "AE"), (whole, "AI")], "in order")
    known_then = {"half_hours": 25, "on_time": 2, "up_to_1h": 2, "up_to_12h": 21, "early": 1, "latest_s": 41_400}
    check_equal(late(context, store, "--as-known-at", midday, "--mpan", halves), {(halves, "AI"): known_then}, "at noon")
    some = {"half_hours": 3, "on_time": 2, "up_to_1h": 1, "early": 1, "latest_s": 1_800}
    check_equal(late(context, store, "--from", ENDS[21], "--to", ENDS[24], "--mpan", halves), {(halves, "AI"): some}, "a range")
    # The same files the other way round: what was known earlier counts, whenever it was read.
    other = context.fresh("store")
    for number in reversed(range(len(files))):
        more = ("--received-at", files[number][1]) if files[number][1] else ()
        context.program.replay(estate, context.folder / f"{number}.csv", other, *more)
    check_equal(late(context, other), late(context, store), "in another order")


def lateness_of_a_meter_that_moved(context):
    meter, noon = mpan(100_000_000_000), ENDS[23]
    estate = write_estate(context.folder / "estate",
                          [{"transformer_id": t, "rating_kva": "500", "gsp_group": "_C"} for t in ("T1", "T2")],
                          [{"transformer_id": t, "feeder_id": "F1"} for t in ("T1", "T2")],
                          [{"mpan": meter, "transformer_id": "T2", "feeder_id": "F1", "effective_to": noon},
                           {"mpan": meter, "transformer_id": "T1", "feeder_id": "F1", "effective_from": noon}])
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, flat(meter, 1)), store, "--received-at", ENDS[47])
    key = (meter, "AI")  # 00:00 on time, two within the hour, 22 more down to 12:00 within twelve, 23 later than that
    both = {"half_hours": 48, "on_time": 1, "up_to_1h": 2, "up_to_12h": 22, "up_to_1d": 23, "latest_s": 84_600}
    check_equal(late(context, store), {key: both}, "both")
    check_equal(late(context, store, "--transformer", "T2"),
                {key: {"half_hours": 24, "up_to_12h": 1, "up_to_1d": 23, "latest_s": 84_600}}, "where it was first")


if __name__ == "__main__":
    harness.main(__doc__, [an_advance_against_its_half_hours, pairs_ranges_and_what_was_known, a_meter_that_moved,
                           without_registers, how_late_each_half_hour_was_known, lateness_of_a_meter_that_moved])
