#!/usr/bin/env python3
"""The unit for systemd: it is well formed, leaves the node little of the system, and its commands do what it says."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import stat
import subprocess

import harness
from harness import Skip, check, check_equal
from node import Node, simulated, until

UNIT = pathlib.Path(__file__).resolve().parents[2] / "config/systemd/gridtwin.service"
MOST_EXPOSED = 1.5  # of 10, by systemd's own reckoning


def analyze(*arguments):
    if not shutil.which("systemd-analyze"):
        raise Skip("there is no systemd-analyze")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def here(context, node):
    """The unit with the built program and this node's settings in the places of the installed ones."""
    text = UNIT.read_text()
    for installed, ours in (("/usr/bin/gridtwin", context.program.path), ("/etc/gridtwin/gridtwin.toml", node.config)):
        check(installed in text, f"the unit names {installed}")
        text = text.replace(installed, str(ours))
    copy = context.folder / "gridtwin.service"
    copy.write_text(text)
    return copy


def value_of(text, name):
    return re.search(rf"^{name}=(.*)$", text, re.MULTILINE)[1]


def it_is_well_formed(context):
    estate, _, _ = simulated(context, 20, 1)
    copy = here(context, Node(context, estate))
    done = analyze("verify", str(copy))
    check_equal((done.returncode, done.stderr), (0, ""), "what systemd says of the unit")
    broken = context.folder / "broken" / "gridtwin.service"
    broken.parent.mkdir()
    broken.write_text(copy.read_text().replace("ProtectHome=", "ProtectHouse="))
    check("ProtectHouse" in analyze("verify", str(broken)).stderr, "it would say what is wrong")


def it_leaves_little_of_the_system(context):
    del context
    done = analyze("security", "--offline=yes", f"--threshold={int(MOST_EXPOSED * 10)}", str(UNIT))
    found = re.search(r"Overall exposure level for gridtwin.service: ([0-9.]+)", done.stdout)
    check(found, f"systemd's reckoning: {done.stdout[-300:]} {done.stderr}")
    check(done.returncode == 0 and float(found[1]) <= MOST_EXPOSED, f"exposure {found[1]}, status {done.returncode}")


def its_commands_run_a_node(context):
    """As its unit starts it: checked, ready, told to read its files again, ended in order; what it writes is not for everybody."""
    estate, header, lines = simulated(context, 20, 1)
    node = Node(context, estate)
    text = here(context, node).read_text()
    subprocess.run(shlex.split(value_of(text, "ExecStartPre")), check=True, capture_output=True)
    mask = int(value_of(text, "UMask"), 8)
    node.process = subprocess.Popen(shlex.split(value_of(text, "ExecStart")), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    preexec_fn=lambda: os.umask(mask))  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
    told = [json.loads(node.process.stderr.readline())]
    check_equal(told[0]["event"], "ready", "what it tells first")
    reload_it = shlex.split(value_of(text, "ExecReload").replace("$MAINPID", str(node.process.pid)))
    subprocess.run(reload_it, check=True)
    node.bring("part.csv", header + b"".join(lines))
    until(lambda: node.names("done") == ["part.csv"], "it goes on after a reload")
    for file in node.store.iterdir():
        check(not file.stat().st_mode & stat.S_IRWXO, f"{file.name} is for its owner and group: {stat.filemode(file.stat().st_mode)}")
    node.process.send_signal(signal.SIGTERM)
    _, err = node.process.communicate(timeout=120)
    check_equal(node.process.returncode, 0, "it ends in order")
    told += map(json.loads, err.splitlines())
    for event in told:
        check({"at", "event", "text"} <= event.keys(), f"each line of its log is an event: {event}")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["at"]), f"an event has its time: {event}")
        check(not re.search(r"\b\d{13}\b", str(event)), f"SE-05: the log names no meter: {event}")


if __name__ == "__main__":
    harness.main(__doc__, [it_is_well_formed, it_leaves_little_of_the_system, its_commands_run_a_node])
