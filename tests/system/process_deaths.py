#!/usr/bin/env python3
"""What ends the process costs at most the reading that did it: the next run finds what was in hand, judges it alone, and sets it
aside at the third death. Signals, kills and a debugger on the program as it is shipped; other faults in gridtwin_planted."""

import gzip
import os
import pathlib
import platform
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import harness
from harness import Failure, Skip, check, check_equal, mpan, small_estate, utc, utc_text, write_csv
from supervised import (HEADER, Planted, World, check_counters, check_no_marker, check_same, everything, letters_of, lines_of,
                        replay_arguments, suspects, table, with_kwh)

KILLER = "7.654"
KILLER_WH = 7_654
DEATHS = 3
PAUSE_MS = 200  # of what is slow
HEADERS = {b"mpan,quantity,period_end,wh,quality,reason,version"}
SIGNALLED_FAULTS = "gap=0.02,duplicate=0.02,off-grid=0.01,unknown-meter=0.01,shuffled=0.1"


class Deadly:
    """Readings of which some end the process, what they come to without that, and what becomes of them with it."""

    def __init__(self, context, estate, reads, lines, more=(), fault="abort"):
        self.context, self.program, self.planted = context, context.program, Planted(context)
        self.estate, self.reads, self.lines, self.more = estate, reads, sorted(lines), more
        self.faults = f"{fault}_wh={KILLER_WH}"
        self.store = context.fresh("store")
        plain = context.fresh("undisturbed")
        self.undisturbed = self.program.replay(estate, reads, plain, *more)
        self.expected = everything(self.program, plain)

    def die(self, *arguments):
        done = self.planted.attempt(self.faults, *arguments)
        check_equal(done.status, -signal.SIGABRT, f"exit of a process that a reading ends: {done.describe()}")
        return done.err.decode()

    def replay(self):
        return self.planted.attempt(self.faults, *replay_arguments(self.estate, self.reads, self.store, *self.more))

    def die_until_done(self):
        """Replays until that comes to its end; the last one's summary. Each death has a suspect that had not had its three."""
        for deaths in range(DEATHS * len(self.lines) + 1):
            done = self.replay()
            if done.status == 0:
                check(deaths >= DEATHS, f"only {deaths} deaths")
                return self.program.summary_of(done.out)
            check_equal(done.status, -signal.SIGABRT, f"exit after {deaths} deaths: {done.describe()}")
            check((self.store / "in-flight").exists(), "a marker of what was in hand")
        raise Failure(f"the process still dies after {deaths} deaths: {done.describe()}")

    def check_set_aside(self, what):
        letters = letters_of(self.program, self.store)
        check_equal([(letter["line"], letter["cause"], letter["wh"], letter["source"]) for letter in sorted(letters, key=lambda l: l["line"])],
                    [(line, "process-died", KILLER_WH, self.reads.name) for line in self.lines], f"dead letters, {what}")
        check_no_marker(self.store, what)
        return letters

    def check_run(self):
        """All of it: deaths, the run that ends, what the letters come to."""
        summary = self.die_until_done()
        count = len(self.lines)
        check_counters(summary, process_died=count)
        check_equal((summary["accepted"], summary["quarantined"] - self.undisturbed["quarantined"]),
                    (self.undisturbed["accepted"] - count, count), "what was accepted, and what was set aside")
        letters = self.check_set_aside("after the deaths")
        check_equal({letter["attempts"] for letter in letters}, {DEATHS}, "deaths that are told")
        check_equal([row[1] for row in suspects(self.store)], self.lines, "suspects: nobody beside them")
        ends = {(letter["mpan"], letter["period_end"]) for letter in letters}
        found, expected = (
            [line for line in text.splitlines() if (line.split(b",")[0].decode(), line.split(b",")[2].decode()) not in ends]
            for text in (self.program.export("readings", self.store), self.expected["readings"]))
        check_equal(found, expected, "all other readings")

        again = self.replay()
        check_equal(again.status, 0, f"the same command again: {again.describe()}")
        check_equal(self.program.summary_of(again.out)["accepted"], 0, "accepted when it is replayed again")
        self.check_set_aside("after it was replayed again")
        self.die("deadletters", "replay", "--all", "--store", self.store)
        again = self.replay()
        check_equal(again.status, 0, f"a run after a letter that was played ended the process: {again.describe()}")
        self.check_set_aside("after a letter was played and ended the process")

        played = lines_of(self.program.run("deadletters", "replay", "--all", "--store", self.store, "--json"))[0]
        check_equal((played["accepted"], played["waiting"]), (count, 0), "letters played by the plain program")
        check_same(everything(self.program, self.store), self.expected, "after the letters were played")
        check_equal(suspects(self.store), [], "suspects afterwards")
        last = self.program.replay(self.estate, self.reads, self.store, *self.more)
        check_equal((last["accepted"], last["digest"]), (0, self.undisturbed["digest"]), "the plain program again")


def long_rows(context, places, pack=False, meters=600, days=2):
    """A simulated estate's readings with what kills at these places, as shares of the file."""
    world = World(context, meters, days)
    header, lines = world.lines()
    numbers = sorted({round(place * (len(lines) - 1)) for place in places})
    for number in numbers:
        lines[number] = with_kwh(header, lines[number], KILLER)
    reads = world.write_lines(header, lines, "deadly")
    if pack:
        packed = reads.with_suffix(".csv.gz")
        packed.write_bytes(gzip.compress(reads.read_bytes()))
        reads = packed
    return world.estate, reads, [number + 2 for number in numbers]


def v7_one_reading_in_the_middle(context):
    Deadly(context, *long_rows(context, [0.4])).check_run()


def v7_the_first_and_the_last_line(context):
    for place in (0, 1):
        Deadly(context, *long_rows(context, [place], meters=60)).check_run()


def v7_two_readings(context):
    """Of two transformers, so that two threads may have them in hand at once; and in two files' halves of one."""
    Deadly(context, *long_rows(context, [0.5, 0.5003]), more=("--threads", 4)).check_run()
    Deadly(context, *long_rows(context, [0.2, 0.9], meters=60), more=("--threads", 1)).check_run()


def v7_v10_a_reading_that_came_twice(context):
    """Each of its lines ends the process, is set aside and has a letter; to play either is to play both."""
    program = context.program
    estate, reads, lines = long_rows(context, [0.5], meters=60)
    rows = reads.read_text().splitlines()
    reads.write_text("\n".join([*rows, rows[lines[0] - 1]]) + "\n")
    deadly = Deadly(context, estate, reads, [lines[0], len(rows) + 1])
    check_counters(deadly.die_until_done(), process_died=2)
    letters = sorted(deadly.check_set_aside("after the deaths"), key=lambda letter: letter["line"])
    for played in (0, 1):
        store = context.fresh("played")
        shutil.copytree(deadly.store, store)
        told = lines_of(program.run("deadletters", "replay", letters[played]["id"], "--store", store, "--json"))[0]
        check_equal((told["accepted"], told["waiting"]), (1, 0), f"letter {played + 1} played")
        check_equal((letters_of(program, store), suspects(store)), ([], []), f"what is left, letter {played + 1} played")
        check_same(everything(program, store), deadly.expected, f"letter {played + 1} played", places=False)
        last = program.replay(estate, reads, store)
        check_equal((last["accepted"], last["quarantined"], last["digest"]),
                    (0, deadly.undisturbed["quarantined"], deadly.undisturbed["digest"]), f"the file again, letter {played + 1} played")


def v7_what_ended_processes_is_not_judged_from_another_file(context):
    """A reading that only made its twin throw when one file brought it, and ends the process when another one does."""
    program = context.program
    estate, reads, lines = long_rows(context, [0.5], meters=60)
    rows = reads.read_text().splitlines()
    one = write_csv(context.folder / "one.csv", rows[0], [rows[lines[0] - 1].split(",")])
    deadly = Deadly(context, estate, reads, lines)
    threw = deadly.planted.attempt(f"poison_wh={KILLER_WH}", *replay_arguments(estate, one, deadly.store))
    check_counters(program.summary_of(threw.out), restarts=3, threw=1)
    deadly.die_until_done()
    again = deadly.planted.attempt(deadly.faults, *replay_arguments(estate, one, deadly.store))
    check_equal(again.status, 0, f"the first file again: {again.describe()}")
    check_equal(sorted((letter["source"], letter["cause"]) for letter in letters_of(program, deadly.store)),
                sorted([(one.name, "process-died"), (reads.name, "process-died")]), "letters")
    told = lines_of(program.run("deadletters", "replay", "--all", "--store", deadly.store, "--json"))[0]
    check_equal((told["accepted"], told["waiting"]), (1, 0), "letters played by the plain program")
    check_same(everything(program, deadly.store, ("digest", "readings", "gaps")), {name: deadly.expected[name] for name in
               ("digest", "readings", "gaps")}, "after the letters were played")


def v7_a_packed_source(context):
    Deadly(context, *long_rows(context, [0.6], pack=True, meters=60)).check_run()


def v7_one_of_a_wide_row(context):
    """The half hour of a row counts, not the row."""
    meters = [mpan(100_000_000_000 + 7 * number) for number in range(12)]
    estate = small_estate(context.folder / "estate", meters)
    columns = [f"H{number // 2:02}{number % 2 * 30:02}" for number in range(1, 49)]
    rows = [[meter, day, *(f"0.{column + number:03}" for column in range(48))] for number, meter in enumerate(meters)
            for day in ("2026-02-01", "2026-02-02")]
    rows[9][2 + 17] = KILLER
    reads = write_csv(context.folder / "reads.csv", ",".join(["mpan", "date", *columns]), rows)
    profile = context.folder / "wide.toml"
    profile.write_text('layout = "wide"\nmeter = "mpan"\ntime = "date"\ntime_format = "%Y-%m-%d"\nzone = "UTC"\n'
                       f'label = "period-end"\nunit = "kWh"\ncolumns = {str(columns).replace(chr(39), chr(34))}\n')
    deadly = Deadly(context, estate, reads, [11], more=("--format", profile))
    deadly.check_run()
    letter = letters_of(context.program, deadly.store, "--state", "all")[0]
    check_equal((letter["mpan"], letter["period_end"], letter["item"]), (meters[4], "2026-02-02T09:00:00Z", 17), "the half hour")


def v8_a_reading_that_does_not_come_back(context):
    """The process ends by itself, and says over what."""
    deadly = Deadly(context, *long_rows(context, [0.5], meters=60), fault="loop")
    for number in range(DEATHS):
        done = deadly.replay()
        check_equal(done.status, -signal.SIGABRT, f"exit of a run that is stuck: {done.describe()}")
        check(f"gridtwin: line {deadly.lines[0]} of {deadly.reads.name} has been in hand for 5 s" in done.err.decode(), done.describe())
        if number:
            check(f"died while line {deadly.lines[0]} of {deadly.reads.name} was judged; it is judged alone now" in done.err.decode(),
                  done.describe())
    done = deadly.replay()
    check_equal(done.status, 0, f"the run after three: {done.describe()}")
    check_counters(context.program.summary_of(done.out), process_died=1)
    deadly.check_set_aside("after three runs that were stuck")
    lines_of(context.program.run("deadletters", "replay", "--all", "--store", deadly.store, "--json"))
    check_same(everything(context.program, deadly.store), deadly.expected, "after the letter was played")


JUDGE = "gridtwin::hosted_twins::judge(unsigned long, gridtwin::reading const&)"
VERSION_AT, WH_AT = 8, 16  # bytes into a reading


def debug(arguments, wh, version):
    """Runs a program and aborts it when a reading is about to be judged. What the debugger said."""
    here = f"*(long*)($rdx+{WH_AT}) == {wh} && *(unsigned*)($rdx+{VERSION_AT}) == {version}"
    steps = ["set pagination off", "set debuginfod enabled off", "set startup-with-shell off", f"break *'{JUDGE}' if {here}", "run",
             "signal SIGABRT"]
    command = ["gdb", "-nx", "-q", "-batch", *(part for step in steps for part in ("-ex", step)), "--args", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=harness.RUN_LIMIT_S)
    said = done.stdout.decode(errors="replace")
    if re.search(r"ptrace|Could not trace", said):
        raise Skip(f"nothing may be traced here: {said[-300:]}")
    return said


def v7_the_shipped_program_under_a_debugger(context):
    """No fault is built in: whenever one certain reading is judged, a debugger ends the process."""
    if shutil.which("gdb") is None:
        raise Skip("gdb is not installed")
    if platform.machine() != "x86_64":
        raise Skip("a reading's address is looked for in a register of x86-64")
    program = context.program
    meters = [mpan(100_000_000_000 + 7 * number) for number in range(40)]
    estate = small_estate(context.folder / "estate", meters)
    ends = [utc_text(utc("2026-03-01") + 1800 * number) for number in range(1, 97)]
    rows = [[meter, end, f"0.{number % 500 + 100}", 1] for number, (end, meter) in
            enumerate((end, meter) for end in ends for meter in meters)]
    rows[1500][2:] = KILLER, 2  # its first version is what is not there: usual readings take another way
    rows[1700][2:] = "0.700", 2
    reads = write_csv(context.folder / "reads.csv", HEADER + ",version", rows)
    plain, store = context.fresh("undisturbed"), context.fresh("store")
    undisturbed = program.replay(estate, reads, plain)
    arguments = [program.path, *replay_arguments(estate, reads, store)]
    for number in range(DEATHS):
        said = debug(arguments, KILLER_WH, 2)
        check("hit Breakpoint 1" in said and "exited normally" not in said, f"death {number + 1} under the debugger: {said[-2000:]}")
        check((store / "in-flight").exists(), "a marker of what was in hand")
    said = debug(arguments, KILLER_WH, 2)
    check("exited normally" in said, f"the run after three deaths, under the debugger: {said[-2000:]}")
    check_no_marker(store, "after the deaths")
    letters = letters_of(program, store)
    check_equal([(letter["line"], letter["cause"], letter["attempts"], letter["wh"]) for letter in letters],
                [(1502, "process-died", DEATHS, KILLER_WH)], "dead letters")
    check_equal([row[1:] for row in suspects(store)], [(1502, 0, DEATHS)], "suspects: nobody beside it")
    check_equal(len(program.rows("readings", store)), undisturbed["accepted"] - 1, "all other readings")
    played = lines_of(program.run("deadletters", "replay", "--all", "--store", store, "--json"))[0]
    check_equal(played["accepted"], 1, "the letter played without a debugger")
    check_same(everything(program, store), everything(program, plain), "after the letter was played")


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
    parser.add_argument("--signals", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of moments")


if __name__ == "__main__":
    harness.main(__doc__, [v7_one_reading_in_the_middle, v7_the_first_and_the_last_line, v7_two_readings, v7_v10_a_reading_that_came_twice,
                           v7_what_ended_processes_is_not_judged_from_another_file, v7_a_packed_source, v7_one_of_a_wide_row,
                           v7_the_shipped_program_under_a_debugger, v8_a_reading_that_does_not_come_back,
                           v17_it_ends_in_order_when_asked_to, v17_what_is_durable_stays,
                           v17_it_ends_in_order_whatever_it_is_at, v17_asked_twice_it_ends_at_once,
                           v17_killed_at_any_moment],
                 arguments_of)
