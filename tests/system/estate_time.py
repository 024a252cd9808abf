#!/usr/bin/env python3
"""Ranges of estates and formats of files, against values worked out by hand: a meter that moves at eleven o'clock, local times
at both changes of the clock, rows of a day, units, qualities, versions."""

import random
import sqlite3

import harness
from harness import check, check_equal, mpan, small_estate, utc, utc_text, write_csv, write_estate

ONE, TWO = mpan(100_000_000_001), mpan(100_000_000_002)


def periods(first_end, count):
    """Ends of consecutive half hours."""
    return [utc_text(utc(first_end) + 1800 * number) for number in range(count)]


def profile(context, **keys):
    """A format profile of these keys."""
    def literal(value):
        if isinstance(value, dict):
            return "{ " + ", ".join(f'"{key}" = "{text}"' for key, text in value.items()) + " }"
        if isinstance(value, list):
            return "[" + ", ".join(f'"{text}"' for text in value) + "]"
        return f'"{value}"'

    file = context.fresh("profile").with_suffix(".toml")
    file.write_text("".join(f"{key} = {literal(value)}\n" for key, value in keys.items()))
    return file


def replay(context, estate, text, *more, store=None):
    """(summary, [(period_end, wh)] of the store) after a file of this text."""
    reads = context.fresh("reads").with_suffix(".csv")
    reads.write_bytes(text if isinstance(text, bytes) else text.encode())
    store = store or context.fresh("store")
    summary = context.program.replay(estate, reads, store, *more)
    return summary, [(row["period_end"], int(row["wh"])) for row in context.program.rows("readings", store)]


# -- ranges of the estate --------------------------------------------------------------------------------------------------

def a_meter_that_moves_at_eleven(context):
    place = {"mpan": ONE, "feeder_id": "F1"}
    estate = write_estate(
        context.folder / "estate",
        [{"transformer_id": one, "rating_kva": "100", "gsp_group": "_C", "power_factor": "1"} for one in ("TA", "TB")],
        [{"transformer_id": one, "feeder_id": "F1"} for one in ("TA", "TB")],
        [{**place, "transformer_id": "TA", "effective_from": "2026-03-10T00:00:00Z", "effective_to": "2026-03-10T11:00:00Z"},
         {**place, "transformer_id": "TB", "effective_from": "2026-03-10T11:00:00Z", "effective_to": "2026-03-11T00:00:00Z"},
         {"mpan": TWO, "feeder_id": "F1", "transformer_id": "TA"}])
    # One before the range, the day, one after it; each half hour has a value of its own.
    ends = periods("2026-03-10T00:00:00Z", 50)
    reads = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh",
                      [(ONE, end, f"{number / 1000:.3f}") for number, end in enumerate(ends)]
                      + [(TWO, end, "1") for end in ends])
    store, program = context.fresh("store"), context.program
    summary = program.replay(estate, reads, store)
    check_equal(harness.total(summary["quarantined"]), 2, "readings outside the meter's ranges")
    check_equal(summary["accepted"], 98, "accepted")
    refused = [(row["period_end"], row["code"]) for row in program.rows("rejects", store)]
    check_equal(refused, [("2026-03-10T00:00:00Z", "not-appointed"), ("2026-03-11T00:30:00Z", "not-appointed")], "rejects")

    loads = {(row["transformer_id"], row["period_end"]): row for row in program.rows("transformer-load", store)}
    for number, end in enumerate(ends):
        here_a, here_b = "2026-03-10T00:30:00Z" <= end <= "2026-03-10T11:00:00Z", end > "2026-03-10T11:00:00Z" and number < 49
        row = loads[("TA", end)]
        check_equal((int(row["import_wh"]), row["meters_expected"], row["meters_reported"]),
                    (1000 + (number if here_a else 0), "2" if here_a else "1", "2" if here_a else "1"), f"TA at {end}")
        row = loads.get(("TB", end))
        if here_b:
            check_equal((int(row["import_wh"]), row["meters_expected"], row["meters_reported"]), (number, "1", "1"), f"TB at {end}")
            check_equal(row["kva"], f"{number / 500:.3f}", f"kVA of TB at {end}")
        else:
            check_equal(row, None, f"TB at {end}")
    check_equal(program.rows("gaps", store), [], "gaps: a move is none")
    program.verify(store)


def half_open_ranges_of_exports(context):
    estate = small_estate(context.folder / "estate", [ONE])
    ends = periods("2026-03-10T00:30:00Z", 4)
    store = context.fresh("store")
    replay(context, estate, "mpan,period_end,kwh\n" + "".join(f"{ONE},{end},1\n" for end in ends), store=store)
    for begin, end, expected in (("2026-03-10T00:30:00Z", "2026-03-10T01:30:00Z", ends[1:3]),
                                 ("2026-03-10T00:29:59Z", "2026-03-10T01:30:01Z", ends[1:4]),
                                 ("2026-03-10", "2026-03-11", ends)):
        found = [row["period_end"] for row in context.program.rows("readings", store, "--from", begin, "--to", end)]
        check_equal(found, expected, f"readings from {begin} to {end}")


def appointments_from_local_midnight(context):
    """A data service's appointment begins and ends at midnight in London, at 23:00 in UTC in summer; it may change later on."""
    estate = small_estate(context.folder / "estate", [ONE, TWO])
    program, store = context.program, context.fresh("store")
    appointed = "mpan,data_service_id,from,to"
    outside = "the half hour is outside the meter's appointments in appointments.csv"
    # The first half hour of a local day is named by its end, 23:30; the last one ends at 23:00.
    before, first, last, after = ("2026-06-14T23:00:00Z", "2026-06-14T23:30:00Z", "2026-06-16T23:00:00Z", "2026-06-16T23:30:00Z")
    reads = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh",
                      [(meter, end, "1") for meter in (ONE, TWO) for end in (before, first, last, after)])

    def stored():
        return [(row["mpan"], row["period_end"]) for row in program.rows("readings", store)]

    def refused():
        return [(row["mpan"], row["period_end"], row["code"], row["detail"]) for row in program.rows("rejects", store)]

    def estates():
        with sqlite3.connect(f"file:{store}/gridtwin.db?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM estates").fetchone()[0]

    write_csv(estate / "appointments.csv", appointed, [(ONE, "DS1", "2026-06-15", "2026-06-17")])
    write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh", [(ONE, "AI", "2026-06-15T00:00:00+01:00", "100.000")])
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["quarantined"]), (6, 2), "two half hours are not appointed")
    check_equal(stored(), [(ONE, first), (ONE, last), *((TWO, end) for end in (before, first, last, after))], "readings")
    check_equal(refused(), [(ONE, end, "not-appointed", outside) for end in (before, after)], "rejects")
    digest = program.digests(store)

    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["duplicates"], summary["quarantined"]), (0, 6, 2), "once more")
    check_equal(estates(), 1, "the same files are the same estate")

    # Two services without a break between them, written as instants; only the very end stays outside.
    write_csv(estate / "appointments.csv", appointed, [(ONE, "DS2", "2026-06-15T00:00:00+01:00", "2026-06-16T23:00:00Z"),
                                                       (ONE, "DS1", "2026-06-14", "2026-06-15")])
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["duplicates"], summary["quarantined"]), (1, 6, 1), "a change")
    check_equal(stored()[:3], [(ONE, before), (ONE, first), (ONE, last)], "what became valid")
    check(program.digests(store) != digest, "a reading more")
    check_equal(estates(), 2, "a changed file is another estate")

    # A changed file is recorded even where no reading is added.
    digest = program.digests(store)
    write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh", [(ONE, "AI", "2026-06-15T00:00:00+01:00", "100.001")])
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], estates()), (0, 3), "only a register has changed")
    check_equal(program.digests(store), digest, "and no reading")

    # Without the file all are appointed; what was accepted before a file is there stays.
    (estate / "appointments.csv").unlink()
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["duplicates"], summary["quarantined"], estates()), (1, 7, 0, 4), "without the file")
    write_csv(estate / "appointments.csv", appointed, [(ONE, "DS1", "2027-01-01", "")])
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["duplicates"], summary["quarantined"]), (0, 4, 4), "all outside")
    check_equal(len(stored()), 8, "what is stored stays")
    program.verify(store)

    # A broken optional file refuses the estate, and nothing is written.
    write_csv(estate / "registers.csv", "mpan,quantity,read_at,kwh", [(ONE, "AI", "2026-06-15T00:00:00+01:00", "-1")])
    done = program.try_run("replay", "--estate", estate, "--reads", reads, "--store", store)
    check_equal(done.status, 2, done.describe())
    check(b"registers.csv:2: kwh '-1' is below 0" in done.err.splitlines()[0], done.describe())
    check_equal(estates(), 5, "a broken estate is not recorded")


# -- local time ------------------------------------------------------------------------------------------------------------

LOCAL = {"meter": "mpan", "time": "t", "time_format": "%Y-%m-%d %H:%M", "zone": "Europe/London", "value": "v", "unit": "Wh"}


def local_rows(times, first=0):
    return "mpan,t,v\n" + "".join(f"{ONE},{time},{number}\n" for number, time in enumerate(times, first))


def clock(first, last):
    """Half hours of a clock face, both included."""
    return [f"{half // 2:02}:{half % 2 * 30:02}" for half in range(first, last + 1)]


def october_ascending_and_descending(context):
    """2024-10-27: the clock shows 01:00 to 01:59 twice, first in summer time."""
    estate = small_estate(context.folder / "estate", [ONE])
    face = clock(0, 3) + clock(2, 47)
    starts = periods("2024-10-26T23:30:00Z", 50)  # ends of the fifty half hours of the local day
    for label, times in (("period-start", [f"2024-10-27 {time}" for time in face]),
                         ("period-end", [f"2024-10-27 {time}" for time in clock(1, 3) + clock(2, 47)] + ["2024-10-28 00:00"])):
        ends = starts
        summary, found = replay(context, estate, local_rows(times), "--format", profile(context, **LOCAL, label=label))
        check_equal(found, [(end, number) for number, end in enumerate(ends)], f"{label}, ascending")
        check_equal((summary["ambiguous_local_times"], summary["accepted"], summary["gaps"]), (4, 50, 0), f"{label}, ascending")
        summary, found = replay(context, estate, local_rows(times[::-1]), "--format", profile(context, **LOCAL, label=label))
        check_equal(found, [(end, 49 - number) for number, end in enumerate(ends)], f"{label}, descending")
        check_equal((summary["ambiguous_local_times"], summary["accepted"], summary["gaps"]), (4, 50, 0), f"{label}, descending")


def a_third_october_time(context):
    """A third occurrence equals one of the two in place: with its value a duplicate."""
    estate = small_estate(context.folder / "estate", [ONE])
    starts = profile(context, **LOCAL, label="period-start")
    text = ("mpan,t,v\n" + "".join(f"{ONE},2024-10-27 {time},7\n" for time in ("00:30", "01:00", "01:30", "01:00", "01:30", "02:00"))
            + f"{ONE},2024-10-27 01:00,7\n")
    summary, found = replay(context, estate, text, "--format", starts)
    check_equal((summary["accepted"], summary["duplicates"], len(found)), (6, 1, 6), "accepted, duplicates, readings")


def march_in_both_spellings(context):
    """2024-03-31: after 00:59 the clock shows 02:00."""
    estate = small_estate(context.folder / "estate", [ONE])
    ends = periods("2024-03-31T00:30:00Z", 4)
    label_end = profile(context, **LOCAL, label="period-end")
    for change in ("01:00", "02:00"):
        times = [f"2024-03-31 {time}" for time in ("00:30", change, "02:30", "03:00")]
        summary, found = replay(context, estate, local_rows(times), "--format", label_end)
        check_equal(found, [(end, number) for number, end in enumerate(ends)], f"the change written {change}")
        check_equal(summary["rejected"], {}, f"the change written {change}")
    summary, found = replay(context, estate, local_rows(["2024-03-31 01:30"]), "--format", label_end)
    check_equal((summary["rejected"], found), ({"nonexistent-local-time": 1}, []), "an end at 01:30")
    times = [f"2024-03-31 {time}" for time in ("00:00", "00:30", "01:00", "01:30", "02:00")]
    summary, found = replay(context, estate, local_rows(times), "--format", profile(context, **LOCAL, label="period-start"))
    check_equal(found, [(ends[0], 0), (ends[1], 1), (ends[2], 4)], "starts around the change")
    check_equal(summary["rejected"], {"nonexistent-local-time": 2}, "starts at 01:00 and 01:30")


def offsets_and_fixed_zones(context):
    estate = small_estate(context.folder / "estate", [ONE])
    base = {"meter": "mpan", "time": "t", "value": "v", "unit": "Wh"}
    for keys, time, expected in (
            ({"time_format": "%Y-%m-%dT%H:%M:%S%Ez", "label": "period-end"}, "2024-07-01T01:00:00+01:00", "2024-07-01T00:00:00Z"),
            ({"time_format": "iso8601", "label": "period-start"}, "2024-07-01T01:00:00+01:00", "2024-07-01T00:30:00Z"),
            ({"time_format": "iso8601", "label": "period-end", "zone": "Europe/London"}, "2024-07-01T01:00:00Z",
             "2024-07-01T01:00:00Z"),
            ({"time_format": "%d/%m/%Y %H:%M", "label": "period-end", "zone": "+01:00"}, "01/12/2024 01:00", "2024-12-01T00:00:00Z"),
            ({"time_format": "%Y-%m-%d %H:%M:%S", "label": "period-end", "zone": "UTC"}, "2024-07-01 01:00:00.0000000",
             "2024-07-01T01:00:00Z")):
        summary, found = replay(context, estate, f"mpan,t,v\n{ONE},{time},5\n", "--format", profile(context, **base, **keys))
        check_equal(found, [(expected, 5)], f"{time} under {keys}: {summary}")


# -- a row a day -----------------------------------------------------------------------------------------------------------

COLUMNS = [f"H{half // 2:02}{half % 2 * 30:02}" for half in range(1, 49)]
WIDE = {"layout": "wide", "meter": "mpan", "time": "d", "time_format": "%Y-%m-%d", "unit": "Wh", "columns": COLUMNS}


def wide_row(date, cells):
    return f"{ONE},{date}," + ",".join(map(str, cells)) + "\n"


def a_row_a_day(context):
    estate = small_estate(context.folder / "estate", [ONE])
    head = "mpan,d," + ",".join(COLUMNS) + "\n"
    cells = list(range(1, 49))

    summary, found = replay(context, estate, head + wide_row("2024-06-01", cells), "--format",
                            profile(context, **WIDE, label="period-end", zone="UTC"))
    check_equal(found, list(zip(periods("2024-06-01T00:30:00Z", 48), cells)), "a day in UTC")
    summary, found = replay(context, estate, head + wide_row("2024-06-01", ["", "", *cells[2:]]), "--format",
                            profile(context, **WIDE, label="period-end", zone="Europe/London"))
    check_equal(found, list(zip(periods("2024-06-01T00:30:00Z", 46), cells[2:])), "a summer's day, two cells empty")
    check_equal(summary["readings"], 46, "an empty cell is no reading")

    london = {**WIDE, "label": "period-end", "zone": "Europe/London"}
    march = periods("2024-03-31T00:30:00Z", 46)
    summary, found = replay(context, estate, head + wide_row("2024-03-31", [*cells[:2], "", "", *cells[4:]]), "--format",
                            profile(context, **london))
    check_equal(found, list(zip(march, cells[:2] + cells[4:])), "March, the two columns empty")
    check_equal((summary["readings"], summary["rejected"]), (46, {}), "March, the two columns empty")
    summary, found = replay(context, estate, head + wide_row("2024-03-31", [cells[0], "", "", *cells[3:]]), "--format",
                            profile(context, **london))
    check_equal(found, list(zip(march, cells[:1] + cells[3:])), "March, the end at the change in its other column")
    summary, found = replay(context, estate, head + wide_row("2024-03-31", cells), "--format", profile(context, **london))
    check("nonexistent-local-time" in summary["rejected"], f"March, all columns full: {summary}")
    check(all(wh not in cells[2:4] for _, wh in found), f"a value of a half hour that never was: {found[:6]}")

    october = periods("2024-10-26T23:30:00Z", 50)
    summary, found = replay(context, estate, head + wide_row("2024-10-27", cells), "--format", profile(context, **london))
    # The ends 01:00 and 01:30 are shown twice each, as in a file with a row a reading; 02:00 is shown once.
    check_equal(found, list(zip(october[:1] + october[5:], cells[:1] + cells[3:])), "October")
    check_equal(summary["rejected"], {"ambiguous-local-time": 2}, "October")

    summary, found = replay(context, estate, head + wide_row("2024-13-45", cells), "--format", profile(context, **london))
    check_equal((summary["readings"], summary["rejected"]), (1, {"unparseable": 1}), "a row whose date cannot be read")


# -- values, qualities, versions -------------------------------------------------------------------------------------------

def units_and_separators(context):
    estate = small_estate(context.folder / "estate", [ONE], quantities="AI|AE|RI|RE")
    base = {"meter": "mpan", "time": "t", "time_format": "iso8601", "label": "period-end", "value": "v"}
    end = "2024-06-01T00:30:00Z"
    for keys, value, expected, rounded in (
            ({"unit": "kW"}, "1.5", 750, 0), ({"unit": "kW"}, "0.001", 0, 1), ({"unit": "kW"}, "0.003", 2, 1),
            ({"unit": "kWh"}, "1.2345", 1234, 1), ({"unit": "kWh"}, "0.0015", 2, 1), ({"unit": "kWh"}, " 0.25 ", 250, 0),
            ({"unit": "Wh", "thousands": ","}, '"12,345"', 12345, 0), ({"unit": "Wh"}, "0.5", 0, 1), ({"unit": "Wh"}, "1.5", 2, 1),
            ({"unit": "kWh", "thousands": ","}, '"0,001.5"', 1500, 0), ({"unit": "kvarh", "quantity": "RI"}, "0.125", 125, 0),
            ({"unit": "kWh", "delimiter": ";"}, "2", 2000, 0)):
        text = f"mpan,t,v\n{ONE},{end},{value}\n"
        if keys.get("delimiter"):
            text = text.replace(",", ";")
        summary, found = replay(context, estate, text, "--format", profile(context, **base, **keys))
        check_equal((found, summary["rounded"]), ([(end, expected)], rounded), f"{value} in {keys}: {summary}")


def shapes_of_files(context):
    estate = small_estate(context.folder / "estate", [ONE])
    end = "2024-06-01T00:30:00Z"
    plain = f"mpan,period_end,kwh\n{ONE},{end},0.25\n"
    for what, text in (("a byte order mark", b"\xef\xbb\xbf" + plain.encode()), ("CR LF", plain.replace("\n", "\r\n")),
                       ("no last line end", plain[:-1]), ("CR LF without the last", plain.replace("\n", "\r\n")[:-2]),
                       ("quotes", f'"mpan","period_end","kwh"\n"{ONE}","{end}","0.25"\n'),
                       ("blanks", f" mpan , period_end , kwh \n {ONE} , {end} , 0.25 \n"),
                       ("another order", f"kwh,mpan,period_end\n0.25,{ONE},{end}\n"),
                       ("other columns", f"site,mpan,period_end,kwh,note\nx,{ONE},{end},0.25,\"a, \"\"b\"\"\"\n"),
                       ("a quantity", f"mpan,quantity,period_end,kwh\n{ONE},AI,{end},0.25\n")):
        _, found = replay(context, estate, text)
        check_equal(found, [(end, 250)], what)


def qualities_and_reasons(context):
    estate = small_estate(context.folder / "estate", [ONE])
    form = profile(context, meter="mpan", time="t", time_format="iso8601", label="period-end", value="v", unit="kWh",
                   quality_column="Type", quality_map={"Actual": "A", "Estimated": "E1", "Nothing": "ZE1"}, reason_column="why")
    ends = periods("2024-06-01T00:30:00Z", 5)
    store = context.fresh("store")
    summary, _ = replay(context, estate, "mpan,t,v,Type,why\n" + "".join(f"{ONE},{end},{rest}\n" for end, rest in zip(ends, (
        "1,Actual,", "1,Estimated,", "1,Estimated,3", "0,Nothing,2", "1,Nothing,2"))), "--format", form, store=store)
    found = [(row["quality"], row["reason"]) for row in context.program.rows("readings", store)]
    check_equal(found, [("A", ""), ("E1", "3"), ("ZE1", "2")], "quality and reason")
    check_equal(summary["rejected"], {"zero-estimate-not-zero": 1, "reason-missing": 1}, "rejected")
    rows = context.program.rows("feeder-load", store)
    check_equal([(row["actual"], row["estimated"]) for row in rows], [("1", "0"), ("0", "1"), ("0", "1")],
                "actual and estimated of the feeder")
    for keys, reason in (({}, "2"), ({"reason": "5"}, "5")):
        plain = profile(context, meter="mpan", time="t", time_format="iso8601", label="period-end", value="v", unit="kWh",
                        quality_column="Type", quality_map={"Actual": "A", "Estimated": "E1"}, **keys)
        store = context.fresh("store")
        replay(context, estate, f"mpan,t,v,Type\n{ONE},{ends[0]},1,Actual\n{ONE},{ends[1]},1,Estimated\n", "--format", plain,
               store=store)
        found = [(row["quality"], row["reason"]) for row in context.program.rows("readings", store)]
        check_equal(found, [("A", ""), ("E1", reason)], f"reason where the file has no column for it: {keys}")


def meter_version_and_instant_of_the_command(context):
    estate = small_estate(context.folder / "estate", [ONE])
    end, later = "2024-06-01T00:30:00Z", "2024-06-01T01:00:00Z"
    nameless = profile(context, time="t", time_format="iso8601", label="period-end", value="v", unit="kWh")
    store, program = context.fresh("store"), context.program
    _, found = replay(context, estate, f"t,v\n{end},1\n", "--format", nameless, "--meter", ONE, store=store)
    check_equal(found, [(end, 1000)], "--meter")
    summary, found = replay(context, estate, f"t,v\n{end},2\n", "--format", nameless, "--meter", ONE, store=store)
    check_equal((summary["conflicts"], found), (1, []), "another content of the same key")
    summary, found = replay(context, estate, f"t,v\n{end},3\n", "--format", nameless, "--meter", ONE, "--version", 2, store=store)
    check_equal((summary["accepted"], found), (1, [(end, 3000)]), "--version 2")
    check_equal([row["version"] for row in program.rows("readings", store)], ["2"], "version of the export")
    text = f"mpan,period_end,kwh\n{ONE},{end},1\n{ONE},{later},1\n"
    summary, found = replay(context, estate, text, "--as-of", end)
    check_equal((summary["accepted"], harness.total(summary["quarantined"]), found), (1, 1, [(end, 1000)]), "--as-of")
    summary, found = replay(context, estate, text)
    check_equal((summary["accepted"], harness.total(summary["quarantined"])), (2, 0), "without --as-of nothing is in the future")


def what_was_known_when(context):
    estate = small_estate(context.folder / "estate", [ONE])
    end, store = "2024-06-01T00:30:00Z", context.fresh("store")
    for version, value, known in ((1, 1, "2024-06-02T00:00:00Z"), (2, 2, "2024-06-20T00:00:00Z")):
        replay(context, estate, f"mpan,period_end,kwh\n{ONE},{end},{value}\n", "--version", version, "--received-at", known,
               store=store)
    for instant, expected in (("2024-06-01T12:00:00Z", []), ("2024-06-02T00:00:00Z", ["1000"]), ("2024-06-19T23:59:59Z", ["1000"]),
                              ("2024-06-20T00:00:00Z", ["2000"]), ("2025-01-01T00:00:00Z", ["2000"])):
        for kind, column in (("readings", "wh"), ("feeder-load", "import_wh"), ("transformer-load", "import_wh")):
            found = [row[column] for row in context.program.rows(kind, store, "--as-known-at", instant)]
            check_equal(found, expected, f"{kind} as known at {instant}")


def what_was_known_in_any_order(context):
    """Files received at different times, in any order, with repeats: what was known at an instant is a function of the set."""
    estate = small_estate(context.folder / "estate", [ONE])
    dice = random.Random(7)
    ends = [f"2024-06-01T{hour:02}:00:00Z" for hour in range(1, 7)]
    instants = ["2024-06-01T03:00:00Z", *(f"2024-06-{day:02}T00:00:00Z" for day in range(2, 8))]
    for trial in range(12):
        files = []
        folder = context.fresh("reads")
        folder.mkdir()
        for number in range(4):
            received = dice.choice([None, *instants[1:]])
            version = dice.choice([1, 1, 2])
            rows = {end: dice.choice([1, 1, 1, 2]) for end in dice.sample(ends, 4)}
            files.append((received, version, rows, folder / f"{number}.csv"))
            refused = f"{ONE},{dice.choice(ends)},-1\nnonsense,{ends[0]},1\n"
            files[-1][3].write_text("mpan,period_end,kwh\n" + "".join(f"{ONE},{end},{kwh}\n" for end, kwh in rows.items()) + refused)
        files.append((dice.choice([None, *instants[1:]]), *files[0][1:]))  # the same file, received at another time
        views = []
        for _ in range(2):
            store = context.fresh("store")
            dice.shuffle(files)
            for received, version, _, reads in files:
                context.program.replay(estate, reads, store, "--version", version, *(["--received-at", received] if received else []))
            views.append([[context.program.export(kind, store, "--as-known-at", instant)
                           for kind in ("readings", "feeder-load", "transformer-load", "gaps")]
                          + [[row for row in context.program.rows("rejects", store, "--as-known-at", instant) if row["code"] != "conflict"]]
                          for instant in instants])
            for instant in instants:
                found = {row["period_end"]: int(row["wh"]) for row in context.program.rows("readings", store, "--as-known-at", instant)}
                check_equal(found, known_values(files, instant), f"trial {trial}, as known at {instant}: {files}")
                loads = {row["period_end"]: int(row["import_wh"])
                         for row in context.program.rows("feeder-load", store, "--as-known-at", instant)}
                check_equal(loads, found, f"loads of trial {trial}, as known at {instant}")
            check_equal(context.program.export("readings", store, "--as-known-at", "2030-01-01T00:00:00Z"),
                        context.program.export("readings", store), "all is known in the end")
        check_equal(views[0], views[1], f"both orders of trial {trial}")


def known_values(files, instant):
    """Watt-hours by period of what these files say as far as it was known at an instant: the highest version, if uncontradicted."""
    contents = {}
    for received, version, rows, _ in files:
        for end, kwh in rows.items():
            if (received or end) <= instant:
                contents.setdefault(end, {}).setdefault(version, set()).add(kwh * 1000)
    highest = {end: versions[max(versions)] for end, versions in contents.items()}
    return {end: min(values) for end, values in highest.items() if len(values) == 1}


if __name__ == "__main__":
    harness.main(__doc__, [
        a_meter_that_moves_at_eleven, half_open_ranges_of_exports, appointments_from_local_midnight,
        october_ascending_and_descending, a_third_october_time,
        march_in_both_spellings, offsets_and_fixed_zones, a_row_a_day, units_and_separators, shapes_of_files,
        qualities_and_reasons, meter_version_and_instant_of_the_command, what_was_known_when,
        what_was_known_in_any_order])
