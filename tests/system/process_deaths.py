#!/usr/bin/env python3
"""What ends the process costs at most the reading that did it: the next run finds what was in hand, judges it alone, and sets it
aside at the third death. A debugger on the program as it is shipped; other faults in gridtwin_planted."""

import gzip
import platform
import re
import shutil
import signal
import subprocess

import harness
from harness import Failure, Skip, check, check_equal, mpan, small_estate, utc, utc_text, write_csv
from supervised import (HEADER, Planted, World, check_counters, check_no_marker, check_same, everything, letters_of, lines_of,
                        replay_arguments, suspects, with_kwh)

KILLER = "7.654"
KILLER_WH = 7_654
DEATHS = 3


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


if __name__ == "__main__":
    harness.main(__doc__, [v7_one_reading_in_the_middle, v7_the_first_and_the_last_line, v7_two_readings, v7_v10_a_reading_that_came_twice,
                           v7_what_ended_processes_is_not_judged_from_another_file, v7_a_packed_source, v7_one_of_a_wide_row,
                           v7_the_shipped_program_under_a_debugger, v8_a_reading_that_does_not_come_back])
