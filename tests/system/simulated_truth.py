#!/usr/bin/env python3
"""A replay of simulated readings with every kind of fault finds exactly what the simulator says is in them, and the exports
follow from the readings as an independent computation has it."""

import json

import harness
import model
import oracle
from harness import check, check_equal


def tm_07_replay_finds_the_truth(context):
    program, folder = context.program, context.folder
    options = context.options
    estate, reads, truth, store = (folder / name for name in ("estate", "reads.csv", "truth.json", "store"))
    program.run("sim", "estate", "--meters", options.meters, "--out", estate, "--seed", options.seed)
    program.run("sim", "reads", "--estate", estate, "--from", "2026-03-28", "--days", options.days, "--seed", options.seed,
                "--out", reads, "--faults", "all", "--truth", truth)
    told = json.loads(truth.read_text())
    check(all(count > 0 for count in told["injected"].values()), f"every kind of fault is there: {told['injected']}")
    summary = program.replay(estate, reads, store)
    for name, expected in told["expected"].items():
        found = summary.get(name)
        if isinstance(found, dict) and isinstance(expected, dict):
            found = {key: value for key, value in found.items() if value or key in expected}
        elif isinstance(found, dict):
            found = harness.total(found)
        check_equal(found, expected, f"replay's `{name}`")
    readings, gaps = oracle.check_exports(program, store, model.Estate(estate))
    check_equal((summary["gaps"], summary["gap_periods"]), (len(gaps), sum(gap[4] for gap in gaps)), "gaps of the summary")
    harness.say(f"{summary['readings']} readings, {len(readings)} current, in {summary['elapsed_s']} s")


def one_seed_gives_the_same_bytes(context):
    program, made = context.program, []
    for number in range(2):
        estate, reads = context.folder / f"estate{number}", context.folder / f"reads{number}.csv"
        program.run("sim", "estate", "--meters", 500, "--out", estate, "--seed", 42)
        program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", 1, "--seed", 42, "--out", reads,
                    "--faults", "all")
        made.append([(file.name, file.read_bytes()) for file in sorted(estate.iterdir())] + [("reads", reads.read_bytes())])
    check(made[0] == made[1], "the same seed gave other bytes")


def arguments(parser):
    parser.add_argument("--meters", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=3)


if __name__ == "__main__":
    harness.main(__doc__, [tm_07_replay_finds_the_truth, one_seed_gives_the_same_bytes], arguments)
