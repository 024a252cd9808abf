#!/usr/bin/env python3
"""How far estimates of real half hours are off: that the ladder's order is the order of the measured error, and that what is
printed follows from the seed."""

import json

import harness
from harness import check, check_equal, mpan

RUNGS = ["register-advance", "own-history", "supplier-annual", "central-annual", "shape-mean", "default"]
YARDSTICKS = ["same half hour last week", "last year's average"]
ACTUALS = 992_315


def households(context):
    """A store of 59 households of Low Carbon London, the year 2013."""
    estate, reads = harness.london_households(context)
    store = context.folder / "store"
    check_equal(context.program.replay(estate, reads, store, "--format", "lcl-kaggle")["accepted"], ACTUALS, "accepted")
    return store


def order_is_the_order_of_the_error(context):
    store = households(context)
    found = context.program.run("bench", "estimates", "--store", store, "--json")
    check_equal(context.program.run("bench", "estimates", "--store", store, "--seed", 1, "--count", 20_000, "--json") == found, True,
                "the same seed gives the same bytes")
    result = json.loads(found)
    check_equal((result["meters"], result["actuals"], result["count"]), (59, ACTUALS, 20_000), "what was read")
    check_equal([trial["name"] for trial in result["trials"]], ["random", "days"], "the trials")
    for trial in result["trials"]:
        check(20_000 <= trial["held_back"] < 20_050, f"held back: {trial}")
        check(trial["compared"] > 15_000, f"compared: {trial}")
        methods = {method["name"]: method for method in trial["methods"]}
        check_equal([method["name"] for method in trial["methods"] if method["kind"] == "rung"], RUNGS, "the rungs in their order")
        errors = [methods[name]["mae_wh"] for name in RUNGS]
        check(all(left < right for left, right in zip(errors, errors[1:])), f"{trial['name']}: not in the order of the error: {errors}")
        for name in YARDSTICKS:
            check(errors[0] < methods[name]["mae_wh"], f"{trial['name']}: {name} is better than the first rung: {methods}")
        check_equal(trial["in_order"], True, "the command says so, too")
        check_equal(methods["default"]["mae_wh"], trial["mean_wh"], "a value of zero is off by all there was")
        check_equal(methods["default"]["bias_wh"], -trial["mean_wh"], "a value of zero is too low by all there was")
        check(abs(methods["register-advance"]["bias_wh"]) < 1, f"the advance is kept: {methods['register-advance']}")
        check_equal(methods["the whole ladder"]["values"], trial["held_back"], "the ladder has a value of all")
    other = json.loads(context.program.run("bench", "estimates", "--store", store, "--seed", 2, "--json"))
    for mine, theirs in zip(result["trials"], other["trials"]):
        check(mine["mean_wh"] != theirs["mean_wh"], "another seed holds back other half hours")
        check_equal(theirs["in_order"], True, f"in order with another seed, too: {theirs}")
    text = context.program.run("bench", "estimates", "--store", store, "--count", 2000).decode()
    check(all(f" {name} " in text for name in RUNGS + YARDSTICKS) and "hindsight" in text, "a person sees methods and assumptions")


def wrong_use_is_named(context):
    estate = harness.small_estate(context.folder / "estate", [mpan(300_000_000_000)])
    reads = harness.write_csv(context.folder / "reads.csv", "mpan,period_end,kwh",
                              [(mpan(300_000_000_000), f"2026-03-01T{hour:02}:00:00Z", "0.1") for hour in range(1, 24)])
    store = context.folder / "store"
    context.program.replay(estate, reads, store)
    for arguments, word in (([], "--store"), (["--store", store], "--count"), (["--store", context.folder / "none"], "none"),
                            (["--store", store, "--count", 0], "--count"), (["--store", store, "--count", 1], "--count")):
        done = context.program.try_run("bench", "estimates", *arguments)
        check(done.status == 2 and word in done.err.decode().splitlines()[0], done.describe())


if __name__ == "__main__":
    harness.main(__doc__, [order_is_the_order_of_the_error, wrong_use_is_named])
