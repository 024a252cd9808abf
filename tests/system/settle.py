#!/usr/bin/env python3
"""Settlement runs against what is worked out here a second time: what was known at each gate, local dates, sums by group,
differences between runs, and that nothing but the readings, the estate and the settings matters."""

import collections
import datetime
import hashlib
import json
import random
import shutil
import sqlite3
import zoneinfo

import harness
from harness import check, check_equal, mpan, read_csv, utc, utc_text, write_csv, write_estate

LONDON = zoneinfo.ZoneInfo("Europe/London")
HEADER = "mpan,quantity,period_end,kwh,version"
TABLES = ("difference.csv", "estimates.csv", "meter-days.csv", "settlement-local.csv", "shares.csv", "worklist.csv")


def periods_of(date):
    """Ends in UTC of the half hours of a local settlement date."""
    begin = int(datetime.datetime.combine(date, datetime.time(), LONDON).timestamp())
    end = int(datetime.datetime.combine(date + datetime.timedelta(days=1), datetime.time(), LONDON).timestamp())
    return [utc_text(at) for at in range(begin + 1800, end + 1, 1800)]


def day(text):
    return datetime.date.fromisoformat(text)


def wh_of(kwh):
    """Of a text with three decimals, exactly."""
    return int(kwh.replace(".", ""))


def wh_of_mwh(mwh):
    whole, fraction = mwh.split(".")
    check_equal(len(fraction), 6, f"decimals of {mwh}")
    return int(whole) * 1_000_000 + int(fraction)


def settle(context, store, run, date, *more, out=None):
    """(the JSON object, tables by name, the folder)"""
    out = out or context.fresh("settled")
    found = json.loads(context.program.run("settle", "--store", store, "--run", run, "--date", date, "--out", out, "--json", *more))
    check_equal(json.loads((out / "run.json").read_text()), found, "run.json and --json")
    return found, {name: read_csv(out / name) for name in TABLES}, out


def bytes_of(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def cells(row):
    """(kWh as text, quality) of each half hour of a row of meter-days.csv."""
    return [(row[f"p{i}"], row[f"q{i}"]) for i in range(1, 51) if row[f"p{i}"] != ""]


def check_sums(found, tables, periods):
    """Every view of a run holds the same energy, and every half hour of every meter is there."""
    by_quantity = collections.Counter()
    half_hours = actual = 0
    for row in tables["meter-days.csv"]:
        values = cells(row)
        half_hours += len(values)
        actual += sum(1 for _, quality in values if quality in ("A", "A1", "A2", "A3", "AAE1", "AAE2", "AAE3"))
        by_quantity[row["quantity"]] += sum(wh_of(kwh) for kwh, _ in values)
    check_equal((half_hours, actual), (found["half_hours"], found["actual"]), "half hours and actuals of meter-days.csv")
    check_equal(found["estimated"], half_hours - actual, "estimated")
    check_equal(len(tables["estimates.csv"]), half_hours - actual, "rows of estimates.csv")
    for quantity, sums in found["energy_wh"].items():
        check_equal(sums["actual"] + sums["estimated"], by_quantity[quantity], f"energy of {quantity}")
    local = collections.Counter()
    for row in tables["settlement-local.csv"]:
        check(1 <= int(row["period"]) <= len(periods), f"period {row['period']}")
        check_equal(wh_of_mwh(row["mwh"]), wh_of_mwh(row["actual_mwh"]) + wh_of_mwh(row["estimated_mwh"]), "mwh")
        local[row["quantity"]] += wh_of_mwh(row["mwh"])
    check_equal(+local, +by_quantity, "energy of settlement-local.csv")
    shares = collections.Counter()
    counted = [0, 0]
    for row in tables["shares.csv"]:
        shares[row["quantity"]] += wh_of_mwh(row["actual_mwh"]) + wh_of_mwh(row["estimated_mwh"])
        counted[0] += int(row["actual_half_hours"])
        counted[1] += int(row["estimated_half_hours"])
    check_equal(+shares, +by_quantity, "energy of shares.csv")
    check_equal(counted, [actual, half_hours - actual], "half hours of shares.csv")
    energies = [wh_of(row["kwh"]) for row in tables["worklist.csv"]]
    check_equal(energies, sorted(energies, reverse=True), "worklist, largest energy first")


# -- real ------------------------------------------------------------------------------------------------------------------

def a_year_of_59_households(context):
    estate, reads = harness.london_households(context)
    store = context.folder / "store"
    context.program.replay(estate, reads, store, "--format", "lcl-kaggle")
    counts = collections.Counter()
    actual_wh = 0
    date = day("2013-01-01")
    while date.year == 2013:
        out = context.folder / "settled"
        found = json.loads(context.program.run("settle", "--store", store, "--run", "RF", "--date", date, "--out", out, "--json"))
        check_equal(found["half_hours"], 59 * len(periods_of(date)), f"half hours of {date}")
        for name in ("half_hours", "actual", "estimated"):
            counts[name] += found[name]
        actual_wh += found["energy_wh"]["AI"]["actual"]
        date += datetime.timedelta(days=1)
    check_equal(dict(counts), {"half_hours": 1_033_680, "actual": 992_256, "estimated": 41_424}, "the year")
    first, last = utc_text(utc("2013-01-01")), utc_text(utc("2014-01-01"))
    received = sum(int(row["wh"]) for row in context.program.rows("readings", store) if first < row["period_end"] <= last)
    check_equal(actual_wh, received, "energy of the actuals")


# -- gates, corrections, differences -----------------------------------------------------------------------------------------

def known_at_each_gate(context):
    """II, SF and RF of a date, whose readings came late, were corrected and contradicted in between."""
    meters = [mpan(100_000_000_000 + number) for number in range(4)]
    estate = harness.small_estate(context.folder / "estate", meters)
    store, program = context.fresh("store"), context.program
    date = day("2026-06-10")  # II WD+5: 06-17, SF WD+16: 07-02, RF WD+292: 2027-08-04
    ends = periods_of(date)
    generator = random.Random(7)
    values = {(meter, end): generator.randrange(2000) for meter in meters for end in ends}
    late = {meters[1]: ends[10:20], meters[2]: ends}
    corrected = {(meters[0], ends[3]): 77, (meters[1], ends[30]): 1999}

    def kwh(value):
        return f"{value / 1000:.3f}"

    first = [(m, "AI", end, kwh(values[m, end]), 1) for m in meters for end in ends if end not in late.get(m, ())]
    second = [(m, "AI", end, kwh(values[m, end]), 1) for m in late for end in late[m]]
    third = [(m, "AI", end, kwh(value), 2) for (m, end), value in corrected.items()] + [(meters[3], "AI", ends[0], "9.999", 1)]
    week_before = [(m, "AI", utc_text(utc(end) - 7 * 86_400), kwh(500 + n), 1) for n, m in enumerate(meters) for end in ends]
    known = ("2026-06-12T06:00:00Z", "2026-06-20T06:00:00Z", "2026-07-10T06:00:00Z")
    for name, rows, received_at in (("0", week_before + first, known[0]), ("1", second, known[1]), ("2", third, known[2])):
        program.replay(estate, write_csv(context.folder / f"{name}.csv", HEADER, rows), store, "--received-at", received_at)

    def expected(stage):
        """The actuals known then."""
        out = {key: value for key, value in values.items() if stage > 0 or key[1] not in late.get(key[0], ())}
        if stage == 2:
            out.update(corrected)
            del out[meters[3], ends[0]]
        return out

    settled = {}
    for stage, (run, held) in enumerate((("II", "2026-06-17"), ("SF", "2026-07-02"), ("RF", "2027-08-04"))):
        found, tables, out = settle(context, store, run, date)
        settled[run] = bytes_of(out)
        check_equal((found["run_date"], found["provisional"]), (held, False), run)
        check_equal((found["gate"], found["known_at"]), (utc_text(utc(held) - 3600), utc_text(utc(held) - 3601)),
                    f"gate of {run}, midnight in summer, and the last second before it")
        check_sums(found, tables, ends)
        actual = expected(stage)
        for row in tables["meter-days.csv"]:
            for end, (text, quality) in zip(ends, cells(row)):
                key = row["mpan"], end
                check_equal(quality == "A", key in actual, f"{run}: quality of {key}")
                if key in actual:
                    check_equal(wh_of(text), actual[key], f"{run}: value of {key}")
                else:
                    check_equal(wh_of(text), 500 + meters.index(row["mpan"]), f"{run}: estimate of {key} by history")
        changed = {row["mpan"]: row for row in tables["difference.csv"]}
        if stage == 0:
            check_equal((found["previous"], changed), (None, {}), "no run before II")
        elif stage == 1:
            check_equal({m: row["causes"] for m, row in changed.items()},
                        {meters[1]: "actual-for-estimate:10", meters[2]: "actual-for-estimate:48"}, "SF against II")
            for m, row in changed.items():
                after = sum(values[m, end] for end in late[m])
                before = len(late[m]) * (500 + meters.index(m))
                check_equal((wh_of(row["before_kwh"]), wh_of(row["after_kwh"])), (before, after), f"difference of {m}")
        else:
            check_equal({m: row["causes"] for m, row in changed.items()},
                        {meters[0]: "actual-corrected:1", meters[1]: "actual-corrected:1", meters[3]: "estimate-for-actual:1"},
                        "RF against SF")
            work = [row for row in tables["worklist.csv"] if row["mpan"] == meters[3]]
            check_equal([(row["cause"], row["first_period"], row["last_period"]) for row in work], [("contradicted", "1", "1")],
                        "worklist of a contradicted half hour")

    # Years later, with all the rest in the store: the same bytes, and nothing is recorded twice.
    with sqlite3.connect(f"file:{store / 'gridtwin.db'}?mode=ro", uri=True) as database:
        recorded = database.execute("SELECT count(*) FROM settlement_runs").fetchone()
        check_equal(recorded, (3,), "recorded runs")
    for run, before in settled.items():
        for threads in ("1", "4"):
            _, _, out = settle(context, store, run, date, "--threads", threads)
            check_equal(bytes_of(out) == before, True, f"{run} again, with {threads} threads")
    with sqlite3.connect(f"file:{store / 'gridtwin.db'}?mode=ro", uri=True) as database:
        check_equal(database.execute("SELECT count(*) FROM settlement_runs").fetchone(), (3,), "recorded runs, after repeats")

    # Before its gate a run is provisional: it shows what is known and is not recorded.
    found, _, _ = settle(context, store, "RF", date, "--as-of", known[1])
    check_equal((found["provisional"], found["known_at"]), (True, known[1]), "RF as of before its gate")
    found, _, _ = settle(context, store, "DR", date, "--as-of", "2028-01-01T00:00:00Z")
    check_equal((found["provisional"], found["run_date"], found["previous"]["run"]), (False, None, "RF"), "a dispute run")


def what_is_refused(context):
    estate = harness.small_estate(context.folder / "estate", [mpan(100_000_000_000)])
    store = context.fresh("store")
    missing = context.program.try_run("settle", "--store", store, "--run", "II", "--date", "2026-03-01", "--out", context.fresh("o"))
    check_equal((missing.status, store.exists()), (2, False), "a store that is not there")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, [(mpan(100_000_000_000), "AI", "2026-03-01T00:30:00Z", "1", 1)]), store)
    for arguments, says in ((("--run", "R9", "--date", "2026-03-01"), "R9"), (("--run", "II", "--date", "2026-02-30"), "--date"),
                            (("--run", "DR", "--date", "2026-03-01"), "--as-of"), (("--run", "II", "--date", "1990-01-01"), "1990"),
                            (("--run", "R2", "--date", "2027-07-02"), "R2"),
                            (("--run", "II", "--date", "2026-03-01", "--settings", "/nonexistent"), "--settings")):
        done = context.program.try_run("settle", "--store", store, "--out", context.fresh("o"), *arguments)
        check_equal(done.status, 2, f"exit status of {arguments}: {done.err!r}")
        check(says in done.err.decode().splitlines()[0], f"{arguments} says {says}: {done.err!r}")
    (context.folder / "link").symlink_to(store)
    before = (store / "gridtwin.db").read_bytes()
    for out in (store, store / ".." / store.name, context.folder / "link"):
        done = context.program.try_run("settle", "--store", store, "--run", "II", "--date", "2026-03-01", "--out", out)
        check_equal(done.status, 2, f"exit status where --out is the store: {done.err!r}")
        check("--out" in done.err.decode().splitlines()[0], f"says --out: {done.err!r}")
    check_equal((store / "gridtwin.db").read_bytes() == before, True, "the store is as it was")
    check_equal([file.name for file in store.iterdir() if file.suffix in (".csv", ".json")], [], "tables in the store's folder")


# -- conservation ------------------------------------------------------------------------------------------------------------

def both_views_over_the_clock_changes_TM_11(context):
    """Local dates around both changes of the clock hold what the UTC days hold: 46 and 50 periods, no half hour twice."""
    meters = [mpan(120_000_000_000 + number) for number in range(2)]
    estate = harness.small_estate(context.folder / "estate", meters, quantities="AI|AE")
    generator = random.Random(11)
    for first, lengths in (("2026-03-28", (48, 46, 48)), ("2026-10-24", (48, 50, 48))):
        dates = [day(first) + datetime.timedelta(days=n) for n in range(3)]
        ends = [end for date in dates for end in periods_of(date)]
        check_equal(tuple(len(periods_of(date)) for date in dates), lengths, "periods")
        rows = [(m, q, end, f"{generator.randrange(3000) / 1000:.3f}", 1) for m in meters for q in ("AI", "AE") for end in ends]
        store = context.fresh("store")
        context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, rows), store)
        local = collections.Counter()
        for date, length in zip(dates, lengths):
            found, tables, _ = settle(context, store, "RF", date)
            check_sums(found, tables, periods_of(date))
            check_equal((found["half_hours"], found["estimated"], found["periods"]), (4 * length, 0, length), f"{date}")
            by_period = collections.Counter()
            for row in tables["settlement-local.csv"]:
                by_period[row["quantity"], int(row["period"])] += wh_of_mwh(row["mwh"])
            wanted = collections.Counter()
            for _, q, end, kwh, _ in rows:
                if end in periods_of(date):
                    wanted[q, periods_of(date).index(end) + 1] += wh_of(kwh)
            check_equal(+by_period, +wanted, f"periods of {date}")
            for q, sums in found["energy_wh"].items():
                local[q] += sums["actual"]
        utc_view = collections.Counter()
        for line in context.program.digests(store).decode().splitlines():
            utc_view[json.loads(line)["quantity"]] += json.loads(line)["wh"]
        check_equal(+local, +utc_view, "energy of the local and of the UTC view")


def groups_sum_as_feeders_do_AG_06_SR_09(context):
    """Settlement groups against a pivot of what was read, and feeders and transformers against both."""
    generator = random.Random(5)
    transformers = [{"transformer_id": f"T{n}", "rating_kva": "100", "gsp_group": ("_A", "_C", "_P")[n % 3]} for n in range(5)]
    feeders = [{"transformer_id": t["transformer_id"], "feeder_id": f"F{n}"} for t in transformers for n in range(2)]
    group_of = {t["transformer_id"]: t["gsp_group"] for t in transformers}
    meters = []
    for number in range(60):
        feeder = generator.choice(feeders)
        meters.append({"mpan": mpan(130_000_000_000 + number), **feeder, "supplier_mpid": generator.choice(("AAAA", "BBBB")),
                       "market_segment": generator.choice("SA"), "connection_type": generator.choice("WL"),
                       "domestic": generator.choice("TF"), "quantities": generator.choice(("AI", "AI|AE"))})
    estate = write_estate(context.folder / "estate", transformers, feeders, meters)
    date = day("2026-06-10")
    ends = periods_of(date)
    rows, pivot, counts = [], collections.Counter(), collections.Counter()
    for meter in meters:
        key = (group_of[meter["transformer_id"]], meter["supplier_mpid"], meter["market_segment"], meter["connection_type"], meter["domestic"])
        for q in meter["quantities"].split("|"):
            for number, end in enumerate(ends, 1):
                wh = generator.randrange(4000)
                rows.append((meter["mpan"], q, end, f"{wh / 1000:.3f}", 1))
                pivot[key + (q, number)] += wh
                counts[key + (q, number)] += 1
    generator.shuffle(rows)
    store = context.fresh("store")
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, rows), store)
    found, tables, _ = settle(context, store, "SF", date)
    check_sums(found, tables, ends)
    listed = tables["settlement-local.csv"]
    keys = [tuple(row[name] for name in ("gsp_group", "supplier_mpid", "market_segment", "connection_type", "domestic", "quantity",
                                         "settlement_date", "period")) for row in listed]
    check_equal(keys, sorted(keys), "order of settlement-local.csv, as bytes")
    check_equal({key[:6] + (int(key[7]),): wh_of_mwh(row["mwh"]) for key, row in zip(keys, listed)}, dict(pivot), "pivot")
    check_equal({key[:6] + (int(key[7]),): int(row["meters"]) for key, row in zip(keys, listed)}, dict(counts), "meters")
    span = ("--from", utc_text(utc(ends[0]) - 1800), "--to", ends[-1])
    for kind in ("feeder-load", "transformer-load"):
        loads = context.program.rows(kind, store, *span)
        for quantity, column in (("AI", "import_wh"), ("AE", "export_wh")):
            check_equal(sum(int(row[column]) for row in loads), found["energy_wh"][quantity]["actual"], f"{kind}, {quantity}")


# -- nothing else matters ----------------------------------------------------------------------------------------------------

def random_set(generator, meters, date):
    """Rows by when they are received: readings with gaps, corrections, contradictions, and rows that are sent again."""
    ends = [end for n in (-7, 0) for end in periods_of(date + datetime.timedelta(days=n))]
    received = ("2026-06-11T06:00:00Z", "2026-06-16T06:00:00Z", "2026-07-20T06:00:00Z")
    out = {at: [] for at in received}
    for meter in meters:
        for end in ends:
            for version in (1, 2, 3):
                if generator.random() < (0.93, 0.05, 0.01)[version - 1]:
                    row = (meter, "AI", end, f"{generator.randrange(900) / 1000:.3f}", version)
                    at = generator.randrange(3)
                    out[received[at]].append(row)
                    if generator.random() < 0.1:
                        out[generator.choice(received[at:])].append(row)  # a replay
                    if generator.random() < 0.01:
                        out[generator.choice(received)].append(row[:3] + ("8.888", version))  # a contradiction
    return out


def one_settlement_whatever_the_order(context):
    """Random orders of a set of readings, corrections and replays: one digest, one settlement."""
    orders = context.options.orders
    generator = random.Random(20260610)
    meters = [mpan(140_000_000_000 + number) for number in range(3)]
    estate = harness.small_estate(context.folder / "estate", meters)
    date = day("2026-06-10")
    rows = random_set(generator, meters, date)
    store, out = context.folder / "store", context.folder / "out"
    seen = collections.Counter()
    for _ in range(orders):
        shutil.rmtree(store, ignore_errors=True)
        runs = list(rows.items())
        generator.shuffle(runs)
        for received_at, batch in runs:
            generator.shuffle(batch)
            write_csv(context.folder / "r.csv", HEADER, batch)
            digest = context.program.replay(estate, context.folder / "r.csv", store, "--received-at", received_at)["digest"]
        hashes = [digest]
        for run in ("II", "SF"):
            context.program.run("settle", "--store", store, "--run", run, "--date", date, "--out", out, "--json", "--threads", 1)
            hashes.append(hashlib.sha256(b"".join(bytes_of(out).values())).hexdigest())
        seen[tuple(hashes)] += 1
    check_equal(list(seen.values()), [orders], f"one outcome of all orders: {seen}")
    check_equal(len(set(next(iter(seen)))), 3, "II and SF differ")


def the_system_clock_does_not_matter(context):
    meters = [mpan(150_000_000_000 + number) for number in range(3)]
    estate = harness.small_estate(context.folder / "estate", meters)
    date = day("2026-06-10")
    rows = random_set(random.Random(4), meters, date)
    check(shutil.which("faketime"), "faketime is installed with the packages of the tests")
    real = context.program.path
    outcomes = []
    for clock in ("2014-05-05 05:05:05", "2030-06-15 12:00:00"):
        store = context.fresh("store")

        def run(*arguments):
            program = harness.Program(shutil.which("faketime"))
            return program.run("-f", clock, real, *arguments)

        digest = None
        for received_at, batch in rows.items():
            write_csv(context.folder / "r.csv", HEADER, batch)
            digest = json.loads(run("replay", "--estate", estate, "--reads", context.folder / "r.csv", "--store", store, "--json",
                                    "--received-at", received_at))["digest"]
        settled = []
        for code in ("II", "SF", "RF"):
            out = context.fresh("out")
            run("settle", "--store", store, "--run", code, "--date", date, "--out", out)
            settled.append(bytes_of(out))
        exports = [run("export", kind, "--store", store) for kind in ("readings", "feeder-load", "gaps", "rejects")]
        outcomes.append((digest, settled, exports))
    check_equal(outcomes[0] == outcomes[1], True, "what was made in 2014 and in 2030")


if __name__ == "__main__":
    harness.main(__doc__, [a_year_of_59_households, known_at_each_gate, what_is_refused,
                           both_views_over_the_clock_changes_TM_11, groups_sum_as_feeders_do_AG_06_SR_09,
                           one_settlement_whatever_the_order, the_system_clock_does_not_matter],
                 lambda parser: parser.add_argument("--orders", type=int, default=100, help="random orders of one set of readings"))
