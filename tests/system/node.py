#!/usr/bin/env python3
"""A node that stays: what its inbox brings ends in the same store as a replay, whatever happens to the process and the files."""

import json
import os
import random
import re
import signal
import time

import harness
from harness import check, check_equal, check_same_bytes

LIMIT_S = 120  # until something must have come about: against hanging alone
KINDS = ("readings", "feeder-load", "transformer-load", "gaps")


def until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        check(time.monotonic() < end, f"in {LIMIT_S} s: {what}")
        time.sleep(0.02)


class Node:
    """A node of its own folder, with an inbox."""

    def __init__(self, context, estate, **node):
        self.program = context.program
        self.folder = context.fresh("node")
        self.folder.mkdir()
        self.store, self.inbox = self.folder / "store", self.folder / "inbox"
        options = {"estate": str(estate), "store": str(self.store), **node}
        self.config = self.folder / "gridtwin.toml"
        self.config.write_text("[node]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
                               + f"[inbox]\nfolder = {json.dumps(str(self.inbox))}\n")
        self.process = None

    def start(self):
        self.process = self.program.start("run", "--config", self.config, "--json")
        said = self.process.stderr.readline()
        check(b"ready" in said, f"the node says that it is ready: {said}")

    def bring(self, name, data):
        """A file as it should come: written elsewhere, then moved."""
        aside = self.folder / ("." + name)
        aside.write_bytes(data)
        aside.rename(self.inbox / name)

    def names(self, part):
        """Without the second that was put before them."""
        return sorted(file.name.split("-", 1)[1] for file in (self.inbox / part).iterdir())

    def end(self):
        """Its half hours, as it told of them."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=LIMIT_S)
        check_equal(self.process.returncode, 0, f"exit status; it said {err.decode()}")
        check(not re.search(rb"\b\d{13}\b", err), f"SE-05: the log names no meter: {err.decode()}")
        return [json.loads(line) for line in out.decode().splitlines()]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def simulated(context, meters, days):
    """(estate, its readings as header and lines), with all faults."""
    estate, reads = context.folder / "estate", context.folder / "reads.csv"
    context.program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 5)
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", days, "--seed", 5, "--faults", "all", "--out", reads)
    header, *lines = reads.read_bytes().splitlines(keepends=True)
    return estate, header, lines


def check_as_replayed(context, node, store):
    for kind in KINDS:
        check_same_bytes(context.program.export(kind, node.store), context.program.export(kind, store), kind)
    check_equal(context.program.digests(node.store), context.program.digests(store), "digests")


def replayed(context, estate, header, lines):
    store, reads = context.fresh("replayed"), context.folder / "whole.csv"
    reads.write_bytes(header + b"".join(lines))
    context.program.replay(estate, reads, store)
    return store


def an_inbox_is_a_replay(context):
    """Files in any order, one of them broken, one twice: each is put away, and the store is as one replay makes it."""
    estate, header, lines = simulated(context, 300, 4)
    store = replayed(context, estate, header, lines)
    node = Node(context, estate)
    node.start()
    parts = [lines[first::7] for first in range(7)]
    for number, part in enumerate(parts[:3]):
        node.bring(f"part{number}.csv", header + b"".join(part))
    node.bring("broken.csv", b"this,is,no\nfile,of,readings\n")
    for number, part in enumerate(parts[3:], 3):
        node.bring(f"part{number}.csv", header + b"".join(part))
    until(lambda: len(node.names("done")) == 7 and len(node.names("failed")) == 2, "seven files are done, one has failed")
    node.bring("part0.csv", header + b"".join(parts[0]))
    until(lambda: len(node.names("done")) == 8, "a name may come again")
    told = node.end()
    check_equal(node.names("done").count("part0.csv"), 2, "both files of a name are kept")
    check_equal(node.names("failed"), ["broken.csv", "broken.csv.why"], "what could not be read")
    why = next(file for file in (node.inbox / "failed").iterdir() if file.name.endswith(".why")).read_text()
    check("no column 'mpan'" in why, f"the reason stands beside it: {why}")
    check_equal(sum(turn["files"] for turn in told), 9, "files that were told of")
    check(sum(turn["readings"] for turn in told) >= len(lines), "every line was offered")
    check_as_replayed(context, node, store)


def p1_a_node_that_is_killed_goes_on(context):
    """SIGKILL at random moments while files come: none is lost, nothing is counted twice."""
    estate, header, lines = simulated(context, 400, 6)
    store = replayed(context, estate, header, lines)
    node = Node(context, estate)
    dice = random.Random(20261127)
    parts = [(f"part{number:02}.csv", header + b"".join(lines[number::20])) for number in range(20)]
    brought = 0
    for _ in range(12):
        node.start()
        more = parts[brought:brought + dice.randint(1, 3)]
        for name, data in more:
            node.bring(name, data)
        brought += len(more)
        wanted = min(brought, len(node.names("done")) + dice.randint(0, 2))
        until(lambda: len(node.names("done")) >= wanted, "the node works")  # pylint: disable=cell-var-from-loop
        time.sleep(dice.random() * 0.1)
        node.kill()
    node.start()
    for name, data in parts[brought:]:
        node.bring(name, data)
    until(lambda: len(node.names("done")) == 20, "all is read")
    node.end()
    check_equal(node.names("reading"), [], "nothing is left under way")
    check_as_replayed(context, node, store)


def a_clock_decides_what_has_not_ended(context):
    """Half hours of tomorrow are quarantined by a node that judges by its clock, and taken by one that judges by nothing."""
    mpans = [harness.mpan(100_000_000_000)]
    estate = harness.small_estate(context.folder / "estate", mpans)
    tomorrow = harness.utc_text((int(time.time()) // 1800 + 48) * 1800)
    yesterday = harness.utc_text((int(time.time()) // 1800 - 48) * 1800)
    data = f"mpan,period_end,kwh\n{mpans[0]},{tomorrow},0.5\n{mpans[0]},{yesterday},0.5\n".encode()
    for judge_by, accepted in (("clock", 1), ("nothing", 2)):
        node = Node(context, estate, judge_by=judge_by)
        node.start()
        node.bring("reads.csv", data)
        until(lambda: node.names("done") == ["reads.csv"], "it is read")  # pylint: disable=cell-var-from-loop
        (told,) = node.end()
        check_equal((told["accepted"], told["refused"]), (accepted, 2 - accepted), f"judged by {judge_by}")
        kept = context.program.rows("rejects", node.store)
        check_equal([row["code"] for row in kept], ["future"] * (2 - accepted), "what was refused")


def settings_are_checked_by_name(context):
    """Each wrong key, unit or bound is named; what `config show` prints is read back to the same."""
    config = context.folder / "gridtwin.toml"
    good = '[node]\nestate = "e"\nstore = "s"\n'
    wrong = {"[node]\nestate = \"e\"\n": "'store' of [node] is missing",
             good + "treads = 2\n": "treads",
             good + "threads = 257\n": "'threads' of [node] must be a whole number of threads from 0 to 256",
             good + "threads = \"two\"\n": "'threads' of [node] must be a whole number",
             good + "judge_by = \"guess\"\n": "must be one of: clock nothing",
             good + "[inbocks]\n": "inbocks",
             good + "inbox = 1\n": "inbox",
             "node = 1\n": "'node' must be a table",
             "[node\n": "line 1"}
    for text, words in wrong.items():
        config.write_text(text)
        done = context.program.try_run("config", "check", "--config", config)
        check_equal(done.status, 2, f"exit status for {text!r}")
        check(words in done.err.decode(), f"{text!r} is answered with {words!r}: {done.err}")
    config.write_text(good)
    shown = context.program.run("config", "show", "--config", config)
    check(b"# threads, 0 to 256, default 0" in shown, "units, bounds and defaults are shown")
    config.write_bytes(shown)
    check_equal(context.program.run("config", "show", "--config", config), shown, "what is shown can be read again")
    whole = json.loads(context.program.run("config", "show", "--config", config, "--json"))
    check_equal((whole["node"]["threads"], whole["webhooks"]), (0, {}), "as JSON")
    check(b"# [webhooks.NAME]\n" in shown, "a webhook's options are shown though there is none")
    missing = json.loads(context.program.run("config", "check", "--config", config, "--json"))["missing"]
    check_equal(missing, [whole["node"]["estate"]], "what the settings name and is not there")
    check(b"not there yet:\n  estate of [node]: " in context.program.run("config", "check", "--config", config), "the same as text")
    hook = {"url": "https://r.example/", "reader": "urn:gridtwin:service:settlement:s", "topic": "reading",
            "certificate": "no/c.pem", "key": "no/k.pem", "roots": str(config)}
    config.write_text(good + '[inbox]\nfolder = "i"\nformat = "nope.toml"\n'
                      + '[http]\npolicy = "no/p.toml"\n[push]\nsigning_certificate = "no/s.pem"\nsigning_key = "no/s.key"\n[webhooks.w]\n'
                      + "".join(f'{key} = "{value}"\n' for key, value in hook.items()))
    missing = json.loads(context.program.run("config", "check", "--config", config, "--json"))["missing"]
    check_equal([os.path.basename(one) for one in missing], ["e", "nope.toml", "p.toml", "s.pem", "s.key", "c.pem", "k.pem"], "a format's file, and those of a webhook")
    text = context.program.run("config", "check", "--config", config).decode()
    check("format of [inbox]: " in text and "certificate of [webhooks.w]: " in text, text)
    beginning, could_be = shown.split(b"# [webhooks.NAME]\n")
    could_be = b"\n".join(line.removeprefix(b"# ") if b" = " in line else line for line in could_be.splitlines())
    config.write_bytes(beginning + b"[webhooks.NAME]\n" + could_be.replace(b'url = ""', b'url = "https://r.example/"'))
    refused = context.program.try_run("config", "check", "--config", config).err.decode()
    check("'reader' of [webhooks.NAME] is empty" in refused, f"what is shown of a webhook that could be has values that are taken: {refused}")
    check_equal(os.path.exists("s"), False, "checking makes nothing")


if __name__ == "__main__":
    harness.main(__doc__, [an_inbox_is_a_replay, p1_a_node_that_is_killed_goes_on, a_clock_decides_what_has_not_ended,
                           settings_are_checked_by_name])
