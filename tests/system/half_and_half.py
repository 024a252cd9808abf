#!/usr/bin/env python3
"""Once replay has returned, the readings are in the store and the files may go; the other half may come later; what comes
again adds nothing to the journal."""

import contextlib
import sqlite3

import harness
from harness import check, check_equal

KINDS = ("readings", "feeder-load", "transformer-load", "gaps")


# Kinds of records of the journal: what a run adds to the set, and what it refuses. That a run began is a record too.
READINGS, REJECTS = 3, 4


def journal(store):
    """(id, kind) of the records in the journal that hold readings, whatever file of the store it is in."""
    found = []
    for file in [store] if store.is_file() else sorted(store.rglob("*")):
        if not file.is_file() or file.read_bytes()[:15] != b"SQLite format 3":
            continue
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            found += database.execute("select id, kind from journal where kind in (?, ?) order by id", (READINGS, REJECTS)).fetchall()
    check(found, f"no journal with readings in {store}")
    return found


def both_halves_and_again(context):
    program, folder = context.program, context.folder
    estate, reads = folder / "estate", folder / "reads.csv"
    program.run("sim", "estate", "--meters", 400, "--out", estate, "--seed", 5)
    program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", 2, "--seed", 5, "--out", reads,
                "--faults", "all")
    header, *rows = reads.read_text().splitlines()
    halves = []
    for number, part in enumerate((rows[0::2], rows[1::2])):
        halves.append(folder / f"half{number}.csv")
        halves[-1].write_text("\n".join([header, *part]) + "\n")
    whole = program.replay(estate, reads, folder / "whole")
    expected = {kind: program.export(kind, folder / "whole") for kind in KINDS}

    store = folder / "store"
    first = program.replay(estate, halves[0], store)
    check_equal(first["readings"], len(rows[0::2]), "readings of the first half")
    program.verify(store)
    kept = halves[0].read_bytes()
    halves[0].unlink()
    second = program.replay(estate, halves[1], store)
    check_equal(second["digest"], whole["digest"], "digest of both halves and of the whole")
    for kind in KINDS:
        harness.check_same_bytes(program.export(kind, store), expected[kind], f"{kind} of both halves")

    before, rejects = journal(store), program.export("rejects", store)
    halves[0].write_bytes(kept)
    again = program.replay(estate, halves, store)
    check_equal(again["accepted"], 0, "accepted when all comes again")
    check_equal(again["conflicts"], 0, "conflicts when all comes again")
    check_equal(again["duplicates"], whole["accepted"] + whole["duplicates"] + whole["conflicts"], "duplicates")
    check_equal(again["rejected"], whole["rejected"], "rejected when all comes again")
    check_equal(again["digest"], whole["digest"], "digest when all has come again")
    check_equal(journal(store), before, "records of the journal when all comes again")
    harness.check_same_bytes(program.export("rejects", store), rejects, "rejects when all comes again")
    program.verify(store)


def an_estate_that_changes_between_runs(context):
    """Every column of a meter's row may change between two runs; what is stored stays in the totals."""
    program, meter = context.program, harness.mpan(120000000001)
    first, second = context.folder / "first.csv", context.folder / "second.csv"
    first.write_text(f"mpan,quantity,period_end,kwh\n{meter},AI,2026-03-01T00:30:00Z,2\n{meter},AE,2026-03-01T00:30:00Z,1\n")
    second.write_text(f"mpan,quantity,period_end,kwh\n{meter},AI,2026-03-01T01:30:00Z,3\n{meter},AI,2026-03-02T00:30:00Z,4\n")
    changes = [{}, {"quantities": "AI"}, {"supplier_mpid": "WXYZ"}, {"market_segment": "A"}, {"connection_type": "L"},
               {"domestic": "F"}, {"energisation": "D"}, {"effective_to": "2027-01-01T00:00:00Z"}, {"quantities": "AI|AE|RI"}]
    loads = None
    for number, change in enumerate(changes):
        store = context.folder / f"store{number}"
        before = harness.small_estate(context.fresh("before"), [meter], quantities="AI|AE")
        after = harness.small_estate(context.fresh("after"), [meter], **{"quantities": "AI|AE", **change})
        program.replay(before, first, store)
        check_equal(program.replay(after, second, store)["accepted"], 2, f"accepted with {change}")
        found = program.export("feeder-load", store)
        loads = loads or found
        harness.check_same_bytes(found, loads, f"loads with {change}")


if __name__ == "__main__":
    harness.main(__doc__, [both_halves_and_again, an_estate_that_changes_between_runs])
