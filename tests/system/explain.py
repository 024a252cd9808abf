#!/usr/bin/env python3
"""`explain`: the lineage of a half hour against the lines of the file and what is exported."""

import json
import random

import harness
from harness import check, check_equal, mpan, small_estate, write_csv

METER, OTHER = mpan(100_000_000_001), mpan(100_000_000_002)
END = "2026-03-01T00:30:00Z"


def explain(program, store, meter, end, quantity="AI"):
    return json.loads(program.run("explain", "--store", store, "--mpan", meter, "--period", end, "--quantity", quantity, "--json"))


def watt_hours(kwh):
    whole, _, decimals = kwh.partition(".")
    return int(whole) * 1000 + int((decimals + "000")[:3])


def versions_conflicts_and_refusals(context):
    program, estate = context.program, small_estate(context.folder / "estate", [METER, OTHER])
    first = write_csv(context.folder / "first.csv", "mpan,period_end,kwh,version", [
        (METER, END, "0.100", 1), (METER, END, "0.100", 1), (OTHER, END, "0.007", 1), (METER, END, "-1", 3), (METER, END, "0.300", 2)])
    second = write_csv(context.folder / "second.csv", "mpan,period_end,kwh,version", [(METER, END, "0.301", 2), (METER, END, "99", 4)])
    store = context.fresh("store")
    program.replay(estate, first, store)
    found = explain(program, store, METER, END)
    check_equal([(r["wh"], r["version"], r["verdict"], r["current"], r["source"], r["line"]) for r in found["received"]],
                [(100, 1, "accepted", False, "first.csv", 2), (300, 2, "accepted", True, "first.csv", 6)], "received")
    check_equal([(r["code"], r["source"], r["line"]) for r in found["refused"]], [("negative", "first.csv", 5)], "refused")
    check_equal(found["totals"]["feeder"]["import_wh"], 307, "the feeder's sum")
    program.replay(estate, second, store, "--received-at", "2026-03-05T00:00:00Z")
    found = explain(program, store, METER, END)
    check_equal([(r["wh"], r["verdict"], r["current"], r["source"], r["run"], r["known_at"]) for r in found["received"]],
                [(100, "accepted", False, "first.csv", 1, END), (300, "conflict", False, "first.csv", 1, END),
                 (301, "conflict", False, "second.csv", 2, "2026-03-05T00:00:00Z")], "received after the contradiction")
    check_equal([r["code"] for r in found["refused"]], ["negative", "over-maximum"], "refused after the second file")
    check_equal(found["totals"]["feeder"]["import_wh"], 7, "the half hour is open")
    root = [json.loads(line) for line in program.run("digest", "--store", store, "--json").splitlines()][0]["root"]
    check_equal(found["totals"]["day_root"], root, "the day's root")
    text = program.run("explain", "--store", store, "--mpan", METER, "--period", END).decode()
    check("nothing stands" in text and "second.csv line 2" in text, text)
    nothing = explain(program, store, METER, "2026-03-01T01:00:00Z")
    check_equal((nothing["received"], nothing["refused"]), ([], []), "a half hour of which nothing came")


def contents_that_differ_by_a_reason_alone(context):
    """What contradicts what can be seen, whatever they differ by."""
    program, estate = context.program, small_estate(context.folder / "estate", [METER])
    rows = [(METER, END, "0.5", 3, "E1", 2, ""), (METER, END, "0.5", 3, "E1", 3, ""), (METER, END, "0.5", 3, "E1", 3, "T")]
    store = context.fresh("store")
    program.replay(estate, write_csv(context.folder / "reads.csv", "mpan,period_end,kwh,version,quality,reason,amendment", rows), store)
    received = explain(program, store, METER, END)["received"]
    check_equal([(r["reason"], r["amendment"], r["verdict"]) for r in received],
                [(2, None, "conflict"), (3, None, "conflict"), (3, "T", "conflict")], "received")
    told = ["quality E1, reason 2", "quality E1, reason 3", "quality E1, reason 3, amendment T"]
    text = program.run("explain", "--store", store, "--mpan", METER, "--period", END).decode()
    refused = [row["detail"] for row in program.rows("rejects", store)]
    for words in told:
        check(f"500 Wh, {words}, version 3: conflict" in text, text)
        check(f"500 Wh, {words}, version 3: one of 3 contents for this half hour" in refused, f"{refused}")


def every_line_is_accounted_for(context):
    """Of simulated readings with all faults: each line of a half hour is there, refused, or the same as one that is."""
    program, estate = context.program, context.folder / "estate"
    program.run("sim", "estate", "--meters", 300, "--out", estate, "--seed", 5)
    reads = context.folder / "reads.csv"
    program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", 2, "--seed", 5, "--faults", "all", "--out", reads)
    store = context.fresh("store")
    program.replay(estate, reads, store)
    lines = {}
    for number, row in enumerate(harness.read_csv(reads), 2):
        lines.setdefault((row["mpan"], row["quantity"], row["period_end"]), []).append((number, row["kwh"], int(row["version"])))
    current = {(row["mpan"], row["quantity"], row["period_end"]): int(row["wh"]) for row in program.rows("readings", store)}
    refused = {}
    for row in program.rows("rejects", store):
        if row["code"] == "unknown-meter":
            continue
        refused.setdefault((row["mpan"], row["quantity"], row["period_end"]), []).append(row)
    chance = random.Random(7)
    several = [key for key, some in lines.items() if len(some) > 1 and key in current]
    keys = chance.sample(sorted(current), 60) + chance.sample(sorted(several), 30) + chance.sample(sorted(key for key in refused if key in lines), 30)
    seen = {"accepted": 0, "conflict": 0, "refused": 0}
    for meter, quantity, end in keys:
        found = explain(program, store, meter, end, quantity)
        received = [(r["wh"], r["version"]) for r in found["received"]]
        refusals = {r["line"] for r in found["refused"]}
        seen["refused"] += len(refusals)
        for r in found["received"]:
            seen[r["verdict"]] += 1
        stands = [r["wh"] for r in found["received"] if r["current"]]
        wanted = current.get((meter, quantity, end))
        check_equal(stands, [] if wanted is None else [wanted], f"what stands of {meter} {end}")
        for number, kwh, version in lines[meter, quantity, end]:
            known = number in refusals or (watt_hours(kwh), version) in received
            check(known, f"line {number} of {meter} {quantity} {end} ({kwh}, version {version}) is not in {found}")
        own = {r["line"] for r in found["received"]}
        check(own <= {number for number, _, _ in lines[meter, quantity, end]}, f"lines of others: {found}")
    check(min(seen.values()) > 5, f"too little was seen: {seen}")


if __name__ == "__main__":
    harness.main(__doc__, [versions_conflicts_and_refusals, contents_that_differ_by_a_reason_alone, every_line_is_accounted_for])
