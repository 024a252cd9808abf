#!/usr/bin/env python3
"""Rule packs: what a store is bound to, from which run on, and what the rules make of readings with a "now"."""

import json
import pathlib

import harness
from harness import check, check_equal, mpan, small_estate

ONE = mpan(100_000_000_001)
ENDS = [f"2024-06-01T{hour:02}:00:00Z" for hour in range(1, 9)]


def pack(context, version, *changes):
    """The example of a rule pack with a version and other figures."""
    text = pathlib.Path(__file__).resolve().parents[2].joinpath("config/examples/rules.toml").read_text(encoding="utf-8")
    for old, new in (("version = 1", f"version = {version}"), *changes):
        check(text.count(old) == 1, f"the example has `{old}` once")
        text = text.replace(old, new)
    file = context.fresh("rules").with_suffix(".toml")
    file.write_text(text, encoding="utf-8")
    return file


def file_of(context, *rows):
    reads = context.fresh("reads").with_suffix(".csv")
    reads.write_text("mpan,period_end,kwh\n" + "".join(f"{ONE},{end},{kwh}\n" for end, kwh in rows))
    return reads


def a_pack_holds_until_another_one_comes(context):
    estate, store, program = small_estate(context.folder / "estate", [ONE]), context.fresh("store"), context.program

    def run(end, kwh, *more):
        summary = program.replay(estate, file_of(context, (end, kwh)), store, *more)
        return summary["accepted"], summary["rejected"], summary["warnings"]

    refused = {"over-maximum": 1}
    check_equal(run(ENDS[0], 1), (1, {}, {}), "the built-in pack")
    check_equal(run(ENDS[1], 65), (0, refused, {}), "above 60 kWh at W")
    check_equal(run(ENDS[1], 60), (1, {}, {"over-alarm": 1}), "60 kWh at W: accepted, with an alarm")
    wider = pack(context, 2, ("maximum_wh = 60000", "maximum_wh = 70000"))
    check_equal(run(ENDS[2], 65, "--rules", wider), (1, {}, {"over-alarm": 1}), "the limit raised")
    check_equal(run(ENDS[3], 65), (1, {}, {"over-alarm": 1}), "it holds without being given again")
    check_equal(run(ENDS[4], 65, "--rules", wider), (1, {}, {"over-alarm": 1}), "and may be given again")
    narrow = pack(context, 3, ("maximum_wh = 60000", "maximum_wh = 500"), ("alarm_wh = 34500", "alarm_wh = 400"))
    check_equal(run(ENDS[5], 0.6, "--rules", narrow), (0, refused, {}), "a narrow limit; the run adds no reading")
    check_equal(run(ENDS[5], 0.6), (0, refused, {}), "is bound all the same")
    check_equal(run(ENDS[5], 0.45), (1, {}, {"over-alarm": 1}), "its alarm")
    check_equal(run(ENDS[6], 0.4), (1, {}, {}), "its alarm is above")
    check_equal(len(program.rows("readings", store)), 7, "what was accepted under earlier rules stays")


def a_changed_pack_needs_a_higher_version(context):
    estate, store, program = small_estate(context.folder / "estate", [ONE]), context.fresh("store"), context.program
    program.replay(estate, file_of(context, (ENDS[0], 1)), store)
    arguments = ["replay", "--estate", estate, "--reads", file_of(context, (ENDS[1], 1)), "--store", store, "--rules"]
    done = program.try_run(*arguments, pack(context, 1, ("maximum_wh = 60000", "maximum_wh = 70000")))
    check(done.status == 2 and "higher 'version'" in done.err.decode().splitlines()[0], done.describe())
    broken = context.fresh("rules").with_suffix(".toml")
    broken.write_text("version = 1\n")
    done = program.try_run(*arguments, broken)
    check(done.status == 2 and "[limits]" in done.err.decode().splitlines()[0], done.describe())
    done = program.try_run(*arguments, context.folder / "absent.toml")
    check(done.status == 2 and "absent.toml" in done.err.decode().splitlines()[0], done.describe())
    check_equal(len(program.rows("readings", store)), 1, "nothing was begun")


def past_final_run(context):
    """2024-05-31 (local): WD+292 behind it, with the bank holidays of 2024 and 2025, is 2025-07-25; the gate is its midnight."""
    estate = small_estate(context.folder / "estate", [ONE])
    reads = file_of(context, ("2024-05-31T12:00:00Z", 1), ("2024-06-08T12:00:00Z", 1))
    for as_of, accepted, rejected in (("2025-07-24T22:59:59Z", 2, {}), ("2025-07-24T23:00:00Z", 1, {"past-final-run": 1}),
                                      ("2025-07-31T22:59:59Z", 1, {"past-final-run": 1}), ("2025-07-31T23:00:00Z", 0, {"past-final-run": 2})):
        summary = context.program.replay(estate, reads, context.fresh("store"), "--as-of", as_of)
        check_equal((summary["accepted"], summary["rejected"]), (accepted, rejected), f"as of {as_of}")
    check_equal(context.program.replay(estate, reads, context.fresh("store"))["accepted"], 2, "without a now nothing is too late")


def clocks_that_drift(context):
    estate, program = small_estate(context.folder / "estate", [ONE]), context.program
    reads = file_of(context, ("2024-06-01T01:00:25Z", 1), ("2024-06-01T01:29:40Z", 1), ("2024-06-01T02:00:00Z", 1))
    summary = program.replay(estate, reads, context.fresh("store"))
    check_equal((summary["accepted"], summary["rejected"], summary["drifted"]), (1, {"off-grid": 2}, 0), "no tolerance")
    store = context.fresh("store")
    summary = program.replay(estate, reads, store, "--rules", pack(context, 2, ("drift_tolerance_s = 0", "drift_tolerance_s = 25")))
    check_equal((summary["accepted"], summary["rejected"], summary["drifted"]), (3, {}, 2), "25 s tolerated")
    check_equal([row["period_end"] for row in program.rows("readings", store)],
                ["2024-06-01T01:00:00Z", "2024-06-01T01:30:00Z", "2024-06-01T02:00:00Z"], "put on their half hours")


def actuals_of_a_deenergised_meter_are_warned_of(context):
    estate = small_estate(context.folder / "estate", [ONE], energisation="D")
    out = context.program.run("replay", "--estate", estate, "--reads", file_of(context, (ENDS[0], 0), (ENDS[1], 0.5)), "--store",
                              context.fresh("store"), "--json")
    summary = json.loads(out)
    check_equal((summary["accepted"], summary["warnings"]), (2, {"deenergised-consumption": 1}), "an actual of 0.5 kWh, and one of 0")


if __name__ == "__main__":
    harness.main(__doc__, [a_pack_holds_until_another_one_comes, a_changed_pack_needs_a_higher_version, past_final_run,
                           clocks_that_drift, actuals_of_a_deenergised_meter_are_warned_of])
