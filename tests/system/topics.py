#!/usr/bin/env python3
"""Alarms and acts as topics of a live node: what `gridtwin alarms` and `gridtwin audit` have, over HTTPS, to those who may see it."""

import json
import time

import harness
from harness import check, check_equal, mpan, utc_text, write_csv, write_estate
from node import until
from readers import POLICY, ReadNode

ALARMS, ACTS = "/v1/topics/alarm/events", "/v1/topics/audit/events"


def watched(context):
    """A node that looks every second, with an operator, an auditor and a network operator who may read alarms."""
    meters = [mpan(100_000_000_000 + number) for number in range(6)]
    estate = write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "9", "gsp_group": "_C"}],
                          [{"transformer_id": "T1", "feeder_id": "F1"}],
                          [{"mpan": one, "transformer_id": "T1", "feeder_id": "F1"} for one in meters])
    node = ReadNode(context, estate)
    node.settings += "[alarms]\nlook_s = 1\nsmart_hours = 2\n"
    (node.folder / "access.toml").write_text(
        POLICY.replace("version = 1\n", 'version = 1\n[roles.network-operator]\nrights = ["read alarm"]\n')
        + '[identities."urn:gridtwin:service:auditor:auditor-1"]\n')
    node.start()
    return node, meters


def overload(node, meters, wh=1.4):
    """Brings a half hour above the rating, of all meters; its end."""
    end = utc_text(int(time.time()) // 1800 * 1800 - 1800)
    reads = write_csv(node.folder / "reads.csv", "mpan,period_end,kwh", [(one, end, str(wh)) for one in meters])
    node.bring("reads.csv", reads.read_bytes())
    until(lambda: node.names("done"), "the file is read")
    return end


def p14_alarms_as_they_are_raised(context):
    """A reader that waits hears of an alarm; the alarm is the one that the command lists; it is told on acknowledgement, and after a restart what
    was told is told again with the same bytes. A network operator sees overloads without the figure."""
    node, meters = watched(context)
    waiting = node.connect("operator-1")
    waiting.request("GET", f"{ALARMS}?wait=60")
    end = overload(node, meters)
    first = [json.loads(line) for line in waiting.getresponse().read().decode().splitlines()]
    check(first, "the alarm is told to who waits")

    def overloads():
        return [event for event in map(json.loads, node.get(ALARMS, "operator-1").splitlines()) if event["kind"] == "overload"]

    until(overloads, "an overload is raised")
    (raised,) = overloads()
    (listed,) = [a for a in map(json.loads, context.program.run("alarms", "list", "--store", node.store, "--json").splitlines())
                 if a["kind"] == "overload"]
    check_equal((raised["event"], {name: raised[name] for name in listed}), ("raised", listed), "the alarm that is told and the one that is listed")
    check_equal((raised["first_period_end"], raised["meters_reported"]), (end, 6), "its half hour and meters")
    context.program.run("alarms", "ack", raised["alarm"], "--store", node.store, "--by", "anna", "--why", "seen")
    told = overloads()[-1]
    check_equal((told["event"], told["acknowledged_by"]), ("acknowledged", "anna"), "the acknowledgement")
    for event in map(json.loads, node.get(ALARMS, "network-operator-1").splitlines()):
        check_equal((event["kind"], "peak_utilisation_pct" in event, "acknowledged_by" in event), ("overload", False, False), "for a network operator")
    check(node.get(ALARMS, "network-operator-1"), "a network operator is told of it")
    for who in ("settlement-1", "flexibility-1", "auditor-1"):
        check_equal(node.ask(ALARMS, who)[0], 404, f"alarms for {who}")
    before = node.get(ALARMS, "operator-1")
    check_equal(context.program.run("tail", "alarm", "--store", node.store), before, "tail prints the same")
    node.kill()
    node.start()
    check_equal(node.get(ALARMS, "operator-1")[:len(before)], before, "the same after a restart")
    node.end()


def p12_acts_for_auditors_alone(context):
    """Who was refused stands in the topic `audit` as `gridtwin audit` lists it, to an auditor and to nobody else."""
    node, meters = watched(context)
    overload(node, meters)
    text = (node.folder / "access.toml").read_text()
    waiting = node.connect("auditor-1")
    end = node.ask(ACTS, "auditor-1")[1]["Gridtwin-Position"]
    waiting.request("GET", f"{ACTS}?wait=60&after={end}")
    (node.folder / "access.toml").write_text(text.replace("[identities.", "# changed\n[identities.", 1))
    fresh = [json.loads(line) for line in waiting.getresponse().read().decode().splitlines()]
    check(fresh, "an act is told to who waits")

    def listed():
        return [json.loads(line) for line in context.program.run("audit", "--store", node.store, "--json").splitlines()]

    acts = [json.loads(line) for line in node.get(ACTS, "auditor-1").splitlines()]
    names = ("at", "who", "act", "subject", "detail")
    check_equal([tuple(act[name] for name in names) for act in acts], [tuple(act[name] for name in names) for act in listed()][:len(acts)], "acts")
    for who in ("operator-1", "settlement-1", "flexibility-1", "network-operator-1"):
        check_equal(node.ask(ACTS, who)[0], 404, f"acts for {who}")
    check(not any(one in json.dumps(acts) for one in meters), "no meter is named")
    node.end()


if __name__ == "__main__":
    harness.main(__doc__, [p14_alarms_as_they_are_raised, p12_acts_for_auditors_alone])
