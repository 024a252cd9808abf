#!/usr/bin/env python3
"""The meters of feeders against each other: every row against a second computation, planted faults against what is found of them,
and an export that stands still while a replay writes to its store."""

import fractions
import random

import cohort_model
import harness
import model
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate

HEADER = "mpan,period_end,kwh,version"
FIRST = utc("2026-03-01")
HALF_HOUR, DAY = 1800, 86_400
MOVE = "2026-03-02T11:00:00Z"
SILENT_MOVE = "2026-03-07"  # on a day of which nothing is read


def kwh(wh):
    return f"{wh // 1000}.{wh % 1000:03}"


def row_of(meter, end, wh, version=1):
    return meter, utc_text(end), kwh(wh), version


# -- every row -------------------------------------------------------------------------------------------------------------

def random_estate(folder, chance):
    """Three transformers with three feeders of 4 to 26 meters of every kind; some move, some change where they are."""
    stations = [{"transformer_id": f"T{n}", "rating_kva": "500", "gsp_group": "_C"} for n in range(3)]
    lines = [{"transformer_id": s["transformer_id"], "feeder_id": f"F{n}"} for s in stations for n in range(3)]
    rows, number = [], 100_000_000_000
    for line in lines:
        for _ in range(chance.choice([4, 13, 18, 26])):
            number += chance.randrange(1, 1000)
            kind = chance.random()
            row = {"mpan": mpan(number), **line, "energisation": "D" if kind > 0.96 else "E",
                   "connection_type": "L" if kind < 0.05 else "W", "domestic": "F" if kind < 0.3 else "T",
                   "quantities": chance.choice(["AI|AE", "AE", "AI"]) if kind > 0.9 else "", "effective_from": "",
                   "effective_to": ""}
            change = chance.random()
            if change < 0.1:
                other = chance.choice(lines) if change < 0.05 else {"domestic": "T", "energisation": "E", "quantities": "AI|AE"}
                at = chance.choice([MOVE, SILENT_MOVE])
                rows += [{**row, "effective_to": at}, {**row, **other, "effective_from": at}]
            else:
                rows.append({**row, "effective_from": MOVE if change > 0.97 else "", "effective_to": SILENT_MOVE if change > 0.93 else ""})
    return write_estate(folder, stations, lines, rows)


def random_values(estate, chance):
    """(MPAN, end) -> Wh, three days that begin late and end early, with everything in them that a check is about, and a stray one a
    week later."""
    values = {}
    ends = range(FIRST + 9 * HALF_HOUR, FIRST + 3 * DAY - 4 * HALF_HOUR, HALF_HOUR)
    for meter, rows in estate.of_meter.items():
        size = chance.choice([2, 3, 4, 5])
        for end in ends:
            if chance.random() < 0.99 and any(row.holds(end) and "AI" in row.quantities for row in rows):
                usual = chance.randrange(100, 140) * size
                values[meter, end] = usual if chance.random() < 0.95 else chance.choice([0, 1, chance.randrange(400)])
        for _ in range(chance.choice([0, 0, 1, 3])):  # stuck, at nothing, or large, perhaps over midnight
            begin, length = chance.choice(ends), chance.choice([3, 5, 6, 8, 9, 30, 60])
            wh = chance.choice([0, 0, 213, 213, 20_000])
            for end in range(begin, begin + length * HALF_HOUR, HALF_HOUR):
                if (meter, end) in values:
                    values[meter, end] = wh
    places = {meter: (rows[0].transformer, rows[0].feeder) for meter, rows in estate.of_meter.items()}
    for depth, share in ((2, 1), (2, 0.5), (2, 0.12), (1, 1), (1, 0.3), (0, 1), (0, 0.3)):  # of a feeder, a transformer, of all
        where, begin, length = chance.choice(sorted(places.values()))[:depth], chance.choice(ends), chance.choice([1, 5, 20])
        wh = chance.choice([None, None, 0, 214])
        for meter in sorted(places):
            if places[meter][:depth] == where and chance.random() < share:
                for end in range(begin, begin + length * HALF_HOUR, HALF_HOUR):
                    if wh is None:
                        values.pop((meter, end), None)
                    elif (meter, end) in values:
                        values[meter, end] = wh
    meter, end = chance.choice(sorted(values))[0], FIRST + 10 * DAY + 7 * HALF_HOUR
    if any(row.holds(end) and "AI" in row.quantities for row in estate.of_meter[meter]):
        values[meter, end] = 5
    return values


def versions_of(values, chance):
    """(rows received first, rows received later, readings that stand at first, and at last) with corrections and contradictions."""
    first, later, before, after = [], [], {}, {}
    for (meter, end), wh in values.items():
        fate = chance.random()
        known = before if fate > 0.04 else {}
        (first if fate > 0.04 else later).append(row_of(meter, end, wh))
        known[meter, end] = {1: wh}
        after[meter, end] = {1: wh}
        if fate > 0.98:
            later.append(row_of(meter, end, wh + 100, 2))
            after[meter, end][2] = wh + 100
        elif fate > 0.96:  # whoever contradicts leaves nothing standing
            first.append(row_of(meter, end, wh + 1))
            known[meter, end][1] = after[meter, end][1] = None
        elif fate > 0.95:
            later += [row_of(meter, end, wh + 7, 3), row_of(meter, end, wh + 8, 3)]
            after[meter, end][3] = None
    return first, later, before, after


OPTIONS = [({}, ()),
           ({"z": fractions.Fraction(9, 4), "stuck": 3, "zero": 4, "drop": 20, "smallest": 4, "budget": 1000},
            ("--z", "2.25", "--stuck", 3, "--zero-run", 4, "--drop", 20, "--min-cohort", 4, "--budget", 1000)),
           ({"scale": "wh", "smallest": 6, "budget": 2}, ("--scale", "wh", "--min-cohort", 6, "--budget", 2))]


def rows_against_a_second_computation(context):
    """Whole, in parts, as it was known at an instant; whatever files the readings came in."""
    seen = set()
    for seed in range(3):
        chance = random.Random(seed)
        folder = random_estate(context.fresh("estate"), chance)
        estate = model.Estate(folder)
        first, later, before, after = versions_of(random_values(estate, chance), chance)
        store, other = context.fresh("store"), context.fresh("store")
        received = "2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z"
        for rows, at in ((first, received[0]), (later, received[1])):
            context.program.replay(folder, write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows), store,
                                   "--received-at", at, "--threads", 2)
        rows = first + later
        chance.shuffle(rows)
        files = [write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows[n::3]) for n in range(3)]
        for file in files:
            context.program.replay(folder, file, other, "--threads", 1)
        for given, options in OPTIONS:
            limits, what = cohort_model.Limits(**given), f"seed {seed}, {options}"
            text = context.program.export("cohort-checks", store, *options).decode()
            check_same_bytes(text, cohort_model.Checks(estate, after, limits).text(), what)
            check_same_bytes(context.program.export("cohort-checks", other, *options).decode(), text, f"{what}, other files")
            check_same_bytes(context.program.export("cohort-checks", store, "--as-known-at", received[0], *options).decode(),
                             cohort_model.Checks(estate, before, limits).text(), f"{what}, as known before")
            check_same_bytes(context.program.export("cohort-checks", store, "--transformer", "T1", *options).decode(),
                             cohort_model.Checks(estate, after, limits, "T1").text(), f"{what}, of a transformer")
            check_same_bytes(context.program.export("cohort-checks", store, "--transformer", "T1", "--feeder", "F2", *options).decode(),
                             cohort_model.Checks(estate, after, limits, "T1", "F2").text(), f"{what}, of a feeder")
            check_same_bytes(context.program.export("cohort-checks", store, "--from", MOVE, "--to", "2026-03-02T12:00:00Z",
                                                    *options).decode(),
                             cohort_model.Checks(estate, after, limits, days={FIRST + DAY}).text(), f"{what}, of a day")
            seen |= {(row["check"], bool(row["mpan"]), bool(row["feeder_id"]), bool(row["transformer_id"]))
                     for row in harness.read_csv(text.encode())}
            meter = next((row["mpan"] for row in harness.read_csv(text.encode()) if row["mpan"]), chance.choice(list(estate.of_meter)))
            of_meter = [row for place in sorted({(row.transformer, row.feeder) for row in estate.of_meter[meter]})
                        for row in cohort_model.Checks(estate, after, limits, *place).rows if row[2] == meter]
            check_equal([list(row.values()) for row in context.program.rows("cohort-checks", store, "--mpan", meter, *options)],
                        of_meter, f"{what}, of a meter")
    expected = {(name, of_meter, True, True) for name in ("outlier", "stuck", "zero-run") for of_meter in (True, False)}
    expected |= {("fleet-drop", False, *above) for above in ((True, True), (False, True), (False, False))}
    expected.add(("left-out", False, True, True))
    check_equal(seen, expected, "what was in it: every check, of meters and of cohorts, feeders, transformers, all")


# -- what is planted -------------------------------------------------------------------------------------------------------

class Planted:
    """Faults in simulated readings: on five days of each feeder a meter is stuck, another one at nothing, each for six hours,
    and a third uses ten or twenty times what it would for two; on a sixth the feeder is silent for six hours."""

    LENGTHS = {"stuck": 12, "zero-run": 12, "outlier": 4}
    TIMES = (10, 20)

    def __init__(self, rows, feeders, chance):
        self.rows, self.faults = rows, []  # (check and how, transformer, feeder, MPAN or nothing, first, last)
        for place, meters in feeders.items():
            silent = FIRST + DAY * chance.randrange(6)
            for day in range(FIRST, FIRST + 6 * DAY, DAY):
                for (check_name, length), meter in zip(self.LENGTHS.items(), chance.sample(meters, len(self.LENGTHS))):
                    if day != silent:
                        self.plant(check_name, place, meter, day + HALF_HOUR * chance.randrange(1, 49 - length), length)
            begin = silent + HALF_HOUR * chance.randrange(1, 37)
            for meter in meters:
                for end in range(begin, begin + 12 * HALF_HOUR, HALF_HOUR):
                    self.rows.pop((meter, end))
            self.faults.append(("fleet-drop", *place, "", begin, begin + 11 * HALF_HOUR))

    def plant(self, check_name, place, meter, begin, length):
        ends = [begin + HALF_HOUR * n for n in range(length)]
        times = self.TIMES[begin // DAY % 2]
        for end in ends:
            usual = self.rows[meter, end]
            self.rows[meter, end] = {"stuck": max(self.rows[meter, begin], 1), "zero-run": 0, "outlier": usual * times}[check_name]
        self.faults.append((check_name if check_name != "outlier" else f"outlier x{times}", *place, meter, ends[0], ends[-1]))

    def tells_of(self, row, fault):
        """Whether a finding is of a planted fault: of its meter, or of what its meter or feeder has a cause in common with."""
        name, transformer, feeder, meter, first, last = fault
        return (row["check"] == name.split()[0] and row["transformer_id"] in (transformer, "") and row["feeder_id"] in (feeder, "")
                and row["mpan"] in (meter, "") and utc(row["first_period_end"]) <= last and utc(row["last_period_end"]) >= first)


def scorecard(planted, rows):
    """({check and how: (planted, found of them)}, {check: (findings, findings that tell of one)})"""
    recall, precision = {}, {}
    for name in ("outlier x10", "outlier x20", "stuck", "zero-run", "fleet-drop"):
        faults = [fault for fault in planted.faults if fault[0] == name]
        recall[name] = len(faults), sum(any(planted.tells_of(row, fault) for row in rows) for fault in faults)
    for name in ("outlier", "stuck", "zero-run", "fleet-drop"):
        found = [row for row in rows if row["check"] == name]
        precision[name] = len(found), sum(any(planted.tells_of(row, fault) for fault in planted.faults) for row in found)
    return recall, precision


def simulated_households(context, size, seed):
    """(estate, {feeder: meters}, {(MPAN, end): Wh}) of simulated readings for feeders of one size."""
    feeders = {(f"T{n}", "F1"): [mpan(100_000_000_000 + n * 1000 + m) for m in range(size)] for n in range(max(600 // size, 12))}
    estate = write_estate(context.fresh("estate"),
                          [{"transformer_id": t, "rating_kva": "500", "gsp_group": "_C"} for t, _ in feeders],
                          [{"transformer_id": t, "feeder_id": f} for t, f in feeders],
                          [{"mpan": m, "transformer_id": t, "feeder_id": f} for (t, f), meters in feeders.items() for m in meters])
    reads = context.fresh("reads").with_suffix(".csv")
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", 6, "--seed", seed, "--out", reads)
    return estate, feeders, {(row["mpan"], utc(row["period_end"])): round(float(row["kwh"]) * 1000)
                             for row in harness.read_csv(reads)}


# By meters of a feeder: per cent of what is planted that are found, and of findings that tell of it, at least.
LEAST = {12: ({"outlier x10": 59, "outlier x20": 79, "stuck": 100, "zero-run": 98, "fleet-drop": 100}, {"outlier": 47}),
         30: ({"outlier x10": 49, "outlier x20": 65, "stuck": 100, "zero-run": 100, "fleet-drop": 100}, {"outlier": 100}),
         100: ({"outlier x10": 53, "outlier x20": 80, "stuck": 100, "zero-run": 100, "fleet-drop": 100}, {"outlier": 100})}


def va_15_planted_faults_are_found(context):
    """Precision and recall for each check and size of cohort: printed, and no worse than what README.md says."""
    for size, (least_recall, least_precision) in LEAST.items():
        estate, feeders, values = simulated_households(context, size, 1)
        planted = Planted(values, feeders, random.Random(size))
        store = context.fresh("store")
        context.program.replay(estate, write_csv(context.fresh("reads").with_suffix(".csv"), HEADER,
                                                 [row_of(meter, end, wh) for (meter, end), wh in planted.rows.items()]), store)
        text = context.program.export("cohort-checks", store)
        if size == 12:
            expected = cohort_model.Checks(model.Estate(estate), {key: {1: wh} for key, wh in planted.rows.items()})
            check_same_bytes(text.decode(), expected.text(), "what is found by a second computation")
        recall, precision = scorecard(planted, harness.read_csv(text))
        for name, (count, found) in recall.items():
            harness.say(f"{size:>4} meters: {name:<11} {found:>3} of {count:>3} planted are found: {100 * found / count:.1f} %")
            check(100 * found >= least_recall[name] * count, f"{name}: fewer than {least_recall[name]} per cent are found")
        for name, (count, right) in precision.items():
            least = least_precision.get(name, 100)
            harness.say(f"{size:>4} meters: {name:<11} {right:>3} of {count:>3} findings are right:  {100 * right / count:.1f} %")
            check(100 * right >= least * count, f"{name}: fewer than {least} per cent of findings are right")


# -- an export that stands still -------------------------------------------------------------------------------------------

def va_15_a_paused_export_holds_up_no_replay(context):
    """The replay ends, and the store is the same as where nothing was paused; the export then goes on with what it began with."""
    estate = context.folder / "estate"
    context.program.run("sim", "estate", "--meters", 6000, "--out", estate)
    first, next_days, other = (context.fresh("reads").with_suffix(".csv") for _ in range(3))
    for file, day, seed, faults in ((first, 1, 1, "all"), (next_days, 3, 2, "all"), (other, 1, 3, "none")):
        context.program.run("sim", "reads", "--estate", estate, "--from", f"2026-03-0{day}", "--days", 2, "--seed", seed, "--out", file,
                            *(() if faults == "none" else ("--faults", faults)))
    corrections = write_csv(context.fresh("reads").with_suffix(".csv"), "mpan,quantity,period_end,kwh,version",
                            [(row["mpan"], row["quantity"], row["period_end"], row["kwh"], 9) for row in harness.read_csv(other)])
    added = [next_days, corrections]  # what the export has still to read is changed, too
    paused, free = context.fresh("store"), context.fresh("store")
    for store in (paused, free):
        context.program.replay(estate, first, store)
    options = ("--z", "0.5", "--stuck", 2, "--zero-run", 1, "--drop", 99, "--budget", 1000)  # many rows
    before = context.program.export("cohort-checks", paused, *options)
    with harness.PausedExport(context, paused, *options) as export:
        check(len(before) > 4 * harness.WRITTEN_AT_ONCE, f"{len(before)} bytes are too few for an export in the middle of them")
        check_equal(export.state(), "T", "state of the export's process")
        summary = context.program.replay(estate, added, paused)
        check_equal(export.state(), "T", "state of the export's process when the replay has ended")
        expected = context.program.replay(estate, added, free)
        check_equal({name: summary[name] for name in ("accepted", "digest", "days")},
                    {name: expected[name] for name in ("accepted", "digest", "days")}, "the replay beside the paused export")
        check_same_bytes(context.program.digests(paused), context.program.digests(free), "digests")
        for kind in ("readings", "feeder-load", "cohort-checks", "rejects"):
            check_same_bytes(context.program.export(kind, paused), context.program.export(kind, free), f"export {kind}")
        check_same_bytes(export.go_on(), before, "the paused export: what the store held when it began")
    after = context.program.export("cohort-checks", paused, *options)
    check(after != before, "the replay has changed what is found")
    check_same_bytes(after, context.program.export("cohort-checks", free, *options), "found afterwards")


# -- use -------------------------------------------------------------------------------------------------------------------

def wrong_use_is_named(context):
    estate = harness.small_estate(context.folder / "estate", [mpan(100_000_000_000)])
    store = context.folder / "store"
    context.program.replay(estate, write_csv(context.folder / "r.csv", HEADER, [row_of(mpan(100_000_000_000), FIRST + 1800, 0)]), store)
    check_equal(context.program.export("cohort-checks", store).decode(), cohort_model.HEADER + "\n", "a cohort of one: the header alone")
    for kind, arguments, word in (("cohort-checks", ["--z", "much"], "--z 'much'"), ("cohort-checks", ["--z", "0"], "--z '0'"),
                                  ("cohort-checks", ["--z", "-1"], "--z"), ("cohort-checks", ["--z", "1.2345"], "three decimals"),
                                  ("cohort-checks", ["--scale", "ln"], "--scale"), ("cohort-checks", ["--stuck", "1"], "--stuck"),
                                  ("cohort-checks", ["--budget", "0"], "--budget"), ("cohort-checks", ["--drop", "100"], "--drop"),
                                  ("gaps", ["--z", "3"], "cohort-checks")):
        done = context.program.try_run("export", kind, "--store", store, *arguments)
        check(done.status == 2 and word in done.err.decode().splitlines()[0], done.describe())
    found = context.program.export("cohort-checks", store, "--json")
    check_equal(found, b"", "no finding, no line")


if __name__ == "__main__":
    harness.main(__doc__, [rows_against_a_second_computation, va_15_planted_faults_are_found,
                           va_15_a_paused_export_holds_up_no_replay, wrong_use_is_named])
