#!/usr/bin/env python3
"""Half hours of feeders and transformers as a topic: each event against an independent model of what was known once its record was
added, the last of each cell against the exports; what an event says never changes; and nothing of fewer meters than the privacy floor
can be worked out from what a network operator is told, alone or from differences."""

import collections
import itertools
import json
import random

import harness
import model
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate
from moved_rows import RandomWorld
from node import until
from oracle import HEADER, PROFILE, random_estate, random_readings
from readers import POLICY, ReadNode

FEEDER, TRANSFORMER = "feeder.half_hour", "transformer.half_hour"
FEEDER_NUMBERS = ("import_wh", "export_wh", "meters_expected", "meters_reported", "actual", "estimated")
FLOOR = 5
OPERATOR = "network-operator-1"


def events_of(program, store, topic, *more):
    return [json.loads(line) for line in program.run("tail", topic, "--store", store, *more).decode().splitlines()]


def cell_of(event):
    return event["transformer_id"], event.get("feeder_id"), event["period_end"]


def place_of(event):
    return event["shard"], event["offset"], event["place"]


def last_of_cells(events):
    """The event that stands of each cell: of a transformer offsets ascend."""
    out = {}
    for event in sorted(events, key=place_of):
        out[cell_of(event)] = event
    return out


def check_last_is_export(program, store, cells=None):
    """Of each cell, or of some, the last event says what the exports say."""
    for topic, kind, names in ((FEEDER, "feeder-load", (*FEEDER_NUMBERS, "revision")),
                               (TRANSFORMER, "transformer-load",
                                ("import_wh", "export_wh", "kva", "utilisation_pct", "meters_expected", "meters_reported", "revision"))):
        text = [json.loads(line, parse_float=str) for line in program.run("tail", topic, "--store", store).decode().splitlines()]
        last = {cell: event for cell, event in last_of_cells(text).items()
                if event["meters_reported"] and not event.get("quarantined") and (cells is None or cell in cells)}
        rows = {(row["transformer_id"], row.get("feeder_id"), row["period_end"]): tuple(row[name] for name in names)
                for row in program.rows(kind, store)}
        if cells is not None:
            rows = {cell: row for cell, row in rows.items() if cell in cells}
        check(rows, f"{kind} has rows")
        check_equal(sorted(last) == sorted(rows), True, f"cells of {topic}: {len(last)}, of {kind}: {len(rows)}")
        for cell, event in last.items():
            check_equal(tuple(str(event[name]) for name in names), rows[cell], f"{topic} {cell} {names}")


class Known:
    """Readings as records bring them, a second time: by key all contents of each version."""

    def __init__(self):
        self.contents = collections.defaultdict(set)

    def add(self, event):
        key = event["mpan"], event["quantity"], event["period_end"]
        self.contents[key].add((event["version"], event["wh"], event["quality"], event["reason"]))

    def rows(self, cells):
        """What stands of the half hours of some meters, as the export of readings has it."""
        out = []
        for key in cells:
            contents = self.contents.get(key, ())
            highest = max((version for version, *_ in contents), default=None)
            current = [one for one in contents if one[0] == highest]
            if len(current) == 1:
                version, wh, quality, reason = current[0]
                out.append((*key, str(wh), quality, str(reason or ""), str(version)))
        return out


def dl_09_ag_02_ag_03_each_event_is_what_was_known_then(context):
    """Readings of every fate in several runs: after each record the touched cells, with the sums and counts of an independent model of
    the journal's readings up to it; the last event of each cell is its row of the exports."""
    program = context.program
    for seed in (1, 2):
        chance = random.Random(seed)
        folder = random_estate(context.fresh("estate"), chance)
        estate = model.Estate(folder)
        rows = random_readings(estate, chance, days=1)
        profile = context.folder / "profile.toml"
        profile.write_text(PROFILE)
        store = context.fresh("store")
        for part in range(3):
            reads = write_csv(context.fresh("reads").with_suffix(".csv"), HEADER, rows[part::3])
            program.replay(folder, reads, store, "--format", profile)
            check_last_is_export(program, store)
        readings = events_of(program, store, "reading")
        keys = collections.defaultdict(set)  # (transformer, period) -> keys of readings
        for event in readings:
            keys[event["transformer_id"], event["period_end"]].add((event["mpan"], event["quantity"], event["period_end"]))
        by_record = collections.defaultdict(list)
        for event in readings:
            by_record[event["shard"], event["offset"]].append(event)
        told = {topic: collections.defaultdict(list) for topic in (FEEDER, TRANSFORMER)}
        for topic, events in told.items():
            for event in events_of(program, store, topic):
                events[event["shard"], event["offset"]].append(event)
            check_equal(sorted(events), sorted(by_record), f"records of {topic}")
        known, count = Known(), 0
        for record in sorted(by_record):
            for event in by_record[record]:
                known.add(event)
            touched = {(event["transformer_id"], event["period_end"]) for event in by_record[record]}
            placed = {(event["transformer_id"], estate.place(event["mpan"], utc(event["period_end"])).feeder, event["period_end"])
                      for event in by_record[record]}
            check_equal({cell_of(event) for event in told[FEEDER][record]}, placed, f"feeders that {record} touches")
            check_equal({(event["transformer_id"], event["period_end"]) for event in told[TRANSFORMER][record]}, touched,
                        f"transformers that {record} touches")
            for topic in told:
                check_equal([event["place"] for event in told[topic][record]], list(range(len(told[topic][record]))), "places")
            feeders, transformers = model.loads(estate, known.rows(itertools.chain(*(keys[cell] for cell in touched))))
            for event in told[FEEDER][record]:
                found = tuple(event[name] for name in FEEDER_NUMBERS)
                check_equal(found, feeders.get(cell_of(event), (0, 0, event["meters_expected"], 0, 0, 0)), f"{record} {cell_of(event)}")
                count += 1
            for event in told[TRANSFORMER][record]:
                expected = transformers.get((event["transformer_id"], event["period_end"]))
                if expected is None:
                    check_equal((event["import_wh"], event["export_wh"], event["meters_reported"]), (0, 0, 0), f"{record} {cell_of(event)}")
                else:
                    check_equal((event["import_wh"], event["export_wh"], event["meters_expected"], event["meters_reported"]),
                                (expected[0], expected[1], expected[4], expected[5]), f"{record} {cell_of(event)}")
        check(count > 500, f"events of feeders: {count}")


def dl_09_the_same_bytes_whenever_they_are_read(context):
    """From any offset on, and after more has come and the estate has changed under it: an event has the bytes that it had. What a run adds goes
    by its own estate, so after each run the cells that it touched are as the exports have them."""
    program, dice = context.program, random.Random(9)
    moved = 0
    for seed in (1, 2):
        world = RandomWorld(context, seed)
        store, before = context.fresh("store"), {FEEDER: b"", TRANSFORMER: b""}
        for step in range(4):
            program.replay(world.estate(), world.reads(), store)
            fresh = set()
            for topic in before:
                now = program.run("tail", topic, "--store", store)
                lines = set(now.splitlines())
                was = set(before[topic].splitlines())
                check(was <= lines, f"seed {seed}, step {step}: {len(was - lines)} events of {topic} have changed")
                added = [json.loads(line) for line in lines - was]
                fresh |= {cell_of(event) for event in added}
                moved += step > 0 and len(was) > 0
                before[topic] = now
                places = [place_of(json.loads(line)) for line in now.splitlines()]
                records = sorted({place[:2] for place in places})
                for _ in range(4):
                    offsets = {}
                    for shard, offset in dice.sample(records, dice.randint(1, len(records))):
                        offsets[shard] = max(offset, offsets.get(shard, 0))
                    expected = b"".join(line for line, (shard, offset, _) in zip(now.splitlines(keepends=True), places)
                                        if offset > offsets.get(shard, 0))
                    pointer = ",".join(f"{shard}:{offset}" for shard, offset in sorted(offsets.items()))
                    check_same_bytes(program.run("tail", topic, "--store", store, "--from", pointer), expected, f"{topic} from {pointer}")
            check_last_is_export(program, store, fresh)
    check(moved > 0, "estates have changed behind events")


def va_12_a_quarantined_half_hour_says_so(context):
    """A feeder above what it can carry: its event says so and by which limit, and the transformer's leaves it out and says of how many."""
    meters = [mpan(100_000_000_000 + number) for number in range(12)]
    estate = write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "100", "gsp_group": "_C", "power_factor": "1"}],
                          [{"transformer_id": "T1", "feeder_id": name, "rating_a": rating} for name, rating in (("F1", "1"), ("F2", ""))],
                          [{"mpan": one, "transformer_id": "T1", "feeder_id": f"F{1 + (number >= 6)}"} for number, one in enumerate(meters)])
    end = "2026-03-01T00:30:00Z"
    reads = write_csv(context.folder / "reads.csv", "mpan,period_end,kwh", [(one, end, "0.250") for one in meters])
    store = context.fresh("store")
    context.program.replay(estate, reads, store)
    feeders = {event["feeder_id"]: event for event in events_of(context.program, store, FEEDER)}
    limit = int(context.program.rows("quarantined-loads", store)[0]["limit_wh"])
    check_equal((feeders["F1"]["quarantined"], feeders["F1"]["limit_wh"], feeders["F1"]["import_wh"]), (True, limit, 1500), "F1")
    check_equal((feeders["F2"]["quarantined"], "limit_wh" in feeders["F2"], feeders["F2"]["import_wh"]), (False, False, 1500), "F2")
    (above,) = events_of(context.program, store, TRANSFORMER)
    names = ("feeders_quarantined", "import_wh", "kva", "utilisation_pct", "meters_expected", "meters_reported", "revision")
    check_equal(tuple(above[name] for name in names), (1, 1500, 3, 3, 12, 6, 12), f"T1 {names}")
    check_last_is_export(context.program, store)


# -- readers over HTTPS ------------------------------------------------------------------------------------------------------

def read_all(node, topic, who, limit=5000):
    """Lines of a topic in pages, in the order of places."""
    lines, position = [], "-"
    while True:
        status, fields, body = node.ask(f"/v1/topics/{topic}/events?after={position}&limit={limit}", who)
        check_equal(status, 200, f"status of {topic} for {who}")
        lines += body.decode().splitlines()
        position = fields["Gridtwin-Position"]
        if fields["Gridtwin-At-End"] == "true":
            return sorted(lines, key=lambda line: place_of(json.loads(line)))


def trickled(context, parts=6):
    """A node that was brought a few meters at a time: (node, estate). Feeders of 12, 7, 6, 3 and 2 meters; some export."""
    sizes, number, meters = {"T1": (12, 7), "T2": (6, 3), "T3": (3, 2), "T4": (3, 3)}, 100_000_000_000, []
    for transformer, feeders in sizes.items():
        for feeder, size in enumerate(feeders):
            for _ in range(size):
                number += 1
                meters.append({"mpan": mpan(number), "transformer_id": transformer, "feeder_id": f"F{feeder}",
                               "quantities": "AI|AE" if number % 3 else "AI"})
    estate = write_estate(context.folder / "estate", [{"transformer_id": name, "rating_kva": "100", "gsp_group": "_C"} for name in sizes],
                          [{"transformer_id": name, "feeder_id": f"F{feeder}"} for name, of in sizes.items() for feeder in range(len(of))], meters)
    chance, rows = random.Random(3), []
    for row in meters:
        for half_hour in range(1, 25):
            end = utc_text(utc("2026-03-01") + 1800 * half_hour)
            for quantity in row["quantities"].split("|"):
                if quantity == "AI" or chance.random() < 0.7:
                    rows.append((row["mpan"], quantity, end, f"{chance.randrange(1, 900) / 1000:.3f}"))
    # Some half hours come at once, others a meter or a few at a time.
    batches = collections.defaultdict(list)
    for row in rows:
        whole = utc(row[2]) // 1800 % 3 == 0
        batches[0 if whole else chance.randrange(parts)].append(row)
    node = ReadNode(context, estate)
    (node.folder / "access.toml").write_text(POLICY)
    node.start()
    for part in range(parts):
        reads = write_csv(context.fresh("reads").with_suffix(".csv"), "mpan,quantity,period_end,kwh", batches[part])
        node.bring(f"part{part}.csv", reads.read_bytes())
        until(lambda: len(node.names("done")) == part + 1, "the part is read")  # pylint: disable=cell-var-from-loop
    return node, estate


def without_export(event):
    return {key: value for key, value in event.items() if key not in ("export_wh", "kva", "utilisation_pct")}


class Disclosure:
    """What of meters' values can be worked out from figures: each value of each meter is an unknown of its own."""

    def __init__(self, program, store, estate):
        self.states, state = {}, collections.defaultdict(dict)  # record, cell, quantity -> {meter: value}
        places = model.Estate(estate)
        for event in events_of(program, store, "reading"):
            feeder = places.place(event["mpan"], utc(event["period_end"])).feeder
            cell = event["transformer_id"], feeder, event["period_end"], event["quantity"]
            state[cell] = {**state[cell], event["mpan"]: (event["version"], event["wh"])}
            self.states.setdefault(cell, []).append(((event["shard"], event["offset"]), state[cell]))

    def of(self, transformer, feeder, end, quantity, record):
        out = {}
        for name in [feeder] if feeder else {cell[1] for cell in self.states if cell[0] == transformer}:
            latest = {}
            for at, state in self.states.get((transformer, name, end, quantity), ()):
                if at <= record:
                    latest = state
            out.update(latest)
        return out


def meters_in_difference(one, other):
    return {meter for meter in one.keys() | other.keys() if one.get(meter) != other.get(meter)}


def ag_04_r5_no_figure_and_no_difference_is_of_few_meters(context):
    """All that a network operator is told, over meters that come a few at a time: each figure, each difference of two figures of a feeder or
    a transformer, and each transformer less any of its feeders' figures, is one of at least as many meters as the floor, or of none."""
    node, estate = trickled(context)
    whole = {topic: {place_of(json.loads(line)): json.loads(line) for line in context.program.run("tail", topic, "--store", node.store).splitlines()}
             for topic in (FEEDER, TRANSFORMER)}
    known = Disclosure(context.program, node.store, estate)
    told = collections.defaultdict(list)  # (transformer, end, quantity) -> [(feeder or None, {meter: value})]
    counts = collections.Counter()
    for topic in whole:
        for line in read_all(node, topic, OPERATOR, limit=37):
            event = json.loads(line)
            origin = whole[topic][place_of(event)]
            if "export_wh" not in event:
                check_equal(event, without_export(origin), "an event without export is the same but for it")
            else:
                check_equal(event, origin, "an event is the same for every reader")
                counts["with export"] += 1
            counts[topic] += 1
            for quantity in ("AI", "AE") if "export_wh" in event else ("AI",):
                told[event["transformer_id"], event["period_end"], quantity].append(
                    (event.get("feeder_id"), known.of(*cell_of(event), quantity, (event["shard"], event["offset"]))))
    check(counts[FEEDER] < len(whole[FEEDER]) and counts[TRANSFORMER] < len(whole[TRANSFORMER]), f"something is withheld: {counts}")
    for topic in whole:
        check(counts[topic] > 20, f"something is told: {counts}")
    check(0 < counts["with export"] < counts[FEEDER] + counts[TRANSFORMER], f"export is told of some: {counts}")
    for cell, figures in told.items():
        for feeder, state in figures:
            few = len(state)
            check(few == 0 or few >= FLOOR, f"{cell} {feeder}: a figure of {few} meters")
        for (feeder, state), (other, another) in itertools.combinations(figures, 2):
            few = len(meters_in_difference(state, another))
            check(few == 0 or few >= FLOOR, f"{cell}: {feeder} and {other} differ in {few} meters")
        for _, above in (one for one in figures if one[0] is None):
            by_feeder = collections.defaultdict(list)
            for feeder, state in figures:
                if feeder is not None:
                    by_feeder[feeder].append(state)
            for chosen in itertools.product(*([{}, *states] for states in by_feeder.values())):
                rest = {}
                for state in chosen:
                    rest.update(state)
                few = len(meters_in_difference(above, rest))
                check(few == 0 or few >= FLOOR, f"{cell}: the transformer less {len(chosen)} feeders is of {few} meters")
    # Feeders that could be told in one piece are.
    at_once = [event for event in whole[FEEDER].values()
               if utc(event["period_end"]) // 1800 % 3 == 0 and event["meters_reported"] == event["meters_expected"] >= FLOOR]
    told_places = {place_of(json.loads(line)) for line in read_all(node, FEEDER, OPERATOR)}
    check(at_once, "some came at once")
    check(all(place_of(event) in told_places for event in at_once), "what comes at once is told")
    node.end()


def dl_09_p4_p14_pages_streams_pointers_of_half_hours(context):
    """Pages of any size give what one page gives; a stream the same; a pointer is of its topic; a long poll hears of what comes; from a time
    nothing is missed; households are in none of it."""
    node, estate = trickled(context, parts=2)
    events = f"/v1/topics/{FEEDER}/events"
    expected = read_all(node, FEEDER, OPERATOR)
    check(expected, "there are events")
    for limit in (1, 7, 300):
        check_equal(read_all(node, FEEDER, OPERATOR, limit) == expected, True, f"pages of {limit}")
    check(not any(mpan_row["mpan"] in line for mpan_row in harness.read_csv(estate / "meters.csv") for line in expected), "no meter is named")
    connection = node.connect(OPERATOR)
    connection.request("GET", events, headers={"Accept": "text/event-stream"})
    stream, got = connection.getresponse(), []
    while len(got) < len(expected):
        line = stream.readline().decode()
        check(line, "the stream goes on")
        if line.startswith("data: "):
            got.append(line[len("data: "):].rstrip("\n"))
        elif line.startswith("event: "):
            check_equal(line, f"event: {FEEDER}\n", "what a stream calls its events")
    check_equal(sorted(got) == sorted(expected), True, "a stream against pages")
    status, fields, page = node.ask(f"{events}?limit=5", OPERATOR)
    body = json.dumps({"topic": FEEDER, "position": fields["Gridtwin-Position"]})
    check_equal(node.ask("/v1/pointers/mine", OPERATOR, "PUT", body)[0], 201, "a pointer")
    rest = node.get(f"{events}?limit=5000&pointer=mine", OPERATOR).decode().splitlines()
    check_equal(sorted(page.decode().splitlines() + rest) == sorted(expected), True, "behind a pointer")
    check_equal(node.ask(f"/v1/topics/{TRANSFORMER}/events?pointer=mine", OPERATOR)[0], 404, "a pointer of another topic")
    check_equal(node.ask("/v1/pointers/mine", OPERATOR, "PUT", json.dumps({"topic": FEEDER, "position": "63:9999"}))[0], 409, "beyond what is durable")
    later = node.get(f"{events}?limit=5000&from_time=2026-03-01T06:00:00Z", OPERATOR).decode().splitlines()
    check_equal({line for line in expected if json.loads(line)["known_at"] >= "2026-03-01T06:00:00Z"} <= set(later), True, "from a time")
    for who in ("settlement-1", "flexibility-1", "operator-1"):
        for topic in (FEEDER, TRANSFORMER):
            check_equal(node.ask(f"/v1/topics/{topic}/events", who)[0], 404, f"{topic} for {who}")
    end = read_all_position(node, events)
    waiting = node.connect(OPERATOR)
    waiting.request("GET", f"{events}?after={end}&wait=60")
    rows = [(row["mpan"], "2026-03-03T00:30:00Z", "0.1") for row in harness.read_csv(estate / "meters.csv")]
    node.bring("more.csv", write_csv(context.fresh("reads").with_suffix(".csv"), "mpan,period_end,kwh", rows).read_bytes())
    answer = waiting.getresponse()
    fresh = [json.loads(line) for line in answer.read().decode().splitlines()]
    check_equal({event["period_end"] for event in fresh}, {"2026-03-03T00:30:00Z"}, "what was waited for")
    node.end()


def read_all_position(node, events):
    position = "-"
    while True:
        _, fields, _ = node.ask(f"{events}?after={position}&limit=5000", OPERATOR)
        position = fields["Gridtwin-Position"]
        if fields["Gridtwin-At-End"] == "true":
            return position


if __name__ == "__main__":
    harness.main(__doc__, [dl_09_ag_02_ag_03_each_event_is_what_was_known_then, dl_09_the_same_bytes_whenever_they_are_read,
                           va_12_a_quarantined_half_hour_says_so, ag_04_r5_no_figure_and_no_difference_is_of_few_meters,
                           dl_09_p4_p14_pages_streams_pointers_of_half_hours])
