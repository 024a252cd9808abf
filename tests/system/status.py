#!/usr/bin/env python3
"""`gridtwin status`: what an operator sees of a store, beside its node and without one, against what other commands say."""

import json
import sqlite3
import subprocess

import harness
from harness import check, check_equal
from node import simulated
from readers import EVENTS, filled
from supervision import Poisoned


def status_of(program, store):
    return json.loads(program.run("status", "--store", store, "--json"))


def journal_records(store):
    with sqlite3.connect(f"file:{store / 'gridtwin.db'}?mode=ro", uri=True) as database:
        return database.execute("SELECT count(*) FROM journal").fetchone()[0]


def a_store_without_a_node(context):
    estate, header, lines = simulated(context, 100, 2)
    store, reads = context.fresh("store"), context.folder / "part.csv"
    for number in range(2):
        reads.write_bytes(header + b"".join(lines[number::2]))
        context.program.replay(estate, reads, store)
    found = status_of(context.program, store)
    sizes = found.pop("bytes")
    check(sizes["database"] > 0 and sizes["database"] == (store / "gridtwin.db").stat().st_size, f"bytes of its file: {sizes}")
    transformers = len(harness.read_csv((estate / "transformers.csv").read_bytes()))
    days = [row["period_end"][:10] for row in context.program.rows("readings", store) if row["period_end"][11:16] != "00:00"]
    check_equal(found, {"written": False, "pid": None, "records": journal_records(store), "runs": 2, "transformers": transformers,
                        "first_day": min(days), "last_day": max(days), "last_received": None, "days_to_summarise": 0,
                        "parked_twins": 0, "dead_letters": 0, "audit": 0, "alarms": None, "readers": [], "webhooks": []}, "what it says")
    text = context.program.run("status", "--store", store).decode()
    for line in ("writer      none: no node or run holds it", "summaries   up to date", "twins       0 are parked; 0 dead letters wait",
                 "alarms      no node has watched this store"):
        check(line in text, f"{line}: {text}")


def beside_a_node(context):
    """Who writes, and how far its readers are; a node that is killed holds nothing."""
    node = filled(context)
    check_equal(node.ask("/v1/pointers/night", method="PUT", body='{"topic":"reading","position":"-"}')[0], 201, "a new pointer")
    found = status_of(context.program, node.store)
    check_equal((found["written"], found["pid"]), (True, node.process.pid), "who writes")
    elsewhere = subprocess.run(["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", context.program.path, "status",
                                "--store", node.store, "--json"], capture_output=True)
    if b"unshare: " not in elsewhere.stderr:  # it is not allowed everywhere
        seen = json.loads(elsewhere.stdout)
        check_equal((seen["written"], seen["pid"]), (True, None), "who writes, as seen from where that process is not")
    check(found["last_received"], "a node says when it received")
    check(found["alarms"] is not None, "a node watches")
    check_equal(found["readers"], [{"owner": "urn:gridtwin:service:settlement:settlement-1", "name": "night", "topic": "reading",
                                    "position": "-", "records_behind": found["records"]}], "a reader at the beginning")
    at, behind = "-", found["records"]
    while True:
        _, fields, page = node.ask(f"{EVENTS}?after={at}&limit=700")
        body = json.dumps({"topic": "reading", "position": fields["Gridtwin-Position"], "earlier": at})
        check_equal(node.ask("/v1/pointers/night", method="PUT", body=body)[0], 200, "the pointer moves")
        at = fields["Gridtwin-Position"]
        now = status_of(context.program, node.store)["readers"][0]
        check_equal(now["position"], at, "position")
        check(now["records_behind"] <= behind, f"it comes nearer: {behind}, then {now['records_behind']}")
        behind = now["records_behind"]
        if fields["Gridtwin-At-End"] == "true":
            break
        check(behind > 0 or not page, "while there is more it is behind")
    check_equal(behind, 0, "at the end")
    check("settlement-1 night in reading: 0 records behind" in context.program.run("status", "--store", node.store).decode(), "as text")
    node.kill()
    check_equal(status_of(context.program, node.store)["written"], False, "after its end")


def what_waits_for_an_operator(context):
    poisoned = Poisoned(context, meters=300, days=2, poison=50)
    found = status_of(context.program, poisoned.store)
    check_equal(found["dead_letters"], len(poisoned.places), "dead letters")
    letter = json.loads(context.program.run("deadletters", "list", "--store", poisoned.store, "--json").splitlines()[0])["id"]
    context.program.run("deadletters", "drop", letter, "--store", poisoned.store, "--why", "a test value")
    now = status_of(context.program, poisoned.store)
    check_equal((now["dead_letters"], now["audit"]), (len(poisoned.places) - 1, found["audit"] + 1), "one is dropped")


def what_is_no_store(context):
    done = context.program.try_run("status", "--store", context.folder / "nothing")
    check_equal(done.status, 2, f"exit status: {done.describe()}")
    check(b"nothing" in done.err, f"it names the folder: {done.err}")


if __name__ == "__main__":
    harness.main(__doc__, [a_store_without_a_node, beside_a_node, what_waits_for_an_operator, what_is_no_store])
