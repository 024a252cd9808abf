#!/usr/bin/env python3
"""The log as readers see it: every reading once, from any offset on the same bytes, also while a node works and dies."""

import json
import random
import signal
import subprocess

import harness
from harness import check, check_equal, check_same_bytes
from node import Node, simulated, until


def events_of(program, store, *more):
    return [json.loads(line) for line in program.run("tail", "reading", "--store", store, *more).decode().splitlines()]


def pointer_of(offsets):
    return ",".join(f"{shard}:{offset}" for shard, offset in sorted(offsets.items()))


def clean(context, meters, days):
    """(estate, header, lines) of readings without faults."""
    estate, reads = context.folder / "estate", context.folder / "reads.csv"
    context.program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 9)
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", days, "--seed", 9, "--out", reads)
    header, *lines = reads.read_bytes().splitlines(keepends=True)
    return estate, header, lines


def p4_from_any_offset(context):
    """All of a store's readings are in its log, once, and a reader that begins anywhere reads the rest, byte for byte."""
    program = context.program
    estate, header, lines = clean(context, 400, 3)
    store = context.fresh("store")
    for number in range(4):
        part = context.folder / f"part{number}.csv"
        part.write_bytes(header + b"".join(lines[number::4]))
        program.replay(estate, part, store)
    out = program.run("tail", "reading", "--store", store)
    check_same_bytes(program.run("tail", "reading", "--store", store, "--json"), out, "events are JSON already")
    events = [json.loads(line) for line in out.decode().splitlines()]
    check_equal(sorted((e["mpan"], e["quantity"], e["period_end"], str(e["wh"])) for e in events),
                sorted((row["mpan"], row["quantity"], row["period_end"], row["wh"]) for row in program.rows("readings", store)),
                "the log against the readings that stand")
    check_equal(len({e["id"] for e in events}), len(events), "each event has an id of its own")
    places = [(e["shard"], e["offset"], e["place"]) for e in events]
    check_equal(places, sorted(set(places)), "order of shards, offsets and places")
    for before, after in zip(places, places[1:]):
        check(after[2] == (before[2] + 1 if after[:2] == before[:2] else 0), f"places of a record: {before}, then {after}")
    dice = random.Random(4)
    records = sorted({place[:2] for place in places})
    for _ in range(40):
        offsets = {}
        for shard, offset in dice.sample(records, dice.randint(1, min(8, len(records)))):
            offsets[shard] = max(offset, offsets.get(shard, 0))
        expected = b"".join(line for line, (shard, offset, _) in zip(out.splitlines(keepends=True), places)
                            if offset > offsets.get(shard, 0))
        check_same_bytes(program.run("tail", "reading", "--store", store, "--from", pointer_of(offsets)), expected, f"from {offsets}")
    same = context.fresh("same")
    program.replay(estate, context.folder / "reads.csv", same)
    check_equal({e["id"] for e in events_of(program, same)}, {e["id"] for e in events}, "ids depend on what was said alone")


def p4_a_reader_follows_a_node(context):
    """A reader that is killed again and again, over a node that is killed, gets every record once by the offsets that it keeps."""
    program = context.program
    estate, header, lines = simulated(context, 300, 3)
    node = Node(context, estate, judge_by="nothing")
    dice = random.Random(11)
    got, offsets, parts = [], {}, 12
    for number in range(parts):
        node.start()
        node.bring(f"part{number:02}.csv", header + b"".join(lines[number::parts]))
        until(lambda: len(node.names("done")) == number + 1, "the part is read")  # pylint: disable=cell-var-from-loop
        reader = program.start("tail", "reading", "--store", node.store, "--from", pointer_of(offsets), "--follow")
        wanted = dice.randint(1, 4000)
        seen = []
        for line in reader.stdout:
            seen.append(json.loads(line))
            if len(seen) >= wanted or len(seen) >= 3000:
                break
        reader.send_signal(signal.SIGKILL)
        reader.communicate()
        node.kill()
        # The last record of each shard may have come in part: it is read again.
        last = {e["shard"]: e["offset"] for e in seen}
        for e in seen:
            if e["offset"] < last[e["shard"]]:
                got.append(e)
                offsets[e["shard"]] = max(e["offset"], offsets.get(e["shard"], 0))
    got += events_of(program, node.store, "--from", pointer_of(offsets))
    key = lambda e: (e["shard"], e["offset"], e["place"])  # noqa: E731
    check_equal(sorted(got, key=key), sorted(events_of(program, node.store), key=key), "what was read in pieces against the whole")


def wrong_use_is_named(context):
    program, estate = context.program, harness.small_estate(context.folder / "estate", [harness.mpan(100_000_000_000)])
    reads = harness.write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", [(harness.mpan(100_000_000_000), "2026-03-01T00:30:00Z", "1")])
    store = context.fresh("store")
    program.replay(estate, reads, store)
    for arguments, words in ((("readings", "--store", store), "no topic 'readings'"),
                             (("reading", "--store", store, "--from", "5"), "SHARD:OFFSET"),
                             (("reading", "--store", store, "--from", "64:1"), "SHARD:OFFSET"),
                             (("reading", "--store", store, "--from", "5:1,5:2"), "SHARD:OFFSET"),
                             (("reading", "--store", context.folder / "none"), "none")):
        done = program.try_run("tail", *arguments)
        check_equal(done.status, 2, f"exit status of {arguments}")
        check(words in done.err.decode(), f"{arguments}: {done.err.decode()}")
    with subprocess.Popen([program.path, "tail", "reading", "--store", str(store), "--follow"], stdout=subprocess.PIPE) as reader:
        check(reader.stdout.readline(), "what is there comes at once")
        reader.send_signal(signal.SIGINT)
        check_equal(reader.wait(timeout=60), 0, "Ctrl-C ends a reader in good order")


if __name__ == "__main__":
    harness.main(__doc__, [p4_from_any_offset, p4_a_reader_follows_a_node, wrong_use_is_named])
