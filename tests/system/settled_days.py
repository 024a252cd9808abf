#!/usr/bin/env python3
"""The topic `settlement.day` against the tables that runs of settlement wrote: value by value, quality by quality, method by method; what an
event says never changes, whatever is read, corrected, settled or moved later; pages, streams and pointers of a node give what `tail` prints."""

import collections
import json
import random

import harness
from harness import check, check_equal, check_same_bytes, mpan, utc, utc_text, write_csv, write_estate
from node import until
from readers import ReadNode
from settle import HEADER, day, periods_of, settle, wh_of
from webhook_receivers import Receiver, server_tls
from webhooks import PushNode, as_lines

TOPIC = "settlement.day"
EVENTS = f"/v1/topics/{TOPIC}/events"
ACTUALS = ("A", "A1", "A2", "A3", "AAE1", "AAE2", "AAE3")


def tail(context, store, *more):
    return context.program.run("tail", TOPIC, "--store", store, *more)


def settled_by_tables(tables):
    """{(mpan, quantity): [(Wh, quality, method) or nothing for each of 50 half hours]}; of an actual there is no method."""
    methods = {(row["mpan"], row["quantity"], int(row["period"])): row["method"] for row in tables["estimates.csv"]}
    return {(row["mpan"], row["quantity"]): [
        (wh_of(row[f"p{i}"]), row[f"q{i}"], methods.get((row["mpan"], row["quantity"], i))) if row[f"p{i}"] else None for i in range(1, 51)]
        for row in tables["meter-days.csv"]}


def settled_by_events(events):
    """The same of the events of a run: those of a meter that moved complement each other."""
    out = collections.defaultdict(lambda: [None] * 50)
    for event in events:
        lengths = {len(event[name]) for name in ("wh", "quality", "method")}
        check_equal(lengths, {len(periods_of(day(event["settlement_date"])))}, "half hours of the date in each list")
        half_hours = list(zip(event["wh"], event["quality"], event["method"]))
        there = [one for one in half_hours if one[0] is not None]
        check_equal([one for one in half_hours if one[0] is None and one != (None, None, None)], [], "half hours with a part alone")
        actual = sum(1 for _, quality, _ in there if quality in ACTUALS)
        check_equal((event["actual"], event["estimated"]), (actual, len(there) - actual), "counts")
        for i, one in enumerate(half_hours):
            if one[0] is not None:
                key = event["mpan"], event["quantity"]
                check(out[key][i] is None, f"half hour {i + 1} of {key} is told twice")
                out[key][i] = one
    return dict(out)


class Runs:
    """Runs of a store as they were recorded, and what the topic had of each when it was new."""

    def __init__(self, context, store):
        self.context, self.store, self.known, self.count = context, store, b"", 0

    def settle(self, run, date, *more):
        """Settles; the events that have come are the tables of the run, and those before are what they were."""
        found, tables, _ = settle(self.context, self.store, run, date, *more)
        text = tail(self.context, self.store)
        check_same_bytes(text[:len(self.known)], self.known, f"events of runs before {run} of {date}")
        events = [json.loads(line) for line in text[len(self.known):].decode().splitlines()]
        check(events, f"{run} of {date} has events")
        check_equal({(e["topic"], e["shard"], e["run"], e["settlement_date"], e["known_at"]) for e in events},
                    {(TOPIC, 0, run, str(date), found["known_at"])}, "what the events say of the run")
        check_equal(len({e["offset"] for e in events}), 1, "records of a run")
        check_equal([e["place"] for e in events], list(range(len(events))), "places")
        check_equal(settled_by_events(events) == settled_by_tables(tables), True, f"values, qualities and methods of {run} of {date}")
        self.known, self.count = text, self.count + 1
        return events

    def check_same(self, what):
        check_same_bytes(tail(self.context, self.store), self.known, f"all events, {what}")


def estate_with(context, rows):
    """Transformers T1 to T3 with two feeders each."""
    transformers = ("T1", "T2", "T3")
    return write_estate(context.fresh("estate"), [{"transformer_id": one, "rating_kva": "500", "gsp_group": "_C"} for one in transformers],
                        [{"transformer_id": one, "feeder_id": f"F{n}"} for one in transformers for n in (1, 2)],
                        [{"effective_from": "", "effective_to": "", **row} for row in rows])


def random_reads(generator, meters, ends, count):
    out = []
    for _ in range(count):
        code = generator.choice(("A", "A", "A", "E1"))
        out.append((generator.choice(meters), generator.choice(("AI", "AI", "AE")), generator.choice(ends), f"{generator.randrange(4) / 10}",
                    generator.choice((1, 1, 1, 2, 3)), code, "2" if code == "E1" else ""))
    return out


def dl_09_tm_04_p4_each_run_as_it_settled(context):
    """Dates of 46, 48 and 50 half hours, each settled several times, with readings, corrections and contradictions in between that count as
    known at an earlier gate or do not."""
    header = HEADER + ",quality,reason"
    for seed in range(2):
        generator = random.Random(seed)
        meters = [mpan(200_000_000_000 + number) for number in range(9)]
        estate = estate_with(context, [{"mpan": one, "transformer_id": f"T{n % 3 + 1}", "feeder_id": f"F{n % 2 + 1}", "quantities": "AI|AE"}
                                       for n, one in enumerate(meters)])
        store = context.fresh("store")
        runs = Runs(context, store)
        dates = [day(text) for text in ("2026-03-29", "2026-06-10", "2026-10-25")]
        ends = [end for date in dates for end in periods_of(date)]

        def replay():
            rows = random_reads(generator, meters, ends, 150)
            received = generator.choice((None, None, "2026-04-01T06:00:00Z", "2026-06-12T00:00:00Z", "2026-07-01T00:00:00Z", "2026-12-20T00:00:00Z"))
            context.program.replay(estate, write_csv(context.fresh("r").with_suffix(".csv"), header, rows), store,
                                   *(("--received-at", received) if received else ()))

        replay()
        for run in ("II", "SF", "R1", "RF"):
            for date in dates:
                replay()
                runs.settle(run, date)
        late = runs.known
        replay()
        runs.check_same("after another replay")
        settle(context, store, "RF", dates[1], "--as-of", "2026-06-20T00:00:00Z")
        runs.check_same("after a provisional run, which is not recorded")
        runs.settle("SF", dates[0])  # the same gate again, with what has come without a time of receipt
        check(len(runs.known) > len(late), "a run that came to something else is told of")


def ag_05_whatever_becomes_of_the_estate(context):
    """A meter that moves at eleven has an event at each place; rows that are moved, split, mended or given up after a run leave its events
    as they are, and the next run goes by the new estate."""
    a, b, c, d = meters = [mpan(210_000_000_000 + number) for number in range(4)]
    date = day("2026-06-10")
    ends = periods_of(date)
    eleven = ends[21]
    generator = random.Random(5)

    def reads(version, part):
        return write_csv(context.fresh("r").with_suffix(".csv"), HEADER,
                         [(one, "AI", end, f"{generator.randrange(3000) / 1000:.3f}", version) for one in meters[:3] for end in generator.sample(ends, part)])

    place = {one: {"mpan": one, "transformer_id": "T1", "feeder_id": "F1"} for one in meters}
    at_two = {**place[a], "transformer_id": "T2"}
    estates = [
        [place[a], place[b], place[c], place[d]],
        # a moves at eleven, d has never reported and goes
        [{**place[a], "effective_to": eleven}, {**at_two, "effective_from": eleven}, place[b], place[c]],
        # mended: a moved an hour later; b was always elsewhere
        [{**place[a], "effective_to": ends[23]}, {**at_two, "effective_from": ends[23]}, {**place[b], "transformer_id": "T3"}, place[c]],
        # a was never at T1; d is back
        [at_two, {**place[b], "transformer_id": "T3", "feeder_id": "F2"}, {**place[c], "energisation": "D"}, place[d]],
        [place[a], place[b], place[c], place[d]],
    ]
    store = context.fresh("store")
    runs = Runs(context, store)
    where = []
    for number, (rows, run) in enumerate(zip(estates, ("II", "SF", "R1", "R2", "R3"))):
        context.program.replay(estate_with(context, rows), reads(number + 1, 30), store)
        runs.check_same(f"after estate {number}")
        events = runs.settle(run, date)
        where.append(sorted({(e["mpan"], e["transformer_id"]) for e in events}))
        check_equal(len({e["estate"] for e in events}), 1, "estate of a run")
    check_equal(where[0], [(one, "T1") for one in meters], "places by the first estate")
    check_equal(where[1], [(a, "T1"), (a, "T2"), (b, "T1"), (c, "T1")], "places by the second")
    check_equal(where[3], [(a, "T2"), (b, "T3"), (c, "T1"), (d, "T1")], "places by the fourth")
    text = [json.loads(line) for line in runs.known.decode().splitlines()]
    check_equal(len({e["estate"] for e in text}), 5 - 1, "estates that are told apart: the last is the first again")
    moved = [e for e in text if e["run"] == "SF" and e["mpan"] == a]
    check_equal([[i for i, wh in enumerate(e["wh"]) if wh is not None] for e in moved], [list(range(22)), list(range(22, 48))], "half hours of each place")


def settled_node(context, meters=40, kind=ReadNode):
    """A node over a store with two runs of a date, not started."""
    estate, reads = context.folder / "estate", context.folder / "reads.csv"
    context.program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 9)
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-06-09", "--days", 3, "--seed", 9, "--out", reads)
    node = kind(context, estate)
    (node.folder / "access.toml").write_text((node.folder / "access.toml").read_text()
                                             + '[identities."urn:gridtwin:service:auditor:auditor-1"]\n')
    header, *lines = reads.read_bytes().splitlines(keepends=True)
    part = context.folder / "part.csv"
    for number, run in enumerate(("II", "SF")):
        part.write_bytes(header + b"".join(lines[number::2]))
        context.program.replay(estate, part, node.store)
        settle(context, node.store, run, day("2026-06-10"))
    return node


def pages_of(node, limits):
    """All events by pages of these sizes, with the position behind each page."""
    got, position, connection, positions = [], "-", node.connect(), []
    for number in range(1_000_000):
        connection.request("GET", f"{EVENTS}?after={position}&limit={limits[number % len(limits)]}")
        answer = connection.getresponse()
        lines = answer.read().splitlines(keepends=True)
        check_equal(answer.status, 200, "status")
        check(len(lines) <= limits[number % len(limits)], "events of a page")
        got += lines
        position = answer.headers["Gridtwin-Position"]
        positions.append((len(got), position))
        if answer.headers["Gridtwin-At-End"] == "true":
            return b"".join(got), positions
    raise AssertionError("pages do not end")


def dl_09_pages_streams_and_pointers(context):
    """Pages of any size, a stream and a pointer give what `tail` prints; so it is after a restart and when more was settled meanwhile."""
    node = settled_node(context, meters=700)  # whose records are given in parts
    node.limits = "requests_per_s = 1000000\nrequests_at_once = 1000000\n"
    node.start()
    expected = tail(context, node.store)
    count = len(expected.splitlines())
    check(count > 1400, f"events: {count}")
    for limits in ((5000,), (1,), (7, 1, 30), (count,), (count - 1,), (count // 2,)):
        text, positions = pages_of(node, limits)
        check_same_bytes(text, expected, f"pages of {limits}")
    text, positions = pages_of(node, (11,))
    stream = node.connect()
    stream.request("GET", EVENTS, headers={"Accept": "text/event-stream"})
    answer, got = stream.getresponse(), []
    while len(got) < count:
        line = answer.readline()
        check(line, "the stream goes on")
        if line.startswith(b"data: "):
            got.append(line[len(b"data: "):])
    stream.close()
    check_same_bytes(b"".join(got), expected, "a stream")
    passed, position = positions[3]
    body = json.dumps({"topic": TOPIC, "position": position})
    check_equal(node.ask("/v1/pointers/mine", method="PUT", body=body)[0], 201, "a pointer within a record")
    rest = b"".join(expected.splitlines(keepends=True)[passed:])
    check_same_bytes(node.get(f"{EVENTS}?pointer=mine&limit=5000"), rest, "from a pointer on")
    first = json.loads(expected.splitlines()[0])
    second = [line for line in expected.splitlines(keepends=True) if json.loads(line)["run"] == "SF"]
    after_first = utc_text(utc(first["known_at"]) + 1)
    check_same_bytes(node.get(f"{EVENTS}?from_time={after_first}&limit=5000"), b"".join(second), "from behind the first gate on")
    check_same_bytes(node.get(f"{EVENTS}?shard=0&limit=5000"), expected, "the estate's shard")
    check_equal(node.get(f"{EVENTS}?shard=5"), b"", "another shard")
    offset = first["offset"]
    check_same_bytes(tail(context, node.store, "--from", f"0:{offset}"), b"".join(second), "tail from behind the first run on")
    schema = json.loads(node.get(f"/v1/topics/{TOPIC}/schema"))
    check_equal(set(first) == set(schema["properties"]), True, f"what an event has and what its schema says: {set(first) ^ set(schema['properties'])}")
    node.end()
    settle(context, node.store, "R1", day("2026-06-10"))
    longer = tail(context, node.store)
    node.start()
    check_same_bytes(node.get(f"{EVENTS}?pointer=mine&limit=5000"), longer[len(expected) - len(rest):], "on from the pointer, with another run")
    node.end()


def dl_01_a_webhook_brings_them(context):
    """A receiver gets what `tail` prints, in requests of their usual size, and what is settled while the node is down when it is up again."""
    node = settled_node(context, kind=PushNode)
    receiver = Receiver(server_tls(node.pki))
    node.push("settled", receiver.port, topic=TOPIC, most_events=13)
    node.start()
    expected = tail(context, node.store)
    until(lambda: receiver.taken >= len(expected.splitlines()), "all is delivered")
    node.end()
    settle(context, node.store, "R1", day("2026-06-10"))
    node.start()
    longer = tail(context, node.store).decode().splitlines()
    until(lambda: receiver.taken >= len(longer), "the next run is delivered")
    check_equal(as_lines(receiver.events()) == longer, True, f"what came, {receiver.taken} events of {len(longer)}, in order and once")
    until(lambda: node.standing("settled")["records_behind"] == 0, "it has come to the end, which is the estate's shard's")
    check_equal(node.standing("settled")["state"], "delivering", "state")
    node.end()
    receiver.close()


def t8_se_04_settlement_alone(context):
    """No other role reads a settled household: forbidden and unknown look the same."""
    node = settled_node(context, meters=10)
    node.start()
    unknown = node.ask("/v1/topics/settlement.night/events", "operator-1")
    for who in ("operator-1", "network-operator-1", "flexibility-1", "auditor-1"):
        for path in (EVENTS, f"/v1/topics/{TOPIC}/schema"):
            status, _, body = node.ask(path, who)
            check_equal((status, body), (unknown[0], unknown[2]), f"{path} for {who}")
        listed = [json.loads(line)["topic"] for line in node.get("/v1/topics", who).splitlines()]
        check(TOPIC not in listed, f"topics of {who}: {listed}")
    listed = [json.loads(line) for line in node.get("/v1/topics").splitlines()]
    check(TOPIC in [one["topic"] for one in listed], f"topics of settlement: {listed}")
    check(node.get(EVENTS), "settlement reads it")
    policy = node.folder / "access.toml"
    policy.write_text(policy.read_text().replace("version = 1\n", 'version = 1\n[roles.settlement]\nrights = ["read reading"]\n', 1))
    until(lambda: node.ask(EVENTS)[0] == 404, "the right is taken away")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [dl_09_tm_04_p4_each_run_as_it_settled, ag_05_whatever_becomes_of_the_estate, dl_09_pages_streams_and_pointers,
                           dl_01_a_webhook_brings_them, t8_se_04_settlement_alone])
