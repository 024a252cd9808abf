#!/usr/bin/env python3
"""The measures that ship with the program: that they run, say what they measured, and count what they sent. No test asserts a
speed."""

import json

import harness
from harness import check, check_equal

METERS = 1000


def twins_by_group_and_by_handle(context):
    for path in ("group", "handle"):
        for exports in ([], ["--export"]):
            out = context.program.run("bench", "twins", "--meters", METERS, "--rounds", 50, "--threads", 2, "--path", path,
                                      "--json", *exports)
            found = json.loads(out)
            check_equal((found["meters"], found["rounds"], found["threads"], found["path"]), (METERS, 50, 2, path), "what was asked for")
            for name in ("intervals_per_s", "bytes_per_twin", "best_intervals_per_s", "worst_intervals_per_s"):
                check(found[name] > 0, f"{name} of {path} is {found[name]}")
            singles = {name: value for name, value in found.items() if name.startswith("single_")}
            check_equal(bool(singles), path == "handle", f"single readings are timed by handle: {found}")
            if singles:
                check_equal(singles["single_readings"], METERS, "single readings, one a meter")
                check(0 <= singles["single_p50_us"] <= singles["single_p99_us"], f"percentiles ascend: {singles}")
            check(found["worst_intervals_per_s"] <= found["intervals_per_s"] <= found["best_intervals_per_s"], "the median lies between")


def memory_adds_up(context):
    plain, exports = (json.loads(context.program.run("bench", "memory", "--meters", 20_000, "--json", *more))
                      for more in ([], ["--export"]))
    check(sum(plain["parts"].values()) <= plain["bytes_per_twin"], "the parts are no more than the whole")
    check(sum(plain["parts"].values()) > 300, "the parts are told")
    check("export day" in exports["parts"] and "export day" not in plain["parts"], "the second quantity is told apart")
    text = context.program.run("bench", "memory", "--meters", 20_000).decode()
    check("resident memory of the process" in text and "the rest" in text, "a person sees what is left over")


def killed_twins_are_back(context):
    out = context.program.run("bench", "restarts", "--meters", METERS, "--kills", 600, "--restarts", 1800, "--half-hours", 3,
                              "--threads", 2, "--json")
    found = json.loads(out)
    check_equal((found["meters"], found["kills"], found["half_hours"], found["threads"], found["restarts"]), (METERS, 600, 3, 2, 1800),
                "what was asked for")
    check(found["restarts_per_s"] > 0 and found["all_back_s"] >= 0, f"the times: {found}")
    check(found["rss_first_bytes"] > 0 and found["rss_last_bytes"] > 0, f"the memory: {found}")
    text = context.program.run("bench", "restarts", "--meters", METERS, "--restarts", 0, "--half-hours", 1).decode()
    check("1,000 twins killed at once" in text and "more restarts" not in text, "a person sees the kill alone")
    done = context.program.try_run("bench", "restarts", "--meters", 100, "--kills", 101)
    check(done.status == 2 and "--kills" in done.err.decode().splitlines()[0], done.describe())


RULES = """unparseable unknown-meter unknown-quantity null-value nonexistent-local-time ambiguous-local-time off-grid duration
day-not-midnight duplicate-in-message overlap label-suspect negative over-maximum wrong-event zero-estimate-not-zero reason-missing
amendment-reason-missing not-appointed status deenergised-estimate before-connection future past-final-run over-alarm
deenergised-consumption""".split()


def every_rule_is_measured(context):
    found = json.loads(context.program.run("bench", "rules", "--rounds", 3, "--json"))
    check_equal([rule["code"] for rule in found["rules"]], RULES, "the rules of the contract, in its order, and the warnings")
    check_equal(sorted(rule["ecs"] for rule in found["rules"] if rule["ecs"]), [f"ECS10{n:02}" for n in range(1, 17)],
                "the codes of central settlement")
    check(all(rule["ns"] >= 0 for rule in found["rules"]), f"a time below nothing: {found}")
    check(len(found["chains"]) == 3 and all(chain["ns"] > 0 for chain in found["chains"]), f"the chains: {found['chains']}")
    text = context.program.run("bench", "rules", "--rounds", 1).decode()
    check(all(f" {code} " in text for code in RULES), "a person sees every rule, too")


def wrong_use_is_named(context):
    for arguments, word in ((["--meters", 0], "--meters"), (["--path", "air"], "--path"),
                            (["--meters-a-transformer", 120], "multiple")):
        done = context.program.try_run("bench", "twins", *arguments)
        check(done.status == 2 and word in done.err.decode().splitlines()[0], done.describe())


if __name__ == "__main__":
    harness.main(__doc__, [twins_by_group_and_by_handle, memory_adds_up, killed_twins_are_back, every_rule_is_measured, wrong_use_is_named])
