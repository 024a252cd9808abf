#!/usr/bin/env python3
"""A store held against itself: whatever is changed in its file behind its back is found, and said where; and its log alone is
enough to make it anew."""

import json
import random
import shutil
import sqlite3

import harness
from harness import check, check_equal, check_same_bytes, write_csv

SHARD = 1 << 40
FAULTS = "gap=0.02,duplicate=0.01,conflict=0.01,correction=0.02,shuffled=0.1"


def name_of(record):
    return f"journal record {record // SHARD}:{record % SHARD}"


class World:
    """A store of several runs, with a dead day, conflicts, corrections and acts of an operator."""

    def __init__(self, context, meters=60, days=3, parts=3):
        self.context, self.program = context, context.program
        self.estate, reads = context.folder / "estate", context.folder / "reads.csv"
        self.program.run("sim", "estate", "--meters", meters, "--out", self.estate, "--seed", 5)
        self.program.run("sim", "reads", "--estate", self.estate, "--from", "2026-03-01", "--days", days, "--seed", 5, "--faults",
                         FAULTS, "--out", reads)
        header, *lines = reads.read_bytes().splitlines(keepends=True)
        self.store = context.folder / "store"
        for number in range(parts):
            part = context.folder / f"part{number}.csv"
            part.write_bytes(header + b"".join(lines[number::parts]))
            self.program.replay(self.estate, part, self.store)
        meter = lines[0].split(b",")[0].decode()
        other = write_csv(context.folder / "again.csv", "mpan,period_end,kwh,version",
                          [(meter, "2026-03-02T10:00:00Z", "0.5", 7), (meter, "2026-03-02T10:00:00Z", "0.6", 7),
                           (meter, "2026-03-02T11:00:00Z", "0.9", 3)])
        check_equal(self.program.replay(self.estate, other, self.store)["conflicts"], 2, "a contradiction")

    def changed(self, change):
        """A copy of the store in which `change(connection)` was done."""
        copy = self.context.fresh("changed")
        shutil.copytree(self.store, copy)
        connection = sqlite3.connect(copy / "gridtwin.db")
        change(connection)
        connection.commit()
        connection.close()
        return copy

    def findings(self, change):
        """(places, texts) that the program names after a change."""
        copy = self.changed(change)
        done = self.program.try_run("verify", "--store", copy, "--json")
        check_equal(done.status, 1, f"exit status: {done.describe()}\n{done.out.decode()}")
        check(done.err.decode().startswith("gridtwin verify: "), done.err.decode())
        found = json.loads(done.out)
        check_equal(found["ok"], False, "ok")
        check(found["faults"] >= len(found["shown"]) > 0, str(found))
        shutil.rmtree(copy)
        return [one["where"] for one in found["shown"]], [one["what"] for one in found["shown"]]

    def rows(self, sql):
        with sqlite3.connect(self.store / "gridtwin.db") as connection:
            return connection.execute(sql).fetchall()


def flipped(blob, dice):
    data = bytearray(blob)
    at = dice.randrange(len(data))
    data[at] ^= 1 << dice.randrange(8)
    return bytes(data)


def a_good_store_says_so(context):
    world = World(context)
    found = json.loads(context.program.run("verify", "--store", world.store, "--json"))
    records = world.rows("SELECT count(*) FROM journal")[0][0]
    check_equal((found["ok"], found["faults"], found["records"], found["shown"]), (True, 0, records, []), "what is found")
    events = context.program.run("tail", "reading", "--store", world.store).splitlines()
    check_equal(found["readings"], len(events), "readings of the journal")
    check_equal(found["transformer_days"], world.rows("SELECT count(*) FROM days")[0][0], "days")
    totals = {}
    for line in context.program.digests(world.store).splitlines():
        row = json.loads(line)
        totals[row["quantity"]] = totals.get(row["quantity"], 0) + row["wh"]
    check_equal({name: wh for name, wh in found["energy"].items() if wh}, totals, "energy")
    text = context.program.run("verify", "--store", world.store).decode()
    check("Everything fits." in text and found["head"] in text, text)
    # One more record, and the head is another.
    context.program.replay(world.estate, context.folder / "part0.csv", world.store)
    context.program.replay(world.estate, write_csv(context.folder / "one.csv", "mpan,period_end,kwh,version",
                                                   [(json.loads(events[0])["mpan"], "2026-03-01T10:00:00Z", "1", 9)]), world.store)
    after = json.loads(context.program.run("verify", "--store", world.store, "--json"))
    check(after["records"] > records and after["head"] != found["head"], f"head after a run: {after}")


def se_06_a_byte_of_the_journal(context):
    """Any bit of any record, in its body, hash, chain, kind or place."""
    world, dice = World(context, 20, 2), random.Random(6)
    records = [row[0] for row in world.rows("SELECT id FROM journal")]
    for number in range(100):
        record, column = dice.choice(records), ("body", "hash", "chain")[number % 3]

        def change(connection, record=record, column=column):
            blob = connection.execute(f"SELECT {column} FROM journal WHERE id = ?", (record,)).fetchone()[0]
            blob = blob.encode() if isinstance(blob, str) else blob
            connection.execute(f"UPDATE journal SET {column} = ? WHERE id = ?", (flipped(blob, dice), record))

        where, what = world.findings(change)
        check(name_of(record) in where, f"{column} of {name_of(record)}: {where} {what}")
        chains = {one for one in where if one.startswith("journal record")}
        check(len(chains) <= 2, f"one fault is not told of all records behind it: {chains}")
    for _ in range(10):
        record = dice.choice(records)
        where, _ = world.findings(lambda c: c.execute("UPDATE journal SET kind = kind % 9 + 1 WHERE id = ?", (record,)))  # pylint: disable=cell-var-from-loop
        check(name_of(record) in where, f"kind of {name_of(record)}: {where}")


def se_06_records_lost_swapped_added_or_cut(context):
    world, dice = World(context, 1300, 1, 6), random.Random(7)
    readings = [row[0] for row in world.rows("SELECT id FROM journal WHERE kind = 3 ORDER BY id")]
    with_next = [one for one in readings if one + 1 in readings]
    for record in dice.sample(with_next, 5):
        where, what = world.findings(lambda c: c.execute("DELETE FROM journal WHERE id = ?", (record,)))  # pylint: disable=cell-var-from-loop
        check(name_of(record + 1) in where and any("missing between" in one for one in what), f"lost: {where} {what}")

        def swap(connection, one=record, other=record + 1):
            rows = {number: connection.execute("SELECT kind, hash, chain, body FROM journal WHERE id = ?", (number,)).fetchone()
                    for number in (one, other)}
            for number, row in ((one, rows[other]), (other, rows[one])):
                connection.execute("UPDATE journal SET kind = ?, hash = ?, chain = ?, body = ? WHERE id = ?", (*row, number))

        where, what = world.findings(swap)
        check({name_of(record), name_of(record + 1)} <= set(where), f"swapped: {where} {what}")
        where, what = world.findings(lambda c: c.execute(  # pylint: disable=cell-var-from-loop
            "INSERT INTO journal SELECT (SELECT max(id) + 1 FROM journal WHERE id / ?1 = ?2 / ?1), kind, hash, chain, body FROM journal "
            "WHERE id = ?2", (SHARD, record)))
        check(any("chain" in one for one in what), f"added: {where} {what}")
    last = world.rows("SELECT max(id) FROM journal WHERE id / 1099511627776 > 0 GROUP BY id / 1099511627776")
    check(len(last) > 1, "several shards have readings")
    for (record,) in last:
        where, what = world.findings(lambda c: c.execute("DELETE FROM journal WHERE id = ?", (record,)))  # pylint: disable=cell-var-from-loop
        check(any("are not those of the journal" in one for one in what), f"cut: {where} {what}")


def se_06_days_runs_estates_and_acts(context):
    """What is not the journal is held against it."""
    world = World(context)
    key, other = world.rows("SELECT a.key, b.key FROM days a JOIN days b ON a.key < b.key AND a.key & 4294967295 = b.key & 4294967295 "
                            "AND a.loads <> b.loads LIMIT 1")[0]
    wanted = [
        ("loads of another day", "UPDATE days SET loads = (SELECT loads FROM days WHERE key = ?2) WHERE key = ?1", "feeder"),
        ("nodes of another day", "UPDATE summaries SET nodes = (SELECT nodes FROM summaries WHERE key = ?2) WHERE key = ?1", "hash tree"),
        ("masks of another day", "UPDATE summaries SET masks = (SELECT masks FROM summaries WHERE key = ?2) WHERE key = ?1 AND masks <> "
         "(SELECT masks FROM summaries WHERE key = ?2)", "half hours"),
        ("a fragment gone", "DELETE FROM fragments WHERE id = (SELECT min(id) FROM fragments WHERE day << 32 | transformer = ?1 AND ?2)",
         "are not those of the journal"),
        ("a fragment twice", "INSERT INTO fragments(day, transformer, run, known, records, body) SELECT day, transformer, run, known, "
         "records, body FROM fragments WHERE day << 32 | transformer = ?1 AND ?2 LIMIT 1", "are not those of the journal"),
        ("a day gone", "DELETE FROM days WHERE key = ?1 AND ?2", "the day is missing"),
        ("no summary", "DELETE FROM summaries WHERE key = ?1 AND ?2", "missing"),
        ("a mark of contradiction", "UPDATE days SET contradicted = 1 - contradicted WHERE key = ?1 AND ?2", "contradict"),
        ("options of a run", "UPDATE runs SET options = '{}' WHERE number = (SELECT min(number) FROM runs) AND ?1 AND ?2",
         "not what the journal has"),
        ("a run gone", "DELETE FROM runs WHERE number = (SELECT max(number) FROM runs) AND ?1 AND ?2", "the store"),
        ("the first run gone, and loads", "DELETE FROM runs WHERE number = 1 AND ?1 AND ?2; UPDATE days SET loads = (SELECT loads FROM days "
         "WHERE key = ?2) WHERE key = ?1", "feeder"),
        ("an estate's hash", "UPDATE estates SET hash = replace(hash, '0', '1') WHERE ?1 AND ?2", ""),
        ("an act that nobody did", "INSERT INTO audit(at, who, act, subject, detail) SELECT 1, 'nobody', 'did', '', '' WHERE ?1 AND ?2",
         "the journal does not have it"),
    ]
    for name, sql, word in wanted:
        done = []

        def change(connection, sql=sql, done=done):
            done.append(min(connection.execute(one, (key, other)).rowcount for one in sql.split("; ")))

        if "masks" in name and not world.rows(f"SELECT 1 FROM summaries a, summaries b WHERE a.key = {key} AND b.key = {other} AND a.masks <> b.masks"):
            raise harness.Failure("the two days have the same half hours: another seed")
        where, what = world.findings(change)
        check(done[0] >= 1, f"{name}: nothing was changed")
        check(any(word in one for one in what), f"{name}: {where} {what}")


def dl_08_made_anew_from_the_log(context):
    """Every reading that the log has, written as a file and replayed: the same roots, and the same exports."""
    world, program = World(context), context.program
    meter = json.loads(program.run("tail", "reading", "--store", world.store).splitlines()[0])["mpan"]
    amended = write_csv(context.folder / "amended.csv", "mpan,period_end,kwh,version,quality,reason,amendment",
                        [(meter, "2026-03-02T12:00:00Z", "0.5", 8, "AAE1", 2, "M")]
                        + [(meter, "2026-03-02T13:00:00Z", "0.5", 8, "E1", 2, reason) for reason in "MT"])
    check_equal(program.replay(world.estate, amended, world.store)["conflicts"], 2, "two contents that differ by their amendment alone")
    events = [json.loads(line) for line in program.run("tail", "reading", "--store", world.store).splitlines()]
    random.Random(8).shuffle(events)
    rows = write_csv(context.folder / "log.csv", "mpan,quantity,period_end,kwh,quality,reason,amendment,version",
                     [(one["mpan"], one["quantity"], one["period_end"], f"{one['wh'] // 1000}.{one['wh'] % 1000:03}", one["quality"],
                       one["reason"] or "", one["amendment"] or "", one["version"]) for one in events])
    check({one["amendment"] for one in events} > {None, "M"}, "some were amended")
    anew = context.fresh("anew")
    found = program.replay(world.estate, rows, anew)
    check_equal(sum(map(harness.total, (found["quarantined"], found["rejected"], found["duplicates"]))), 0, "the log has nothing that is refused")
    check_same_bytes(program.digests(anew), program.digests(world.store), "roots")
    for kind in ("readings", "feeder-load", "transformer-load", "gaps"):
        check_same_bytes(program.export(kind, anew), program.export(kind, world.store), kind)
    program.run("verify", "--store", anew)


def wrong_use_is_named(context):
    done = context.program.try_run("verify", "--store", context.folder / "none")
    check_equal(done.status, 2, f"exit status without a store: {done.describe()}")


if __name__ == "__main__":
    harness.main(__doc__, [a_good_store_says_so, se_06_a_byte_of_the_journal, se_06_records_lost_swapped_added_or_cut,
                           se_06_days_runs_estates_and_acts, dl_08_made_anew_from_the_log, wrong_use_is_named])
