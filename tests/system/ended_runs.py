#!/usr/bin/env python3
"""A run that is ended from outside, asked to or killed, at any moment: what was committed stays, and the next run comes to what an
undisturbed one does."""

import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import time

import harness
from harness import check, check_equal
from process_deaths import KILLER_WH, long_rows
from supervised import (Planted, World, check_counters, check_no_marker, check_same, everything, letters_of, replay_arguments, suspects,
                        table)

PAUSE_MS = 200  # of what is slow
HEADERS = {b"mpan,quantity,period_end,wh,quality,reason,version"}
SIGNALLED_FAULTS = "gap=0.02,duplicate=0.02,off-grid=0.01,unknown-meter=0.01,shuffled=0.1"


def progress(store):
    """How far a run is, by what its store shows: one when it is there, records in the journal, one when no day is left to summarise."""
    if not (store / "gridtwin.db").exists():
        return 0
    try:
        records, left = table(store, "SELECT count(*), (SELECT count(*) FROM days WHERE summarised = 0) FROM journal")[0]
    except sqlite3.OperationalError:  # it is being made
        return 0
    return 1 + records + (records > 0 and left == 0)


class Signalled:
    """A replay of several groups that is stopped at any moment: how long it takes, what it comes to."""

    def __init__(self, context):
        self.context, self.program = context, context.program
        self.world = World(context, meters=4000, days=4, faults=SIGNALLED_FAULTS)
        began = time.monotonic()
        self.store = context.fresh("undisturbed")
        self.summary = self.program.replay(self.world.estate, self.world.reads, self.store)
        check_counters(self.summary)
        self.expected = everything(self.program, self.store)
        self.whole = progress(self.store)
        self.pause = self.summary["elapsed_s"] / 4
        self.rows = set(self.expected["readings"].splitlines())
        self.chance, self.compared = random.Random(context.options.seed), False
        harness.say(f"a run takes {self.summary['elapsed_s']} s, with all exports {time.monotonic() - began:.1f} s")

    def start(self, store):
        return self.program.start(*replay_arguments(self.world.estate, self.world.reads, store))

    def stop(self, store, number):
        """Starts a replay and sends it a signal when its store shows as much as chance says, or soon after. (exit, standard error)"""
        shown = progress(store)  # runs that were stopped leave records of their own
        return self.signal(self.start(store), store, number, self.chance.randint(shown, max(shown, self.whole)))

    def signal(self, process, store, number, when):
        while progress(store) < when and process.poll() is None:
            os.sched_yield()
        try:
            self.out, err = process.communicate(timeout=self.chance.uniform(0, self.pause))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            self.out, err = process.communicate(timeout=harness.RUN_LIMIT_S)
        return process.returncode, err.decode()

    def go_on(self, store, what):
        """The next run comes to its end, as one that was never disturbed. How many readings were committed before it."""
        done = self.program.try_run("export", "readings", "--store", store)
        nothing_yet = done.status == 2 and (b"there is no store" in done.err or b"the store has no estate yet" in done.err)
        check(done.status == 0 or nothing_yet, f"what is there can be read, {what}: {done.describe()}")
        before = set(done.out.splitlines())
        check(before <= self.rows, f"what is stored already is what will be stored, {what}")
        summary = self.program.replay(self.world.estate, self.world.reads, store)
        check_counters(summary)
        check_equal(len(before - HEADERS) + summary["accepted"], self.summary["accepted"], f"what was committed stays, {what}")
        check_equal(summary["digest"], self.summary["digest"], f"digest, {what}")
        expected = {"readings": self.expected["readings"]} if self.compared else self.expected  # all exports once
        self.compared = True
        check_same(everything(self.program, store, expected), expected, what)
        check_no_marker(store, what)
        check_equal(suspects(store), [], f"suspects, {what}")
        check_equal(letters_of(self.program, store, "--state", "all"), [], f"dead letters, {what}")
        return len(before - HEADERS)


INTERRUPTED = "gridtwin replay: interrupted: what was committed stays; run the same command again to go on"


def v17_what_is_durable_stays(context):
    """Of more readings than a run takes in before its first group is durable: ended then, asked or killed, it has that and not all."""
    world, program = World(context, meters=4000, days=11), context.program
    whole = program.replay(world.estate, world.reads, context.fresh("undisturbed"))
    for number, expected in ((signal.SIGTERM, (1, [INTERRUPTED])), (signal.SIGKILL, (-signal.SIGKILL, []))):
        store = context.fresh("store")
        process = Planted(context).start_with(f"slow_commit_ms={5 * PAUSE_MS}", *replay_arguments(world.estate, world.reads, store))
        while progress(store) < 2 and process.poll() is None:  # the store is there, and a record
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=harness.RUN_LIMIT_S)
        check_equal((process.returncode, err.decode().splitlines()[:1]), expected, f"a run with a durable group, {number.name}")
        if number == signal.SIGTERM:
            check_no_marker(store, "after SIGTERM with a durable group")
            check_equal(suspects(store), [], "suspects after SIGTERM with a durable group")
        before = program.export("readings", store).count(b"\n") - 1
        check(0 < before < whole["accepted"], f"{before} readings of {whole['accepted']} are stored after {number.name}: some and not all")
        after = program.replay(world.estate, world.reads, store)
        check_equal((before + after["accepted"], after["digest"]), (whole["accepted"], whole["digest"]),
                    f"after {number.name} what was committed stays, and the rest comes")


def v17_it_ends_in_order_when_asked_to(context):
    signalled, stopped, stores, with_some = Signalled(context), 0, 0, 0
    while stopped < context.options.signals:
        store, here = context.fresh("store"), 0
        while stopped < context.options.signals and here < 4:
            existed = store.exists()
            status, err = signalled.stop(store, signal.SIGTERM)
            if status == 0:
                break
            if status == -signal.SIGTERM:  # before it could listen, and so before it did anything
                check(existed or not store.exists(), "the program had begun, and did not end in order")
            else:
                check_equal((status, err), (1, INTERRUPTED + "\n"), "a replay that was asked to end")
            stopped, here = stopped + 1, here + 1
            check_no_marker(store, f"after SIGTERM {stopped}")
            if (store / "gridtwin.db").exists():
                check_equal(suspects(store), [], f"suspects after SIGTERM {stopped}")
        stores += 1
        with_some += 0 < signalled.go_on(store, f"{here} times asked to end") < signalled.summary["accepted"]
    harness.say(f"{stopped} times asked to end, {with_some} of {stores} stores had some of the readings by then")


def v17_it_ends_in_order_whatever_it_is_at(context):
    """While it reads, while a slow writer has groups to commit, while days are summarised, at the end when the log is folded. Once the
    last days have been asked for there is nothing left to be stopped, and it comes to its end."""
    signalled, planted = Signalled(context), Planted(context)
    signalled.pause = PAUSE_MS / 1000
    for number, (what, when, ends) in enumerate((("while it reads", 1, {1}), ("with groups to commit", 2, {0, 1}),
                                                 ("while days are summarised", signalled.whole - 1, {0, 1}), ("at its end", signalled.whole, {0}))):
        for threads in (1, 2):
            store = context.fresh("store")
            process = planted.start_with(f"slow_block_ms={PAUSE_MS // 6},slow_commit_ms={PAUSE_MS},slow_summary_ms={PAUSE_MS}",
                                         *replay_arguments(signalled.world.estate, signalled.world.reads, store, "--threads", threads))
            status, err = signalled.signal(process, store, signal.SIGTERM, when)
            what_now = f"{what}, {threads} threads"
            check(status in ends, f"exit {status} {what_now}: {err}")
            first = err.splitlines()[0]
            if status == 1:
                check_equal((first, signalled.out), (INTERRUPTED, b""), f"what it says {what_now}")
            else:
                check_equal(context.program.summary_of(signalled.out)["digest"], signalled.summary["digest"], f"digest {what_now}")
            check_no_marker(store, what_now)
            before = signalled.go_on(store, what_now)
            check(before == signalled.summary["accepted"] if status == 0 or number > 1 else number == 0 or before > 0,
                  f"{before} readings were stored {what_now}, exit {status}")


def v17_asked_twice_it_ends_at_once(context):
    """A run that cannot come to its end soon: a reading is in hand that does not come back."""
    estate, reads, _ = long_rows(context, [0.5], meters=60)
    planted, store = Planted(context), context.fresh("store")
    process = planted.start_with(f"loop_wh={KILLER_WH}", *replay_arguments(estate, reads, store))
    note = process.stderr.readline().decode()
    check("has been in hand for 2 s" in note, f"what it says first: {note}")
    process.send_signal(signal.SIGTERM)
    listens = True
    while listens and process.poll() is None:
        caught = re.search(r"^SigCgt:\s*(\w+)$", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)
        listens = bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)
    check(process.poll() is None, "it waits for what is in hand")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=harness.RUN_LIMIT_S)
    check_equal(process.returncode, -signal.SIGTERM, "exit of a run that was asked twice")
    summary = context.program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["quarantined"]), (summary["readings"], 0), "the next run")


def v17_killed_at_any_moment(context):
    signalled, kills, stores, with_some = Signalled(context), 0, 0, 0
    enough = lambda: kills >= 3 * context.options.signals  # noqa: E731
    while not enough():
        store, here = context.fresh("store"), 0
        while not enough() and here < 4:
            status, _ = signalled.stop(store, signal.SIGKILL)
            if status == 0:
                break
            check_equal(status, -signal.SIGKILL, "exit of a killed replay")
            kills, here = kills + 1, here + 1
        stores += 1
        with_some += 0 < signalled.go_on(store, f"{here} kills") < signalled.summary["accepted"]
    harness.say(f"{kills} kills, {with_some} of {stores} stores had some of the readings by then")


def arguments_of(parser):
    parser.add_argument("--signals", type=int, default=7, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of moments")


if __name__ == "__main__":
    harness.main(__doc__, [v17_it_ends_in_order_when_asked_to, v17_what_is_durable_stays, v17_it_ends_in_order_whatever_it_is_at,
                           v17_asked_twice_it_ends_at_once, v17_killed_at_any_moment],
                 arguments_of)
