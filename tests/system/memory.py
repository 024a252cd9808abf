#!/usr/bin/env python3
"""Memory does not grow with the number of readings: peak of a replay of more and more rows of one estate, ordered by meter and
by time. The fewest rows are enough to fill all that is bounded: shorter runs end before. `--rows 20000000 40000000 100000000`
for the long form."""

import datetime

import harness
from harness import check

GROWTH = 1.15
ALLOWANCE_BYTES = 24 * 1024 * 1024  # by how much two runs of the same rows may differ; a byte a row would be 10 MB
ROWS_A_FILE = 5_000_000


def half_hours(count):
    """Ends of the first `count` half hours of a time in winter."""
    begin = datetime.datetime(2020, 1, 1)
    return [(begin + datetime.timedelta(minutes=30 * (number + 1))).strftime("%Y-%m-%dT%H:%M:%SZ") for number in range(count)]


def rows_by_time(meters, ends):
    heads = [f"{meter}," for meter in meters]
    for number, end in enumerate(ends):
        tail = f",0.{number % 997:03}\n"
        yield "".join([f"{head}{end}{tail}" for head in heads])


def rows_by_meter(meters, ends):
    tails = [f",{end},0.{number % 997:03}\n" for number, end in enumerate(ends)]
    for meter in meters:
        yield "".join([meter + tail for tail in tails])


def write(folder, blocks, rows_a_block):
    """Files of at most ROWS_A_FILE rows."""
    folder.mkdir()
    file, left = None, 0
    for number, block in enumerate(blocks):
        if left < rows_a_block:
            if file:
                file.close()
            file = open(folder / f"{number:09}.csv", "w", encoding="ascii")  # pylint: disable=consider-using-with
            file.write("mpan,period_end,kwh\n")
            left = max(ROWS_A_FILE, rows_a_block)
        file.write(block)
        left -= rows_a_block
    file.close()


def peak_of(context, estate, meters, order, rows):
    ends = half_hours(rows // len(meters))
    folder, store = context.fresh("reads"), context.fresh("store")
    if order == "time":
        write(folder, rows_by_time(meters, ends), len(meters))
    else:
        write(folder, rows_by_meter(meters, ends), len(ends))
    summary = context.program.replay(estate, folder, store)
    check(summary["accepted"] == len(meters) * len(ends), f"all readings are accepted: {summary}")
    peak = summary["peak_rss_bytes"]
    harness.say(f"{order}: {summary['readings']:>11,} readings, peak {peak / 1e6:7.1f} MB, {summary['elapsed_s']} s")
    harness.shutil.rmtree(folder)
    harness.shutil.rmtree(store, ignore_errors=True)
    return peak


def run(context, order):
    estate = context.folder / "estate"
    context.program.run("sim", "estate", "--meters", context.options.meters, "--out", estate, "--seed", 1)
    meters = [row["mpan"] for row in harness.read_csv(estate / "meters.csv")]
    fewest, *more = sorted(context.options.rows)
    # How many groups happen to be in flight at once decides some 20 MB: of the fewest rows the larger of two runs counts.
    least = max(peak_of(context, estate, meters, order, fewest) for _ in range(2))
    for rows in more:
        peak = peak_of(context, estate, meters, order, rows)
        check(peak <= least * GROWTH + ALLOWANCE_BYTES,
              f"ordered by {order}, {rows} rows peak at {peak} bytes, the fewest at {least}")


def ordered_by_meter(context):
    run(context, "meter")


def ordered_by_time(context):
    run(context, "time")


def arguments(parser):
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000_000, 40_000_000])
    parser.add_argument("--meters", type=int, default=2000)


if __name__ == "__main__":
    harness.main(__doc__, [ordered_by_meter, ordered_by_time], arguments)
