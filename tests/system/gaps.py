#!/usr/bin/env python3
"""Gaps as a topic: what was opened and not closed is, after each record, what an independent model finds missing in the readings up to it, and
after each run what the export of gaps says; an event never changes; and who may not see a household sees none of it."""

import collections
import json
import random

import harness
import model
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate
from half_hours import Known, events_of, place_of
from moved_rows import RandomWorld
from node import until
from readers import POLICY, ReadNode

GAP = "gap"
EVENTS = "/v1/topics/gap/events"
HEADER = "mpan,quantity,period_end,kwh,version"
FIRST = "2026-02-26T00:00:00Z"  # a month ends in it


def key_of(event):
    return event["mpan"], event["quantity"], event["first_period_end"], event["last_period_end"]


def rows_of(event):
    """The rows of the export that an open gap stands for."""
    parts = event.get("parts", [event])
    return [(event["mpan"], event["quantity"], part["first_period_end"], part["last_period_end"], part["periods"]) for part in parts]


class Fold:
    """What was opened and not closed. Events of a meter that was moved may come in any order of shards, so they are counted."""

    def __init__(self):
        self.count, self.last = collections.Counter(), {}

    def add(self, event):
        self.count[key_of(event)] += 1 if event["state"] == "open" else -1
        if event["state"] == "open":
            self.last[key_of(event)] = event

    def open(self):
        check(set(self.count.values()) <= {0, 1}, f"a gap is open or it is not: {[key for key, n in self.count.items() if n not in (0, 1)][:5]}")
        return [self.last[key] for key, n in self.count.items() if n]

    def rows(self):
        return sorted(row for event in self.open() for row in rows_of(event))

    def raw(self):
        return sorted(key_of(event) for event in self.open())


def folded(events):
    out = Fold()
    for event in events:
        out.add(event)
    return out


def exported(program, store):
    return [(row["mpan"], row["quantity"], row["first_period_end"], row["last_period_end"], int(row["periods"])) for row in program.rows("gaps", store)]


def check_is_export(program, store, what):
    """All events, folded, are the export, row by row."""
    events = events_of(program, store, GAP)
    check_equal(folded(events).rows(), exported(program, store), f"gaps that are open against the export, {what}")
    places = [place_of(event) for event in events]
    check_equal(places, sorted(set(places)), f"order of shards, offsets and places, {what}")
    for before, after in zip([(None, None, None), *places], places):
        check_equal(after[2], before[2] + 1 if after[:2] == before[:2] else 0, f"place of {after} behind {before}")
    return events


def check_each_record(program, store, moved):
    """After each record of a shard, of each meter that it touches and that stayed under one transformer: as the model has it."""
    records = collections.defaultdict(lambda: ([], []))
    for topic, side in (("reading", 0), (GAP, 1)):
        for event in events_of(program, store, topic):
            records[event["shard"], event["offset"]][side].append(event)
    known, open_gaps, ends, count = Known(), collections.defaultdict(set), collections.defaultdict(set), 0
    for record in sorted(records):
        readings, events = records[record]
        touched = {(event["mpan"], event["quantity"]) for event in readings if event["mpan"] not in moved}
        for event in readings:
            known.add(event)
            ends[event["mpan"], event["quantity"]].add(event["period_end"])
        for event in events:
            meter = event["mpan"], event["quantity"]
            if meter[0] in moved:
                continue
            check(meter in touched, f"{record} tells of a meter that it has no reading of: {event}")
            gap = event["first_period_end"], event["last_period_end"], event["periods"]
            if event["state"] == "open":
                check(gap not in open_gaps[meter], f"{record} opens what is open: {event}")
                open_gaps[meter].add(gap)
            else:
                check(gap in open_gaps[meter], f"{record} closes what is not open: {event}")
                open_gaps[meter].remove(gap)
            count += 1
        for meter in touched:
            expected = model.gaps(known.rows((*meter, end) for end in ends[meter]))
            check_equal(sorted(open_gaps[meter]), [row[2:] for row in expected], f"gaps of {meter} after {record}")
    return count


# -- a store that sees every kind of change -----------------------------------------------------------------------------------

DAYS, NOON = 5, "2026-02-28T12:00:00Z"  # rows change at noon
HOLE = range(110, 131)                  # half hours in which one meter is connected nowhere


class Stages:
    """Meters of four transformers, some of them moved, one disconnected for some hours, and parts of their readings in turn."""

    def __init__(self, context, seed):
        self.context, self.chance = context, random.Random(seed)
        meters, self.quantities, self.moved = [], {}, set()
        for number in range(26):
            one = mpan(100_000_000_000 + 17 * number)
            place = {"mpan": one, "transformer_id": f"T{number % 4}", "feeder_id": "F1", "effective_from": "", "effective_to": "",
                     "quantities": "AI|AE" if number % 5 == 0 else "AI"}
            self.quantities[one] = place["quantities"].split("|")
            if number % 6 == 1:  # to another transformer, or of another supplier
                other = {**place, "effective_from": NOON, "transformer_id": f"T{(number + number // 6) % 4}"}
                meters += [{**place, "effective_to": NOON}, other]
                if other["transformer_id"] != place["transformer_id"]:
                    self.moved.add(one)
            elif number == 2:
                meters += [{**place, "effective_to": self.end(HOLE.start - 1)}, {**place, "effective_from": self.end(HOLE.stop - 1)}]
                self.holed = one
            else:
                meters.append(place)
        check(len(self.moved) > 2, "some meters move")
        self.estate = write_estate(context.fresh("estate"), [{"transformer_id": f"T{n}", "rating_kva": "100", "gsp_group": "_C"} for n in range(4)],
                                   [{"transformer_id": f"T{n}", "feeder_id": "F1"} for n in range(4)], meters)
        self.present, self.missing = [], []
        for one, quantities in self.quantities.items():
            for quantity in quantities:
                number = 1
                while number <= DAYS * 48:
                    silent = self.chance.random() < 0.04
                    for _ in range(self.chance.choice((1, 1, 2, 7, 60)) if silent else 1):
                        if number <= DAYS * 48 and not (one == getattr(self, "holed", "") and number in HOLE):
                            (self.missing if silent else self.present).append((one, quantity, number))
                        number += 1

    @staticmethod
    def end(number):
        return utc_text(utc(FIRST) + 1800 * number)

    def row(self, key, wh=None, version=1):
        one, quantity, number = key
        return one, quantity, self.end(number), f"{(number * 7 % 900 if wh is None else wh) / 1000:.3f}", version

    def parts(self):
        """(what it is, rows)"""
        chance = self.chance
        by_time = lambda keys: sorted(keys, key=lambda key: (key[2], key))  # noqa: E731
        shuffled = lambda keys: chance.sample(keys, len(keys))  # noqa: E731
        row = self.row
        yield "in order of time", [row(key) for key in by_time(key for key in self.present if key[2] <= 96)]
        yield "by meter", [row(key) for key in sorted(key for key in self.present if 96 < key[2])]
        filled = chance.sample(self.missing, len(self.missing) // 3)
        yield "filled later, in any order", [row(key) for key in filled]
        left = [key for key in self.missing if key not in set(filled)]
        inner = [key for key in left if (*key[:2], key[2] - 1) in left and (*key[:2], key[2] + 1) in left]
        splitting = chance.sample(inner, len(inner) // 4)
        yield "in the middle of gaps", [row(key) for key in shuffled(splitting)]
        contradicted = chance.sample(self.present, 120) + splitting[:3]
        yield "contradicted", [row(key, 901) for key in shuffled(contradicted)]
        settled = chance.sample(contradicted, 60)
        yield "of a higher version", [row(key, 902, 2) for key in shuffled(settled + chance.sample(self.present, 40))]
        yield "contradicted again, and settled", [row(key, wh, version) for key in settled[:20] for wh, version in ((903, 2), (904, 3), (905, 1))]
        lone = [(one, "AI", number) for one in chance.sample(sorted(self.quantities), 8) for number in (-900, 1500)]
        yield "far before and far behind", [row(key) for key in shuffled(lone)]
        yield "all again, with most of what was missing", [row(key) for key in shuffled([*self.present, *left[:-20]])]


def tm_07_va_11_what_is_open_is_what_is_missing(context):
    """Readings in order of time, by meter, in any order, late, contradicted, of higher versions, over a month's end, of meters that moved: after
    each run all events, folded, are the export of gaps, and after each record what the model finds."""
    program, states = context.program, collections.Counter()
    for seed in (1, 2, 3):
        world, store = Stages(context, seed), context.fresh("store")
        for what, rows in world.parts():
            reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows)
            program.replay(world.estate, reads, store)
            events = check_is_export(program, store, f"seed {seed}, {what}")
        states.update((event["state"], event["mpan"] in world.moved, "parts" in event) for event in events)
        check(check_each_record(program, store, world.moved | {world.holed}) > 300, "there are events")
        # The same in a single run, in which it is not known which of two shards was first.
        whole = context.fresh("store")
        rows = [row for _, part in world.parts() for row in part]
        reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, world.chance.sample(rows, len(rows)))
        program.replay(world.estate, reads, whole)
        check_is_export(program, whole, f"seed {seed}, one run")
    for state in ("open", "closed"):
        for moved in (False, True):
            check(states[state, moved, False] > 5, f"each kind is told of: {states}")
    check(states["open", False, True] > 0, f"a gap with a part in which the meter was disconnected: {states}")


def tm_07_each_gap_of_a_stream_is_told_once(context):
    """100,000 half hours in order of time, of which some are missing, in twenty runs: each gap is opened by one event, with its meter, first and last half hour,
    and nothing else is told."""
    chance, rows, expected = random.Random(7), [], []
    meters = [mpan(100_000_000_000 + 31 * number) for number in range(100)]
    for one in meters:
        number, last = 1, 1000
        while number <= last:
            if 1 < number < last - 60 and chance.random() < 0.004:
                size = chance.choice((1, 1, 2, 3, 17, 48, 55))
                expected.append((one, "AI", Stages.end(number), Stages.end(number + size - 1), size))
                number += size
            rows.append((number, one))
            number += 1
    check(len(expected) > 200, f"{len(expected)} gaps")
    estate = write_estate(context.folder / "estate", [{"transformer_id": f"T{n}", "rating_kva": "100", "gsp_group": "_C"} for n in range(7)],
                          [{"transformer_id": f"T{n}", "feeder_id": "F1"} for n in range(7)],
                          [{"mpan": one, "transformer_id": f"T{n % 7}", "feeder_id": "F1"} for n, one in enumerate(meters)])
    rows, store, parts = [(one, Stages.end(number), "0.1") for number, one in sorted(rows)], context.fresh("store"), 20
    for part in range(parts):
        reads = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", rows[part * len(rows) // parts:(part + 1) * len(rows) // parts])
        context.program.replay(estate, reads, store)
    events = events_of(context.program, store, GAP)
    check_equal({event["state"] for event in events}, {"open"}, "states")
    check_equal(sorted(row for event in events for row in rows_of(event)), sorted(expected), "gaps that are told")


def va_11_two_gaps_of_a_day_by_name(context):
    """46 of 48 half hours: two gaps, named; one that is filled is closed, a longer one that is filled inside is told anew in what is left."""
    one = mpan(100_000_000_000)
    estate, store = harness.small_estate(context.folder / "estate", [one]), context.fresh("store")

    def bring(numbers):
        before = len(events_of(context.program, store, GAP)) if store.exists() else 0
        reads = write_csv(context.fresh("reads").with_suffix(".csv"), "mpan,period_end,kwh", [(one, Stages.end(number), "0.1") for number in numbers])
        context.program.replay(estate, reads, store)
        return [(event["state"], event["first_period_end"], event["last_period_end"], event["periods"])
                for event in events_of(context.program, store, GAP)[before:]]

    gap = lambda state, first, last: (state, Stages.end(first), Stages.end(last), last - first + 1)  # noqa: E731
    check_equal(bring(number for number in range(1, 49) if number not in (7, 30)), [gap("open", 7, 7), gap("open", 30, 30)], "the day")
    check_equal(bring([7]), [gap("closed", 7, 7)], "one that is filled")
    check_equal(bring([60]), [gap("open", 49, 59)], "the next day's first")
    check_equal(bring([52]), [gap("closed", 49, 59), gap("open", 49, 51), gap("open", 53, 59)], "one that is split")
    check_equal(bring([53, 59]), [gap("closed", 53, 59), gap("open", 54, 58)], "one that is shrunk on both sides")
    check_equal(bring([52]), [], "what is known")


def dl_09_the_same_bytes_whenever_they_are_read(context):
    """From any offset on, and after more has come and the estate has changed under it, an event has the bytes that it had; and what is open is
    what is missing between readings, whatever the estate has become."""
    program, dice, changed = context.program, random.Random(9), 0
    for seed in (1, 2, 3):
        world = RandomWorld(context, seed)
        store, before = context.fresh("store"), b""
        for step in range(4):
            program.replay(world.estate(), world.reads(), store)
            now = program.run("tail", GAP, "--store", store)
            lines, was = now.splitlines(keepends=True), set(before.splitlines(keepends=True))
            check(was <= set(lines), f"seed {seed}, step {step}: {len(was - set(lines))} events have changed")
            changed += len(was)
            before = now
            events = [json.loads(line) for line in lines]
            missing = [row[:4] for row in model.gaps(model.split_readings(program.export("readings", store)))]
            check_equal(folded(events).raw(), missing, f"seed {seed}, step {step}: what is open")
            records = sorted({place_of(event)[:2] for event in events})
            for _ in range(6):
                offsets = {}
                for shard, offset in dice.sample(records, dice.randint(1, min(6, len(records)))):
                    offsets[shard] = max(offset - dice.randrange(2), offsets.get(shard, 0))
                expected = b"".join(line for line, event in zip(lines, events) if event["offset"] > offsets.get(event["shard"], 0))
                pointer = ",".join(f"{shard}:{offset}" for shard, offset in sorted(offsets.items()))
                check_same_bytes(program.run("tail", GAP, "--store", store, "--from", pointer), expected, f"from {pointer}")
    check(changed > 100, f"estates have changed behind {changed} events")


# -- readers over HTTPS -------------------------------------------------------------------------------------------------------

def pages(node, who, limit, after="-"):
    """(lines, position) to the end."""
    lines = []
    while True:
        status, fields, body = node.ask(f"{EVENTS}?after={after}&limit={limit}", who)
        check_equal(status, 200, f"status for {who}: {body[:200]}")
        lines += body.decode().splitlines()
        after = fields["Gridtwin-Position"]
        if fields["Gridtwin-At-End"] == "true":
            return lines, after


def tm_10_a_gap_across_a_kill_is_told(context):
    """A node is killed while meters are silent, and others are killed while it goes on: a reader by its position hears of each gap once."""
    program, world = context.program, Stages(context, 5)
    node = ReadNode(context, world.estate)
    rows = sorted((world.row(key) for key in world.present if key[0] not in world.moved), key=lambda row: row[2])
    parts, heard, after = 8, [], "-"
    for number in range(parts):
        node.start()
        lines, after = pages(node, "operator-1", 50, after)
        heard += lines
        part = rows[number * len(rows) // parts:(number + 1) * len(rows) // parts]
        node.bring(f"part{number}.csv", write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, part).read_bytes())
        if number % 2 == 0:
            until(lambda: len(node.names("done")) == number + 1, "the part is read")  # pylint: disable=cell-var-from-loop
        node.kill()
    node.start()
    until(lambda: len(node.names("done")) == parts, "all parts are read")
    lines, after = pages(node, "operator-1", 50, after)
    heard += lines
    check_equal(sorted(heard), sorted(program.run("tail", GAP, "--store", node.store).decode().splitlines()), "what the reader heard against the whole")
    opened = [json.loads(line) for line in heard]
    check(len(opened) == len({key_of(event) for event in opened}) > 50, "each gap once")
    check_equal(sorted(row for event in opened for row in rows_of(event)), exported(program, node.store), "gaps across kills")
    node.end()


def p4_p14_se_05_pages_streams_pointers_and_rights(context):
    """Pages of any size, a stream and a pointer give what `tail` prints; a long poll hears of what comes; households are for nobody but who may
    read them, and a masked MPAN is not there."""
    world = Stages(context, 6)
    node = ReadNode(context, world.estate)
    (node.folder / "access.toml").write_text(POLICY + '[identities."urn:gridtwin:service:auditor:auditor-1"]\n')
    node.start()
    for number, (_, rows) in enumerate(world.parts()):
        node.bring(f"part{number}.csv", write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows).read_bytes())
        until(lambda: len(node.names("done")) == number + 1, "the part is read")  # pylint: disable=cell-var-from-loop
    # Of meters that moved the last run's events wait until another has begun.
    one = next(one for one in world.quantities if one not in world.moved)
    node.bring("next.csv", write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, [(one, "AI", "2026-07-01T00:30:00Z", "0.1", 1)]).read_bytes())
    until(lambda: len(node.names("done")) == number + 2, "one more is read")
    expected = sorted(context.program.run("tail", GAP, "--store", node.store).decode().splitlines())
    for limit in (1, 7, 5000):
        check_equal(sorted(pages(node, "operator-1", limit)[0]) == expected, True, f"pages of {limit}")
    connection = node.connect("operator-1")
    connection.request("GET", EVENTS, headers={"Accept": "text/event-stream"})
    stream, got = connection.getresponse(), []
    while len(got) < len(expected):
        line = stream.readline().decode()
        check(line, "the stream goes on")
        if line.startswith("data: "):
            got.append(line[len("data: "):].rstrip("\n"))
    check_equal(sorted(got) == expected, True, "a stream against pages")
    status, fields, page = node.ask(f"{EVENTS}?limit=9", "operator-1")
    body = json.dumps({"topic": GAP, "position": fields["Gridtwin-Position"]})
    check_equal(node.ask("/v1/pointers/mine", "operator-1", "PUT", body)[0], 201, "a pointer")
    rest = node.get(f"{EVENTS}?limit=5000&pointer=mine", "operator-1").decode().splitlines()
    check_equal(sorted(page.decode().splitlines() + rest) == expected, True, "behind a pointer")
    for who in ("settlement-1", "network-operator-1", "flexibility-1", "auditor-1"):
        check_equal(node.ask(EVENTS, who)[0], 404, f"gaps for {who}")
    waiting = node.connect("operator-1")
    waiting.request("GET", f"{EVENTS}?after={pages(node, 'operator-1', 5000)[1]}&wait=60")
    reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, [(one, "AI", "2026-07-01T02:30:00Z", "0.1", 1)])
    node.bring("more.csv", reads.read_bytes())
    (fresh,) = [json.loads(line) for line in waiting.getresponse().read().decode().splitlines()]
    check_equal(key_of(fresh), (one, "AI", "2026-07-01T01:00:00Z", "2026-07-01T02:00:00Z"), "what was waited for")
    node.end()
    (node.folder / "access.toml").write_text(
        POLICY.replace("version = 1\n", 'version = 1\n[roles.settlement]\nrights = ["read gap"]\nmasked = ["mpan"]\n'))
    node.start()
    lines = pages(node, "settlement-1", 5000)[0]
    check(lines and not any(one in line for one in world.quantities for line in lines), "no meter is named")
    check(all("mpan" not in json.loads(line) for line in lines), "a masked MPAN is left out")
    check_equal(node.ask(EVENTS, "network-operator-1")[0], 404, "gaps for a network operator")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [tm_07_va_11_what_is_open_is_what_is_missing, tm_07_each_gap_of_a_stream_is_told_once, va_11_two_gaps_of_a_day_by_name,
                           dl_09_the_same_bytes_whenever_they_are_read, tm_10_a_gap_across_a_kill_is_told,
                           p4_p14_se_05_pages_streams_pointers_and_rights])
