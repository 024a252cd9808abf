#!/usr/bin/env python3
"""Alarms of a live node, against a model that reads its exports: transformers over their rating, meters that are overdue."""

import glob
import json
import os
import random
import time

import harness
from harness import check, check_equal, mpan, utc, utc_text, write_csv, write_estate
from node import Node, until

HALF_HOUR_S = 1800
HEADER = "mpan,quantity,period_end,kwh,version"
PROFILE = '\n'.join(['meter = "mpan"', 'time = "period_end"', 'time_format = "iso8601"', 'label = "period-end"', 'value = "kwh"',
                     'unit = "kWh"', 'quantity_column = "quantity"', 'quantity_map = { "AI" = "AI", "AE" = "AE" }',
                     'version_column = "version"', ''])


def transformer(name, rating_kva):
    return {"transformer_id": name, "rating_kva": rating_kva, "gsp_group": "_A"}


class WatchedNode(Node):
    """A node that looks every second; its files say their version."""

    def __init__(self, context, estate, alarms="smart_hours = 30\n"):
        super().__init__(context, estate, judge_by="nothing")
        profile = self.folder / "profile.toml"
        profile.write_text(PROFILE)
        self.config.write_text(self.config.read_text() + f'format = "{profile}"\n[alarms]\nlook_s = 1\n' + alarms)
        self.brought = 0

    def start_ahead(self, seconds):
        """By a clock that is so much ahead of the machine's."""
        (library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.process = self.program.start(
            "run", "--config", self.config, "--json",
            env={**os.environ, "LD_PRELOAD": library, "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                 "ASAN_OPTIONS": "verify_asan_link_order=0"})
        said = self.process.stderr.readline()
        check(b"ready" in said, f"the node says that it is ready: {said}")

    def bring_rows(self, rows):
        """Waits until they are durable, and have been looked at."""
        file = self.folder / "rows.csv"
        write_csv(file, HEADER, rows)
        name = f"{self.brought:04d}.csv"
        self.brought += 1
        self.bring(name, file.read_bytes())
        until(lambda: name in self.names("done"), f"{name} is read")
        time.sleep(2.5)  # two looks

    def alarms(self, *more):
        out = self.program.run("alarms", "list", "--store", self.store, "--json", *more)
        return [json.loads(line) for line in out.decode().splitlines()]


def overloads_by_export(context, store, rating_clear):
    """What `export transformer-load` says, half hour by half hour: (transformer, first, last, half hours, peak, per cent, over)."""
    out = []
    inside = None
    for row in context.program.rows("transformer-load", store):
        share = float(row["utilisation_pct"])
        if inside is not None and inside[0] != row["transformer_id"]:
            inside = None
        if inside is None:
            if share > 100:
                inside = [row["transformer_id"], row["period_end"], row["period_end"], 1, row["period_end"], share, False,
                          int(row["meters_reported"]), int(row["meters_expected"])]
                out.append(inside)
        elif share < rating_clear:
            inside[6] = True
            inside = None
        else:
            inside[2] = row["period_end"]
            inside[3] += 1
            if share > inside[5]:
                inside[4:6] = [row["period_end"], share]
                inside[7:9] = [int(row["meters_reported"]), int(row["meters_expected"])]
    return out


def as_model(alarms):
    return sorted([a["transformer_id"], a["first_period_end"], a["last_period_end"], a["half_hours"], a["peak_period_end"],
                   a["peak_utilisation_pct"], a["state"] == "cleared", a["meters_reported"], a["meters_expected"]]
                  for a in alarms if a["kind"] == "overload" and a["state"] != "withdrawn")


def overloads_follow_the_figures(context):
    """Readings in any order, late and corrected, days apart and joined: at each step the alarms are what the export gives."""
    draw = random.Random(11)
    meters = [mpan(n) for n in range(1, 7)]
    estate = write_estate(context.fresh("estate"), [transformer("T1", 9), transformer("T2", 9)], [{"transformer_id": "T1", "feeder_id": "F1"}, {"transformer_id": "T2", "feeder_id": "F1"}],
                          [{"mpan": m, "transformer_id": "T1" if i < 3 else "T2", "feeder_id": "F1"} for i, m in enumerate(meters)])
    node = WatchedNode(context, estate)
    node.start()
    begin = utc("2026-03-01T00:30:00Z")
    version = {}
    ids = {}
    for step in range(8):
        rows = []
        # First days apart with much up and down; then overloads that last for days, are cut in two and joined again.
        values = [1.35, 1.4, 1.42, 1.43, 1.5, 2.1] if step < 4 else [1.42, 1.43, 1.45] * 40 + [0.8]
        for m in meters if step < 6 else draw.sample(meters, 2):
            day = draw.randrange(5)
            for slot in draw.sample(range(48), 40 if step < 4 else 48):
                key = (m, day * 48 + slot)
                version[key] = version.get(key, 0) + 1
                rows.append([m, "AI", utc_text(begin + key[1] * HALF_HOUR_S), f"{draw.choice(values):.3f}", str(version[key])])
        draw.shuffle(rows)
        node.bring_rows(rows)
        found = node.alarms("--all")
        check_equal(as_model(found), sorted(overloads_by_export(context, node.store, 95)), f"overloads after step {step}")
        for a in found:
            ids.setdefault(a["alarm"], a["raised_at"])
            check_equal(a["raised_at"], ids[a["alarm"]], "when it was raised stays")
        check(len(found) == len({a["alarm"] for a in found}), "each has its number")
        if step == 3:
            node.kill()
            node.start()
    states = {a["state"] for a in node.alarms("--all")}
    check(states == {"raised", "cleared", "withdrawn"}, f"all states were met: {states}")
    node.end()


def one_alarm_for_one_overload(context):
    """Over the rating for many half hours, up and down about it: one alarm, acknowledged while the node runs, cleared once."""
    meter = mpan(1)
    estate = write_estate(context.fresh("estate"), [transformer("T1", 4)], [{"transformer_id": "T1", "feeder_id": "F1"}], [{"mpan": meter, "transformer_id": "T1", "feeder_id": "F1"}])
    node = WatchedNode(context, estate)
    node.start()
    begin = utc("2026-03-01T00:30:00Z")
    values = [1.0, 2.0, 1.85, 1.95, 1.82, 2.2]  # the rating is 1.9 kWh a half hour, 95 % of it 1.805
    node.bring_rows([[meter, "AI", utc_text(begin + i * HALF_HOUR_S), str(v), "1"] for i, v in enumerate(values)])
    overloads = [a for a in node.alarms() if a["kind"] == "overload"]
    check_equal(len(overloads), 1, "alarms that stand")
    a = overloads[0]
    check_equal((a["half_hours"], a["peak_utilisation_pct"], a["peak_period_end"], a["meters_reported"], a["meters_expected"]),
                (5, 115.79, utc_text(begin + 5 * HALF_HOUR_S), 1, 1), "duration, peak and how complete it is")
    seen = json.loads(context.program.run("alarms", "ack", a["alarm"], "--store", node.store, "--by", "anna", "--why", "on the way", "--json"))
    check_equal((seen["acknowledged_by"], seen["state"]), ("anna", "raised"), "acknowledged")
    node.bring_rows([[meter, "AI", utc_text(begin + 6 * HALF_HOUR_S), "1.7", "1"]])
    after = json.loads(context.program.run("alarms", "show", a["alarm"], "--store", node.store, "--json"))
    check_equal((after["state"], after["half_hours"], after["acknowledged_by"]), ("cleared", 5, "anna"), "after it is over")
    check(after["ended_at"] is not None, "it says when")
    refused = context.program.try_run("alarms", "ack", 99, "--store", node.store)
    check(refused.status == 2 and b"no alarm 99" in refused.err, f"an alarm that is none: {refused.describe()}")
    node.end()


def overdue_meters_are_told_of_within_a_minute(context):
    """Of forty meters three are silent: those three, and none when they come back. A feeder's half hours wait for nobody. All
    silent: one incident."""
    meters = [mpan(n) for n in range(1, 41)]
    estate = write_estate(context.fresh("estate"), [transformer("T1", 500)], [{"transformer_id": "T1", "feeder_id": "F1"}],
                          [{"mpan": m, "transformer_id": "T1", "feeder_id": "F1"} for m in meters])
    node = WatchedNode(context, estate, "smart_hours = 6\n")
    now = int(time.time()) // HALF_HOUR_S * HALF_HOUR_S
    node.start()
    silent = meters[3:6]
    rows = [[m, "AI", utc_text(now - 24 * 3600), "0.2", "1"] for m in meters]
    rows += [[m, "AI", utc_text(now - 3600), "0.2", "1"] for m in meters if m not in silent]
    node.bring_rows(rows)
    overdue = [a for a in node.alarms() if a["kind"] == "overdue"]
    check_equal(sorted(a["mpan"] for a in overdue), sorted(silent), "who is overdue")
    check_equal({a["first_period_end"] for a in overdue}, {utc_text(now - 24 * 3600 + HALF_HOUR_S)}, "what they are waited for")
    raised = utc(overdue[0]["raised_at"])
    check(raised <= time.time() and raised >= now - 3600, f"raised at {overdue[0]['raised_at']}")
    last = [row for row in context.program.rows("feeder-load", node.store) if row["period_end"] == utc_text(now - 3600)]
    check_equal([(r["meters_expected"], r["meters_reported"]) for r in last], [("40", "37")], "the half hour is there, and says who is missing")
    check(silent[0].encode() not in context.program.run("twins", "list", "--store", node.store), "a twin that is silent has not failed")
    context.program.run("alarms", "ack", overdue[0]["alarm"], "--store", node.store, "--by", "anna", "--why", "a van is\nthere")

    def seen():
        acts = context.program.run("audit", "--store", node.store, "--json").decode().splitlines()
        return [(a["who"], a["subject"], [a["detail"]] if a["detail"] else []) for a in map(json.loads, acts) if a["act"] == "acknowledge-alarm"]

    told = [("anna", f"alarm {overdue[0]['alarm']}", ["a van is?there"])]
    until(lambda: seen() == told, "the trail says who has seen the alarm")
    node.kill()
    node.start()
    time.sleep(2.5)
    check_equal(len(node.alarms()), 3, "alarms after a kill: the same three")
    check_equal(seen(), told, "it is said once, also after a kill")
    node.bring_rows([[m, "AI", utc_text(now - 3600), "0.2", "1"] for m in silent])
    check_equal(node.alarms(), [], "alarms when all have come")
    node.end()
    # The same store under limits that nobody keeps.
    node.config.write_text(node.config.read_text().replace("smart_hours = 6", "smart_hours = 0"))
    node.start()
    time.sleep(2.5)
    found = node.alarms()
    check_equal([(a["kind"], a["meters_reported"], a["meters_expected"]) for a in found], [("fleet-overdue", 0, 40)], "one incident")
    told = node.end()
    check(not any("mpan" in json.dumps(event) for event in told), "a log names nobody")


def a_meter_becomes_overdue_while_the_node_waits(context):
    """Nothing comes, and the time comes: the alarm is there within a minute of it."""
    meter = mpan(1)
    estate = write_estate(context.fresh("estate"), [transformer("T1", 500)], [{"transformer_id": "T1", "feeder_id": "F1"}], [{"mpan": meter, "transformer_id": "T1", "feeder_id": "F1"}])
    node = WatchedNode(context, estate, "smart_hours = 2\n")
    now = int(time.time())
    # Half hours lie on a grid, so it is the node's clock that is moved to shortly before one is due.
    end = now // HALF_HOUR_S * HALF_HOUR_S
    due = end + 2 * 3600
    node.start_ahead(due - now - 8)
    node.bring_rows([[meter, "AI", utc_text(end - HALF_HOUR_S), "0.2", "1"]])
    check_equal(node.alarms(), [], "alarms before the time has come")
    until(lambda: node.alarms() != [], "the alarm is raised")
    (a,) = node.alarms()
    check_equal((a["kind"], a["mpan"], a["first_period_end"]), ("overdue", meter, utc_text(end)), "the alarm")
    late = utc(a["raised_at"]) - due
    check(0 <= late <= 60, f"raised {late} s after its time")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [overloads_follow_the_figures, one_alarm_for_one_overload, overdue_meters_are_told_of_within_a_minute,
                           a_meter_becomes_overdue_while_the_node_waits])
