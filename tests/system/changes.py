#!/usr/bin/env python3
"""What a store and its node went by, since when: the recorded differences, put together by an applier of this file's own, are the files."""

import hashlib
import json
import re
import shutil
import sqlite3
import time

import harness
from harness import check, check_equal, mpan, small_estate, utc
from live_node import ListeningNode
from node import Node, simulated, until
from rules import pack

FIRST, SECOND, THIRD = (mpan(100_000_000_000 + number) for number in (1, 2, 3))


def applied(texts, diff):
    """`texts` (by name) after a difference as `diff -U0` writes it; a line that is not what the difference says is a fault."""
    lines = diff.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        check(lines[at].startswith("--- ") and lines[at + 1].startswith("+++ "), f"a file's head: {lines[at:at + 2]}")
        old, new = lines[at][4:-1], lines[at + 1][4:-1]
        before = [] if old == "/dev/null" else texts.pop(old).splitlines(keepends=True)
        after, place, at = [], 0, at + 2
        while at < len(lines) and lines[at].startswith("@@"):
            first, *counts = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@\n", lines[at]).groups()
            removed, added = (1 if count is None else int(count) for count in counts)
            start, at = int(first) - (1 if removed else 0), at + 1
            after += before[place:start]
            sides = {"-": [], "+": []}
            for mark, count in (("-", removed), ("+", added)):
                for line in lines[at:at + count]:
                    check_equal(line[0], mark, f"the mark of {line}")
                    sides[mark].append(line[1:])
                at += count
                if at < len(lines) and lines[at].startswith("\\"):
                    sides[mark][-1] = sides[mark][-1][:-1]
                    at += 1
            check_equal(sides["-"], before[start:start + removed], "the lines that it takes away")
            after += sides["+"]
            place = start + removed
        after += before[place:]
        if new != "/dev/null":
            texts[new] = "".join(after)
    return texts


def changes(context, store, *more):
    return [json.loads(line) for line in context.program.run("changes", "--store", store, "--json", *more).splitlines()]


def replayed_changes(context, store, thing):
    """The files after all differences of a kind, each checked by its hash where it is of one file."""
    texts = {}
    for change in changes(context, store, "--diff", "--what", thing):
        applied(texts, change["diff"])
        if thing != "estate":
            (text,) = texts.values() if thing != "policy" else [texts[change["name"]]]
            check_equal(hashlib.sha256(text.encode()).hexdigest(), change["sha256"], "the text that was in force")
    return texts


def files_of(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def reads_of(context, meter, end):
    file = context.fresh("reads").with_suffix(".csv")
    file.write_text(f"mpan,period_end,kwh\n{meter},{end},0.5\n")
    return file


def se_07_estates_and_rules_that_came_with_files(context):
    """A meter comes, one goes, a file of registers comes and goes, rules change: listed once each, and the differences replay."""
    program, store = context.program, context.fresh("store")
    one = small_estate(context.folder / "one", [FIRST, SECOND], effective_from="2026-01-01T00:00:00Z")
    two = small_estate(context.folder / "two", [FIRST, SECOND, THIRD], effective_from="2026-01-01T00:00:00Z")
    (two / "registers.csv").write_text(f"mpan,quantity,read_at,kwh\n{FIRST},AI,2026-03-01T00:00:00Z,12.5\n")
    three = small_estate(context.folder / "three", [FIRST, THIRD], effective_from="2026-01-01T00:00:00Z")
    (three / "feeders.csv").write_text((three / "feeders.csv").read_text().rstrip("\n"))  # no last line end
    program.replay(one, reads_of(context, FIRST, "2026-03-01T00:30:00Z"), store)
    program.replay(one, reads_of(context, FIRST, "2026-03-01T01:00:00Z"), store)
    rules = pack(context, 2, ("drift_tolerance_s = 0", "drift_tolerance_s = 25"))
    program.replay(two, reads_of(context, THIRD, "2026-03-01T01:30:00Z"), store, "--received-at", "2026-03-02T06:00:00Z", "--rules", rules)
    program.replay(three, reads_of(context, THIRD, "2026-03-01T02:00:00Z"), store)
    found = changes(context, store)
    check_equal([(c["number"], c["what"], c["since"], c["run"], c["name"]) for c in found],
                [(1, "estate", None, 1, None), (2, "rules", None, 1, None), (3, "estate", "2026-03-02T06:00:00Z", 3, None),
                 (4, "rules", "2026-03-02T06:00:00Z", 3, None), (5, "estate", None, 4, None)], "what came, and since when")
    texts, estates = {}, [one, two, three]
    for number, change in enumerate(changes(context, store, "--diff", "--what", "estate")):
        check_equal(applied(texts, change["diff"]), files_of(estates[number]), f"estate {number + 1} by the differences")
        out = context.fresh("as-it-was")
        said = json.loads(program.run("changes", "--store", store, "--number", change["number"], "--out", out, "--json"))
        check_equal(sorted(said["files"]), sorted(f.name for f in out.iterdir()), "the files that are said")
        check_equal(files_of(out), files_of(estates[number]), f"estate {number + 1} as it was")
    (diff,) = [c["diff"] for c in changes(context, store, "--diff", "--number", 3)]
    check(any(line.startswith("+") and str(THIRD) in line for line in diff.splitlines()), f"the row that came: {diff}")
    check_equal(diff.count("\n-") - diff.count("\n---"), 0, "nothing went")
    check_equal(replayed_changes(context, store, "rules"), {"rules.toml": rules.read_text()}, "rules")
    check("drift_tolerance_s = 25" in program.run("changes", "--store", store, "--what", "rules", "--diff").decode(), "as text")
    program.verify(store)


def se_07_settings_and_policy_of_a_node(context):
    """What a node starts with and reads again is recorded with its instant, once; a start with the same files tells nothing."""
    estate, header, lines = simulated(context, 50, 1)
    node = ListeningNode(context, estate, '[identities."urn:gridtwin:device:head-end-1"]\nmeters_file = "meters.csv"\n')
    policy, meters = node.folder / "access.toml", node.folder / "meters.csv"
    meters.write_text(f"mpan\n{FIRST}\n")

    def noted(count):
        until(lambda: len(changes(context, node.store, "--what", "policy")) == count, f"{count} files of policies are recorded")

    began = int(time.time())
    node.start()
    noted(2)
    aside = node.folder / "aside"
    aside.write_text(f"mpan\n{FIRST}\n{SECOND}\n")
    asked = int(time.time())
    aside.rename(meters)
    noted(3)
    in_force = int(time.time())
    aside.write_text(policy.read_text().replace("version = 1\n", "version = 1\nprivacy_floor = 7\n"))
    aside.rename(policy)
    noted(4)
    node.kill()
    check_equal(replayed_changes(context, node.store, "policy"), {str(policy): policy.read_text(), str(meters): meters.read_text()}, "policy")
    settings = node.config.read_text()
    check_equal(list(replayed_changes(context, node.store, "settings").values()), [settings], "settings")
    files = lambda: [change for change in changes(context, node.store) if change["name"]]  # noqa: E731  estate and rules come with readings
    before = len(files())
    node.start()  # with the port that it had before, now as a setting
    node.end()
    check_equal([change["what"] for change in files()[before:]], ["settings"], "what another port changes")
    node.start()
    node.end()
    found = files()
    check_equal(len(found), before + 1, "a start with all as it was")
    check_equal(list(replayed_changes(context, node.store, "settings").values()), [node.config.read_text()], "the settings now")
    named = [c for c in found if c["name"] == str(meters)]
    check_equal(len(named), 2, "the list of meters")
    check(began <= utc(named[0]["since"]) <= asked <= utc(named[1]["since"]) <= in_force, f"since when: {named}")
    acts = [(a["act"], a["subject"], a["detail"]) for a in node.audit() if a["act"].startswith("use-")]
    act_of = lambda c: f"use-{c['what']}" + ("-file" if c["name"] == str(meters) else "")  # noqa: E731
    check_equal(sorted(acts), sorted((act_of(c), c["name"], " ".join(re.findall(".{8}", c["sha256"]))) for c in found), "the audit says the same")
    check(not any(str(FIRST).encode() in json.dumps(act).encode() for act in acts), "SE-05: no meter in the audit")
    node.start()
    node.bring("reads.csv", header + b"".join(lines[:10]))
    until(lambda: node.names("done") == ["reads.csv"], "the file is done")
    node.end()
    check_equal(files(), found, "what readings change of it")
    bound = [c for c in changes(context, node.store) if c["what"] in ("estate", "rules")]
    check_equal([c["what"] for c in bound], ["estate", "rules"], "what the node bound")
    half_hours = [second - second % 1800 for second in (began, int(time.time()))]
    check(all(half_hours[0] <= utc(c["since"]) <= half_hours[1] and utc(c["since"]) % 1800 == 0 for c in bound), f"the half hour in which: {bound}")
    check("the half hour in which" in " ".join(context.program.run("changes", "--help").decode().split()), "the help says so")
    context.program.verify(node.store)


def se_07_what_comes_back_is_recorded_again(context):
    """Settings and policies by other names, and the first ones again: the last that is listed is what the node goes by."""
    estate, *_ = simulated(context, 50, 1)
    node = ListeningNode(context, estate, '[identities."urn:gridtwin:device:head-end-1"]\nmeters_file = "meters.csv"\n')
    policy, other, meters = (node.folder / name for name in ("access.toml", "other.toml", "meters.csv"))
    meters.write_text(f"mpan\n{FIRST}\n")
    other.write_text(policy.read_text().replace("version = 1\n", "version = 1\nprivacy_floor = 7\n"))
    node.start()
    node.end()
    node.config.write_text(node.config.read_text().replace("port = 0\n", f"port = {node.port}\n"))
    one, two = node.folder / "one.toml", node.folder / "two.toml"
    one.write_text(node.config.read_text())
    two.write_text(one.read_text().replace(str(policy), str(other)))
    files = lambda: [change for change in changes(context, node.store) if change["name"]]  # noqa: E731  estate and rules come with readings
    known = len(files())
    for config, rules, new in ((one, policy, 1), (one, policy, 0), (two, other, 2), (two, other, 0), (one, policy, 2), (one, policy, 0)):
        node.config = config
        Node.start(node)
        node.end()
        found = files()
        check_equal(len(found) - known, new, f"what a start with {config.name} changes")
        known = len(found)
        settings = [c for c in found if c["what"] == "settings"][-1]
        policies = [c for c in found if c["what"] == "policy" and c["name"] != str(meters)]
        for listed, file in ((settings, config), (policies[-1], rules)):
            check_equal((listed["name"], listed["sha256"]), (str(file), hashlib.sha256(file.read_bytes()).hexdigest()), "what is in force")
    check_equal([c["name"] for c in found].count(str(meters)), 1, "the file that both policies name")
    context.program.verify(node.store)


def se_07_what_was_kept_is_held_against_its_hash(context):
    program, store = context.program, context.fresh("store")
    estate = small_estate(context.folder / "estate", [FIRST])
    program.replay(estate, reads_of(context, FIRST, "2026-03-01T00:30:00Z"), store)
    program.run("changes", "--store", store, "--diff")
    with sqlite3.connect(store / "gridtwin.db") as database:
        bodies = database.execute("SELECT hash, body FROM estate_texts ORDER BY length(body)").fetchall()
        database.execute("UPDATE estate_texts SET body = ? WHERE hash = ?", (bodies[0][1], bodies[1][0]))
    done = program.try_run("changes", "--store", store, "--diff")
    check_equal(done.status, 1, "exit status")
    check("is not what its journal says" in done.err.decode(), done.describe())


def se_07_a_text_that_is_gone_is_missed(context):
    """Of settings, the policy and a file that it names: `verify` and `changes` name each whose text was deleted."""
    estate, *_ = simulated(context, 50, 1)
    node = ListeningNode(context, estate, '[identities."urn:gridtwin:device:head-end-1"]\nmeters_file = "meters.csv"\n')
    (node.folder / "meters.csv").write_text(f"mpan\n{FIRST}\n")
    node.start()
    node.end()
    context.program.verify(node.store)
    kept = [change for change in changes(context, node.store) if change["name"]]
    check_equal([change["what"] for change in kept], ["settings", "policy", "policy"], "whose texts are kept")
    for change in kept:
        store = context.fresh("store")
        shutil.copytree(node.store, store)
        with sqlite3.connect(store / "gridtwin.db") as database:
            gone = database.execute("DELETE FROM estate_texts WHERE hash = ?", (change["sha256"].encode(),)).rowcount
        check_equal(gone, 1, "texts that are gone")
        for arguments in (("verify",), ("changes", "--diff"), ("changes", "--number", change["number"], "--out", context.fresh("out"))):
            done = context.program.try_run(*arguments, "--store", store)
            check_equal(done.status, 1, f"exit status of {arguments}: {done.describe()}")
            check("lacks a text" in done.err.decode() and change["name"] in done.err.decode(), done.describe())


def se_07_a_text_too_long_to_be_kept(context):
    """A list of meters of more than 16 MiB: its hash is recorded, and that it is not kept, so nothing is missed."""
    estate, *_ = simulated(context, 50, 1)
    node = ListeningNode(context, estate, '[identities."urn:gridtwin:device:head-end-1"]\nmeters_file = "meters.csv"\n')
    meters = node.folder / "meters.csv"
    text = "mpan\n" + "".join(f"{mpan(100_000_000_000 + number)}\n" for number in range(1_200_000))
    meters.write_text(text)
    node.start()
    node.end()
    context.program.verify(node.store)
    (change,) = [change for change in changes(context, node.store, "--diff") if change["name"] == str(meters)]
    check_equal(change["sha256"], hashlib.sha256(text.encode()).hexdigest(), "its hash")
    check("too long to be kept" in change["diff"], f"instead of a difference: {change['diff']}")
    done = context.program.try_run("changes", "--store", node.store, "--number", change["number"], "--out", context.folder / "out")
    check_equal(done.status, 2, done.describe())
    check(f"{len(text)} bytes: too long to be kept" in [a for a in node.audit() if a["subject"] == str(meters)][0]["detail"], "the audit")


def wrong_use(context):
    program, store = context.program, context.fresh("store")
    program.replay(small_estate(context.folder / "estate", [FIRST]), reads_of(context, FIRST, "2026-03-01T00:30:00Z"), store)
    for arguments, word in ((("--number", 9), "there are 2 changes"), (("--out", context.folder / "out"), "--number"), (("--what", "x"), "--what")):
        done = program.try_run("changes", "--store", store, *arguments)
        check_equal(done.status, 2, f"exit status of {arguments}: {done.describe()}")
        check(word in done.err.decode(), done.describe())
    check("nothing is recorded" in program.run("changes", "--store", store, "--what", "policy").decode(), "a store without a node")


if __name__ == "__main__":
    harness.main(__doc__, [se_07_estates_and_rules_that_came_with_files, se_07_settings_and_policy_of_a_node,
                           se_07_what_comes_back_is_recorded_again, se_07_what_was_kept_is_held_against_its_hash,
                           se_07_a_text_that_is_gone_is_missed, se_07_a_text_too_long_to_be_kept, wrong_use])
