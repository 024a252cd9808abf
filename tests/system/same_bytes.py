#!/usr/bin/env python3
"""The same set of readings gives the same bytes: on any number of threads, in any order, in one file or fifty, in one run or
many, and across twenty kills; and another set gives another digest."""

import random
import signal
import subprocess
import time

import harness
from harness import check, check_equal, check_same_bytes

FAULTS = ("gap=0.02,duplicate=0.05,conflict=0.02,correction=0.03,off-grid=0.01,null=0.01,negative=0.01,too-large=0.01,"
          "unknown-meter=0.01,shuffled=0.1,outage=0.01")
KINDS = ("readings", "feeder-load", "transformer-load", "gaps")


class Outcome:
    """All that a store shows."""

    def __init__(self, program, store):
        self.digest = program.digests(store)
        self.exports = {kind: program.export(kind, store) for kind in KINDS}
        self.rejects = program.export("rejects", store)

    def rejects_without_place(self):
        """As a multiset, without the two columns that name file and line."""
        return sorted(line.split(b",", 2)[2] for line in self.rejects.splitlines())

    def check_same(self, other, what, same_files):
        check_same_bytes(self.digest, other.digest, f"digests, {what}")
        for kind in KINDS:
            check_same_bytes(self.exports[kind], other.exports[kind], f"{kind}, {what}")
        if same_files:
            check_same_bytes(self.rejects, other.rejects, f"rejects, {what}")
        else:
            check_same_bytes(b"\n".join(self.rejects_without_place()), b"\n".join(other.rejects_without_place()),
                             f"rejects without source and line, {what}")


class World:
    """An estate, faulty readings of it, and what one plain run makes of them."""

    def __init__(self, context):
        self.context, self.program = context, context.program
        self.estate, self.reads = context.folder / "estate", context.folder / "reads.csv"
        self.chance = random.Random(context.options.seed)
        self.program.run("sim", "estate", "--meters", context.options.meters, "--out", self.estate, "--seed", 11)
        self.program.run("sim", "reads", "--estate", self.estate, "--from", "2026-03-01", "--days", 2, "--seed", 11,
                         "--out", self.reads, "--faults", FAULTS)
        self.header, *self.rows = self.reads.read_text().splitlines()
        self.plain_store = context.fresh("store")
        begin = time.monotonic()
        self.summary = self.program.replay(self.estate, self.reads, self.plain_store)
        self.seconds = time.monotonic() - begin
        self.plain = Outcome(self.program, self.plain_store)
        for name in ("duplicates", "conflicts"):
            check(self.summary[name] > 0, f"there are {name}")

    def write(self, name, rows):
        file = self.context.fresh(name).with_suffix(".csv")
        file.write_text("\n".join([self.header, *rows]) + "\n")
        return file

    def write_parts(self, rows, parts):
        folder = self.context.fresh("parts")
        folder.mkdir()
        files = []
        for number in range(parts):
            files.append(folder / f"part{number:03}.csv")
            files[-1].write_text("\n".join([self.header, *rows[number::parts]]) + "\n")
        return folder, files

    def outcome(self, reads, *more):
        store = self.context.fresh("store")
        self.program.replay(self.estate, reads, store, *more)
        return Outcome(self.program, store)


def any_number_of_threads(context):
    world = World(context)
    for threads in (1, 2, 4):
        world.outcome(world.reads, "--threads", threads).check_same(world.plain, f"--threads {threads}", same_files=True)


def ag_03_any_order_and_any_files(context):
    world = World(context)
    rows = list(world.rows)
    for number in range(3):
        world.chance.shuffle(rows)
        world.outcome(world.write("shuffled", rows)).check_same(world.plain, f"shuffled {number}", same_files=False)
    rows.sort()
    world.outcome(world.write("by-meter", rows)).check_same(world.plain, "ordered by meter", same_files=False)
    world.outcome(world.write("backwards", rows[::-1])).check_same(world.plain, "backwards", same_files=False)
    folder, files = world.write_parts(world.rows, 50)
    world.outcome(folder).check_same(world.plain, "a folder of fifty files", same_files=False)
    world.chance.shuffle(files)
    fifty = world.outcome(files)
    fifty.check_same(world.plain, "fifty files in another order", same_files=False)

    store = context.fresh("store")
    for part in range(0, len(files), 5):
        world.program.replay(world.estate, files[part:part + 5], store, "--threads", part % 3 + 1)
    Outcome(world.program, store).check_same(fifty, "ten runs of five files", same_files=True)
    world.program.verify(store)


def ag_12_across_kills(context):
    world = World(context)
    program, kills, stores = world.program, 0, 0
    files = world.write_parts(world.rows, 3)[1]
    expected = world.outcome(files)
    wanted = context.options.kills
    while kills < wanted:
        store, here = context.fresh("store"), 0
        stores += 1
        while kills < wanted:
            process = program.start("replay", "--estate", world.estate, "--reads", *files, "--store", store, "--json")
            try:
                process.communicate(timeout=world.chance.uniform(0, world.seconds))
                check_equal(process.returncode, 0, f"exit of a replay after {here} kills of its store")
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                if process.returncode == 0:  # it was done just then
                    break
                check_equal(process.returncode, -signal.SIGKILL, "exit of a killed replay")
                kills, here = kills + 1, here + 1
        program.replay(world.estate, files, store)
        Outcome(program, store).check_same(expected, f"after {here} kills of one store", same_files=True)
        program.verify(store)
    harness.say(f"{kills} kills of {stores} stores")


def another_set_gives_another_digest(context):
    world = World(context)
    program = world.program
    count = {}
    for row in world.rows:
        key = tuple(row.split(",")[:3])
        count[key] = count.get(key, 0) + 1
    energy = {row["mpan"] + "," + row["quantity"] + "," + row["period_end"]: int(row["wh"])
              for row in harness.read_csv(world.plain.exports["readings"]) if row["version"] == "1" and row["quality"] == "A"}
    plain = [place for place, row in enumerate(world.rows)
             if count[tuple(row.split(",")[:3])] == 1 and 10 <= energy.get(",".join(row.split(",")[:3]), 0) < 50_000]
    feeder = {row["mpan"]: (row["transformer_id"], row["feeder_id"]) for row in harness.read_csv(world.estate / "meters.csv")}

    def field(place, name):
        return world.rows[place].split(",")[world.header.split(",").index(name)]

    def with_values(values):
        """The rows with other values at some places."""
        rows = list(world.rows)
        for place, value in values.items():
            cells = rows[place].split(",")
            cells[world.header.split(",").index("kwh")] = value
            rows[place] = ",".join(cells)
        return rows

    def pair(same):
        """Two plain rows that agree in `same` and differ in value."""
        seen = {}
        for place in world.chance.sample(plain, len(plain)):
            other = seen.setdefault(same(place), place)
            if field(other, "kwh") != field(place, "kwh"):
                return other, place
        raise harness.Failure("no pair of readings to exchange")

    one = world.chance.choice(plain)
    wh = energy[",".join(world.rows[one].split(",")[:3])]
    of_meter = pair(lambda place: (field(place, "mpan"), field(place, "quantity"), field(place, "period_end")[:10]))
    of_feeder = pair(lambda place: (feeder[field(place, "mpan")], field(place, "quantity"), field(place, "period_end")))
    changes = {
        "one value changes by 1 Wh": {one: f"{(wh + 1) / 1000:.3f}"},
        "two values of a meter are exchanged": {of_meter[0]: field(of_meter[1], "kwh"), of_meter[1]: field(of_meter[0], "kwh")},
        "values of two meters of a feeder are exchanged":
            {of_feeder[0]: field(of_feeder[1], "kwh"), of_feeder[1]: field(of_feeder[0], "kwh")},
    }
    digests = {world.summary["digest"]: "nothing changes"}
    for what, values in changes.items():
        store = context.fresh("store")
        summary = program.replay(world.estate, world.write("changed", with_values(values)), store)
        check_equal(summary["accepted"], world.summary["accepted"], f"accepted when {what}")
        check(summary["digest"] not in digests, f"the digest is the same when {what} and when {digests.get(summary['digest'])}")
        check(program.digests(store) != world.plain.digest, f"the roots are the same when {what}")
        digests[summary["digest"]] = what
    # The totals of the feeder are the same in the last case: it is not through them that the digest changed.
    check_same_bytes(program.export("feeder-load", store), world.plain.exports["feeder-load"], "feeder-load after the exchange")


def arguments(parser):
    parser.add_argument("--meters", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of shuffles and moments")


if __name__ == "__main__":
    harness.main(__doc__, [any_number_of_threads, ag_03_any_order_and_any_files, ag_12_across_kills,
                           another_set_gives_another_digest], arguments)
