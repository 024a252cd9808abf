#!/usr/bin/env python3
"""Load shapes as exported equal the means that an independent model takes of the same readings (ES-02 to ES-04): whatever the
order of files and threads, as known at any instant, after more readings and after a change of the estate."""

import csv
import io
import random

import model
import oracle
from harness import check, check_equal, check_same_bytes, main, mpan, read_csv, utc, utc_text, write_csv, write_estate

COLUMNS = "gsp_group,connection_type,market_segment,domestic,quantity,period_end,value,flag"
LATER = "2026-03-04T06:10:00Z"


def random_rows(chance, transformers, feeders=2, meters=7):
    """Rows of the three files: several categories a feeder; some meters move, exports, or change their category at MOVE."""
    stations = [{"transformer_id": f"T{number}", "rating_kva": "500", "gsp_group": chance.choice(["_A", "_C", "_P"])}
                for number in range(transformers)]
    lines = [{"transformer_id": station["transformer_id"], "feeder_id": f"F{number}"}
             for station in stations for number in range(feeders)]

    def category():
        return {"connection_type": chance.choice("WWWL"), "market_segment": chance.choice("SSA"), "domestic": chance.choice("TTTF")}

    rows, number = [], 100_000_000_000
    for line in lines:
        for _ in range(meters):
            number += chance.randrange(1, 1000)
            row = {"mpan": mpan(number), **line, **category(), "quantities": "AI|AE" if chance.random() < 0.2 else "",
                   "effective_from": "", "effective_to": ""}
            kind = chance.random()
            if kind < 0.15:
                rows += [{**row, "effective_to": oracle.MOVE},
                         {**row, **chance.choice(lines), **category(), "effective_from": oracle.MOVE}]
            else:
                rows.append(row)
    rows.append({"mpan": mpan(number + 1), **lines[0], "connection_type": "E", "market_segment": "U", "domestic": "F"})
    return stations, lines, rows


class Case:
    """An estate with its readings, in files that may come in any order."""

    def __init__(self, context, seed, days=2):
        self.context, self.chance = context, random.Random(seed)
        self.stations, self.lines, self.meters = random_rows(self.chance, transformers=4)
        self.bind()
        # What one category's limit refuses, another's may accept: that is another test's matter.
        self.rows = [row for row in oracle.random_readings(self.estate, self.chance, days)
                     if row[0] != self.silent and row[3] not in ("60.001", "5000")]
        self.profile = context.fresh("profile").with_suffix(".toml")
        self.profile.write_text(oracle.PROFILE)

    def bind(self):
        self.folder = write_estate(self.context.fresh("estate"), self.stations, self.lines, self.meters)
        self.estate = model.Estate(self.folder)
        self.silent = self.meters[-1]["mpan"]  # the only one of its category, and without readings

    def write(self, rows):
        return write_csv(self.context.fresh("reads").with_suffix(".csv"), oracle.HEADER, rows)

    def replay(self, store, reads, *more):
        return self.context.program.replay(self.folder, reads, store, "--format", self.profile, *more)

    def check(self, store, rows, what, *more):
        expected = model.load_shapes(self.estate, model.judge(self.estate, rows).readings)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([COLUMNS.split(","), *expected])
        found = self.context.program.export("load-shapes", store, *more)
        check_same_bytes(found.decode(), text.getvalue(), what)
        return expected


def means_of_actuals(context):
    for seed in range(4):
        case = Case(context, seed)
        store = context.fresh("store")
        case.replay(store, case.write(case.rows))
        rows = case.check(store, case.rows, f"seed {seed}: load-shapes")
        check(len({row[:5] for row in rows}) >= 8, "several categories")
        check({row[7] for row in rows if row[1] == "E"} == {"B"}, "an empty category has no data")


def whatever_the_order(context):
    case = Case(context, 20)
    texts = []
    for number, threads in enumerate((1, 2, 2)):
        rows = list(case.rows)
        case.chance.shuffle(rows)
        files = [case.write(rows[place::3]) for place in range(3)]
        store = context.fresh("store")
        if number == 2:  # in runs of their own
            for file in files:
                case.replay(store, file, "--threads", threads)
        else:
            case.replay(store, files, "--threads", threads)
        case.check(store, rows, f"order {number}")
        texts.append(context.program.export("load-shapes", store))
    check(texts[0] == texts[1] == texts[2], "the same bytes")


def as_known_at(context):
    """Rows of the first file are known from the end of their periods, those of the others when they were received."""
    for seed in range(30, 33):
        case = Case(context, seed)
        store = context.fresh("store")
        parts = [case.rows[place::3] for place in range(3)]
        received = [None, "2026-03-02T09:40:00Z", LATER]
        for rows, instant in zip(parts, received):
            case.replay(store, case.write(rows), *(["--received-at", instant] if instant else []))

        def known(row, instant, at):
            try:
                end = utc(row[2])
            except ValueError:
                return False
            return (utc(instant) if instant else end) <= at

        cuts = ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-02T09:39:59Z", "2026-03-02T09:40:00Z",
                "2026-03-03T00:00:00Z", "2026-03-04T06:09:59Z", LATER, "2026-05-01T00:00:00Z"]
        seen = set()
        for cut in cuts:
            rows = [row for part, instant in zip(parts, received) for row in part if known(row, instant, utc(cut))]
            seen.add(len(case.check(store, rows, f"seed {seed}: as known at {cut}", "--as-known-at", cut)))
        check(len(seen) > 2, "cuts before and after show different days")
        case.check(store, case.rows, f"seed {seed}: all that is known")


def after_a_change_of_the_estate(context):
    for seed in range(40, 43):
        case = Case(context, seed)
        store = context.fresh("store")
        half = len(case.rows) // 2
        case.replay(store, case.write(case.rows[:half]))
        case.check(store, case.rows[:half], f"seed {seed}: before")
        for row in case.chance.sample(case.meters, 6):
            row["domestic"] = "F" if row["domestic"] == "T" else "T"
            row["market_segment"] = case.chance.choice("SAU")
        case.stations[1]["gsp_group"] = "_B"
        case.bind()
        late = [row for row in case.rows[half:] if row[2] >= "2026-03-02T12"]  # leaves days as they were summarised
        case.replay(store, case.write(late))
        case.check(store, case.rows[:half] + late, f"seed {seed}: after")
        fresh = {**case.meters[0], "mpan": mpan(999_999_999_000), "effective_from": "", "effective_to": "", "quantities": ""}
        case.meters.insert(0, fresh)
        case.bind()
        more = [[fresh["mpan"], "AI", utc_text(utc("2026-03-02") + 1800 * number), "0.5", "A", "", "1"] for number in range(1, 30)]
        case.replay(store, case.write(more))
        case.check(store, case.rows[:half] + late + more, f"seed {seed}: with a new meter")


def parts_of_the_export(context):
    case = Case(context, 50)
    store, program = context.fresh("store"), context.program
    case.replay(store, case.write(case.rows))
    whole = program.rows("load-shapes", store)
    begin, end = "2026-03-01T10:00:00Z", "2026-03-02T09:30:00Z"
    inside = [row for row in whole if utc(row["period_end"]) - model.PERIOD_S in range(utc(begin), utc(end))]
    check(inside and len(inside) < len(whole), "a part")
    check_equal(program.rows("load-shapes", store, "--from", begin, "--to", end), inside, "load-shapes --from --to")
    check_equal(program.rows("load-shapes", store, "--from", "2027-01-01T00:00:00Z"), [], "none of another year")
    for option in (("--mpan", case.meters[0]["mpan"]), ("--transformer", "T1")):
        done = program.try_run("export", "load-shapes", "--store", store, *option)
        check(done.status == 2 and b"whole estate" in done.err, f"load-shapes of a part of the estate: {done.describe()}")
    check_equal(read_csv(program.export("load-shapes", store))[0].keys(), dict.fromkeys(COLUMNS.split(",")).keys(), "columns")


if __name__ == "__main__":
    main(__doc__, [means_of_actuals, whatever_the_order, as_known_at, after_a_change_of_the_estate, parts_of_the_export])
