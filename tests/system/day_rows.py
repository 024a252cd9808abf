#!/usr/bin/env python3
"""`export settlement-day`: 48 values and qualities a meter, quantity and UTC day, against what was sent and against `export readings`."""

import collections
import random

import harness
from harness import check, check_equal, check_same_bytes, mpan, read_csv, utc, utc_text, write_csv
from moved_rows import ELEVEN, estate_of

KIND = "settlement-day"
HEADER = "mpan,quantity,period_end,kwh,version,quality,reason"
COLUMNS = ["mpan", "quantity", "settlement_date_utc"] + [f"{letter}{number}" for letter in "pq" for number in range(1, 49)]
DAY_S = 86_400


def pivoted(rows):
    """The table that rows of `export readings` make: a half hour belongs to the date that began before its end."""
    out = collections.defaultdict(dict)
    for row in rows:
        end = utc(row["period_end"])
        begin = (end - 1) // DAY_S * DAY_S
        number = (end - begin) // 1800
        out[row["mpan"], row["quantity"], utc_text(begin)[:10]].update(
            {f"p{number}": f"{int(row['wh']) // 1000}.{int(row['wh']) % 1000:03d}", f"q{number}": row["quality"]})
    return [{**dict.fromkeys(COLUMNS, ""), **dict(zip(COLUMNS, key)), **cells} for key, cells in sorted(out.items())]


def check_is_pivot(program, store, *more):
    table = program.export(KIND, store, *more)
    check_equal(table.decode().splitlines()[0].split(","), COLUMNS, "columns")
    check_equal(read_csv(table) == pivoted(program.rows("readings", store, *more)), True, f"the table and a pivot of readings, {more}")
    return read_csv(table)


def random_rows(generator, meters):
    """Around both changes of the clock, which no row shows: half hours, corrections, contradictions, estimates, holes."""
    out = []
    for first in ("2026-03-28", "2026-10-24"):
        for number in range(1, 4 * 48 + 1):
            for meter in meters:
                for quantity in ("AI", "AE"):
                    for version in (1, 2, 3):
                        if generator.random() < (0.8, 0.1, 0.05)[version - 1]:
                            estimate = generator.random() < 0.2
                            out.append((meter, quantity, utc_text(utc(first) + 1800 * number), f"{generator.randrange(3000) / 1000:.3f}", version,
                                        "E1" if estimate else "A", "2" if estimate else ""))
    return out + [row[:3] + ("2.999",) + row[4:] for row in generator.sample(out, 40)]


def a_row_a_day_whatever_the_order(context):
    """Sets of readings in any order and batches; every filter; as it was known before the last of them."""
    program = context.program
    meters = [mpan(220_000_000_000 + number) for number in range(4)]
    estate = harness.write_estate(context.folder / "estate", [{"transformer_id": one, "rating_kva": "500", "gsp_group": "_C"} for one in ("T1", "T2")],
                                  [{"transformer_id": one, "feeder_id": feeder} for one in ("T1", "T2") for feeder in ("F1", "F2")],
                                  [{"mpan": one, "transformer_id": ("T2", "T1")[n % 2], "feeder_id": ("F1", "F2")[n // 2], "quantities": "AI|AE"}
                                   for n, one in enumerate(meters)])
    generator = random.Random(48)
    rows = random_rows(generator, meters)
    known = ("2026-11-01T00:00:00Z", "2026-11-05T00:00:00Z")
    stores = []
    for parts in (1, 5):
        store = context.fresh("store")
        for at, batch in zip(known, (rows[::2], rows[1::2])):
            generator.shuffle(batch)
            for part in range(parts):
                program.replay(estate, write_csv(context.fresh("r").with_suffix(".csv"), HEADER, batch[part::parts]), store, "--received-at", at)
        stores.append(store)
    store = stores[0]
    check_same_bytes(program.export(KIND, stores[1]), program.export(KIND, store), "other orders and batches")
    whole = check_is_pivot(program, store)
    check(len(whole) == 4 * 2 * 8, f"rows: {len(whole)}")
    check(any(row[f"p{n}"] == "" for row in whole for n in range(1, 49)), "a half hour at which nothing stands")
    for more in (("--from", "2026-03-29T11:00:00Z", "--to", "2026-03-30T00:30:00Z"), ("--transformer", "T1"), ("--transformer", "T2", "--feeder", "F1"),
                 ("--mpan", meters[2]), ("--as-known-at", known[0]), ("--as-known-at", "2026-01-01T00:00:00Z"),
                 ("--from", "2026-10-25T00:00:00Z", "--to", "2026-10-26T00:00:00Z", "--mpan", meters[0], "--as-known-at", known[0])):
        found = check_is_pivot(program, store, *more)
        check(0 < len(found) < len(whole) or "--as-known-at" in more, f"rows of {more}: {len(found)}")
    check_equal(len(program.export(KIND, store, "--as-known-at", "2026-01-01T00:00:00Z").splitlines()), 1, "before anything was known")


def a_meter_that_moves_has_one_row(context):
    """Both sides of a move at eleven are one row, also of one transformer alone as far as it goes."""
    program, store, one = context.program, context.fresh("store"), mpan(100_000_000_001)
    ends = [utc_text(utc("2026-03-10") + 1800 * number) for number in range(1, 49)]
    estate = estate_of(context, [{"mpan": one, "transformer_id": "TA", "feeder_id": "F1", "effective_to": ELEVEN},
                                 {"mpan": one, "transformer_id": "TB", "feeder_id": "F1", "effective_from": ELEVEN}])
    program.replay(estate, write_csv(context.folder / "r.csv", "mpan,period_end,kwh", [(one, end, f"0.{n:03d}") for n, end in enumerate(ends)]), store)
    (row,) = check_is_pivot(program, store)
    check_equal([row[f"p{n}"] for n in range(1, 49)], [f"0.{n:03d}" for n in range(48)], "values of the day")
    (row,) = check_is_pivot(program, store, "--transformer", "TB")
    check_equal([n for n in range(1, 49) if row[f"p{n}"]], list(range(23, 49)), "half hours at the second place")


if __name__ == "__main__":
    harness.main(__doc__, [a_row_a_day_whatever_the_order, a_meter_that_moves_has_one_row])
