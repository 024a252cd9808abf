#!/usr/bin/env python3
"""What an export of cohort checks that stands still in the middle costs twins and a replay into its store (VA-15).

    paused_cohort.py --program build/release/gridtwin [--runs 5] [--meters 20000]

In turn with and without it: single readings to twins by their handles (`bench twins --path handle`, 20,000 a run), and a replay of a
day into a copy of the store that the export reads. Prints medians and ratios; takes less than a minute.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import harness  # in tests/system

MANY_ROWS = ("--z", "0.5", "--stuck", 2, "--zero-run", 1, "--drop", 99, "--budget", 1000)


def measured(context, estate, store, more, paused):
    """p50 and p99 of single readings in microseconds, and seconds of a replay, beside a paused export or without one."""
    copy = context.fresh("store")
    shutil.copytree(store, copy)
    beside = harness.PausedExport(context, copy, *MANY_ROWS) if paused else contextlib.nullcontext()
    with beside as export:
        twins = json.loads(context.program.run("bench", "twins", "--path", "handle", "--meters", context.options.meters,
                                                       "--rounds", 1, "--json"))
        begin = time.monotonic()
        context.program.replay(estate, more, copy)
        replay_s = time.monotonic() - begin
        harness.check(not paused or export.state() == "T", "the export was to stand still all the time")
    shutil.rmtree(copy)
    return {"p50, us": twins["single_p50_us"], "p99, us": twins["single_p99_us"], "replay, s": replay_s}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--meters", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridtwin-paused-") as folder:
        context = harness.Context(argparse.Namespace(program=options.program, meters=options.meters), pathlib.Path(folder))
        estate, store = context.folder / "estate", context.folder / "first"
        context.program.run("sim", "estate", "--meters", options.meters, "--out", estate)
        reads = [context.folder / f"{day}.csv" for day in (1, 2)]
        for day, file in enumerate(reads, 1):
            context.program.run("sim", "reads", "--estate", estate, "--from", f"2026-03-0{day}", "--days", 1, "--seed", day, "--out", file)
        context.program.replay(estate, reads[0], store)
        found = {paused: [] for paused in (False, True)}
        for turn in range(options.runs):
            for paused in (False, True) if turn % 2 == 0 else (True, False):
                found[paused].append(measured(context, estate, store, reads[1], paused))
                print(f"run {turn + 1}, {'paused' if paused else 'alone '}: {found[paused][-1]}", file=sys.stderr, flush=True)
    print("| medians | without | beside a paused export | ratio |\n|---|---|---|---|")
    for name in found[True][0]:
        alone, beside = (statistics.median(run[name] for run in found[paused]) for paused in (False, True))
        print(f"| {name} | {alone:.4g} | {beside:.4g} | {beside / alone:.2f} |")


if __name__ == "__main__":
    main()
