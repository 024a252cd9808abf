#!/usr/bin/env python3
"""`gridtwin load` against a node: open loop over TLS, every answer held against the store, also across a kill of the node."""

import json
import sqlite3
import time

import harness
from harness import check, check_equal
from live_node import ALL_METERS, ListeningNode
from node import simulated


def arguments_of(node, estate, *more, senders=1):
    out = ["load", "--to", f"localhost:{node.port}", "--trust", node.pki / "services/root.pem", "--estate", estate, "--json", *more]
    for n in range(1, senders + 1):
        out += ["--cert", node.pki / f"head-end-{n}.pem", "--key", node.pki / f"head-end-{n}.key"]
    return out


def new_node(context, meters=200):
    estate, _, _ = simulated(context, meters, 1)
    node = ListeningNode(context, estate, ALL_METERS)
    node.start()
    return estate, node


def check_clean(found, readings):
    check_equal((found["readings"], found["sent"], found["unanswered"], found["store"]["missing"], found["store"]["twice"],
                 found["store"]["misplaced"], found["store"]["different"], found["store"]["unasked"]),
                (readings, readings, 0, 0, 0, 0, 0, 0), "the load and the store")


def every_answer_is_held_against_the_store(context):
    """Two senders, both forms; the reader sees all; a second time all are duplicates."""
    estate, node = new_node(context)
    for form, from_day, each in (("half-hour", "2026-03-01", 1), ("day", "2026-05-01", 48)):
        more = ["--form", form, "--from", from_day, "--rate", 500, "--seconds", 2, "--store", node.store, "--reader"]
        found = json.loads(context.program.run(*arguments_of(node, estate, *more, senders=2)))
        check_clean(found, 1000 * each)
        check_equal((found["accepted"], found["reader_ms"]["count"], found["answer_ms"]["count"]), (1000 * each,) * 3,
                    "accepted, read and answered")
        again = json.loads(context.program.run(*arguments_of(node, estate, *more, senders=2)))
        check_clean(again, 1000 * each)
        check_equal((again["accepted"], again["duplicates"]), (0, 1000 * each), "the same readings again")
    node.end()


def a_node_that_dies_meanwhile_loses_nothing(context):
    """What had no answer is sent again; open loop: times show the pause."""
    estate, node = new_node(context)
    loading = context.program.start(*arguments_of(node, estate, "--rate", 2000, "--seconds", 4, "--store", node.store))
    time.sleep(1.5)
    node.kill()
    time.sleep(0.5)
    node.start()
    out, err = loading.communicate(timeout=120)
    check_equal(loading.returncode, 0, f"exit status; it said {err.decode()}")
    found = json.loads(out)
    check_clean(found, 8000)
    check(found["accepted"] + found["duplicates"] == 8000 and found["accepted"] > 0, f"accepted or duplicates: {found}")
    check(found["answer_ms"]["max"] > 400, f"the pause is in the times: {found['answer_ms']}")
    node.end()


def a_store_that_lacks_a_record_is_found_out(context):
    """The node is killed, a record of its journal taken away, and the same load sent to another node but held against that store."""
    estate, node = new_node(context)
    more = ["--rate", 500, "--seconds", 1]
    context.program.run(*arguments_of(node, estate, *more))
    node.end()
    with sqlite3.connect(node.store / "gridtwin.db") as database:
        (largest,) = database.execute("SELECT id FROM journal WHERE kind = 3 ORDER BY length(body) DESC LIMIT 1").fetchone()
        database.execute("DELETE FROM journal WHERE id = ?", [largest])
    database.close()
    other = ListeningNode(context, estate, ALL_METERS)
    other.start()
    done = context.program.try_run(*arguments_of(other, estate, *more, "--store", node.store))
    check_equal(done.status, 1, "exit status")
    check(json.loads(done.out)["store"]["missing"] > 0, f"readings are missing: {done.out}")
    check(b"does not have what was answered" in done.err, f"it says so: {done.err}")
    other.end()


def wrong_usage_is_told(context):
    estate, node = new_node(context, meters=50)
    for more, says in ((["--rate", 1, "--seconds", 0.5], "a message a sender at least"), (["--rate", 5, "--from", "yesterday"], "--from"),
                       (["--rate", 1e8, "--seconds", 1e6], "thousand million"), (["--rate", 5, "--store", context.folder], "no store")):
        done = context.program.try_run(*arguments_of(node, estate, *more))
        check(done.status in (1, 2) and says in done.err.decode(), f"{more}: {done.status} {done.err.decode()}")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [every_answer_is_held_against_the_store, a_node_that_dies_meanwhile_loses_nothing,
                           a_store_that_lacks_a_record_is_found_out, wrong_usage_is_told])
