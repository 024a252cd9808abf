#!/usr/bin/env python3
"""A live node to look at: a simulated head-end sends a half hour of all meters every second or so, and three readers with three roles
show what each of them sees. Called by scripts/demo.sh --live: demo_live.py GRIDTWIN FOLDER ESTATE READS HALF-HOURS"""

import http.client
import json
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time

GRIDTWIN, FOLDER, ESTATE, READS = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
MOST_HALF_HOURS = int(sys.argv[5])
CONSENT_EVERY = 10  # every tenth meter has consented to half-hourly data
URI = "urn:gridtwin:"
HEAD_END = f"{URI}device:head-end-1"
# role: (name of its certificate, topic)
READERS = {
    "settlement": ("settlement-1", "reading"),
    "network-operator": ("network-operator-1", "transformer.half_hour"),
    "flexibility": ("flexibility-1", "reading"),
}


def command(*arguments):
    return [GRIDTWIN, *map(str, arguments)]


def half_hours():
    """The readings, a file for each half hour as it ended; (end, file, lines)."""
    out, end, lines = [], b"", []
    folder = FOLDER / "half-hours"
    folder.mkdir()
    with READS.open("rb") as reads:
        header = next(reads)
        column = header.decode().strip().split(",").index("period_end")

        def finish():
            file = folder / f"{len(out):03}.csv"
            file.write_bytes(header + b"".join(lines))
            out.append((end.decode(), file, len(lines)))

        for line in reads:
            at = line.split(b",", column + 1)[column]
            if at != end:
                if lines:
                    finish()
                if len(out) == MOST_HALF_HOURS:
                    return out
                end, lines = at, []
            lines.append(line)
        finish()
    return out


def write_settings():
    meters = [line.split(",")[0] for line in (ESTATE / "meters.csv").read_text().splitlines()[1:]]
    (FOLDER / "consent.csv").write_text("mpan,consent\n" + "".join(f"{mpan},H\n" for mpan in meters[::CONSENT_EVERY]))
    (FOLDER / "access.toml").write_text(f"""version = 1
[identities."{HEAD_END}"]
meters = "all"
[identities."{URI}service:settlement:settlement-1"]
[identities."{URI}service:network-operator:network-operator-1"]
transformers = "all"
[identities."{URI}service:flexibility:flexibility-1"]
consent_file = "consent.csv"
""")
    pki = FOLDER / "pki"
    (FOLDER / "gridtwin.toml").write_text(f"""[node]
estate = "{ESTATE}"
store = "{FOLDER}/store"
judge_by = "nothing"
[frames]
address = "127.0.0.1"
port = 0
certificate = "{pki}/server.pem"
key = "{pki}/server.key"
roots = "{pki}/devices/root.pem"
revocations = "{pki}/devices/revoked.pem"
policy = "{FOLDER}/access.toml"
[http]
address = "127.0.0.1"
port = 0
certificate = "{pki}/server.pem"
key = "{pki}/server.key"
services_roots = "{pki}/services/root.pem"
services_revocations = "{pki}/services/revoked.pem"
operators_roots = "{pki}/operators/root.pem"
operators_revocations = "{pki}/operators/revoked.pem"
policy = "{FOLDER}/access.toml"
""")
    subprocess.run(command("pki", "init", "--out", pki), check=True, stdout=subprocess.DEVNULL)
    return meters


class Reader:
    """Reads a topic from its beginning on, as fast as the node gives it, until told to end."""

    def __init__(self, role, port):
        self.role, self.port = role, port
        name, self.topic = READERS[role]
        self.tls = ssl.create_default_context(cafile=FOLDER / "pki/services/root.pem")
        self.tls.load_cert_chain(FOLDER / f"pki/{name}.pem", FOLDER / f"pki/{name}.key")
        self.events, self.sample, self.at_end, self.ended = 0, None, False, threading.Event()
        self.connection = self.connect()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def connect(self):
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=self.tls)

    def get(self, connection, target):
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def run(self):
        position = "-"
        while not self.ended.is_set():
            status, fields, page = self.get(self.connection, f"/v1/topics/{self.topic}/events?after={position}&limit=5000&wait=1")
            if status != 200:
                sys.exit(f"{self.role} was answered {status}: {page.decode()}")
            position = fields["Gridtwin-Position"]
            self.events += page.count(b"\n")
            if page:
                self.sample = page[:page.index(b"\n")].decode()
            self.at_end = fields["Gridtwin-At-End"] == "true"

    def may_read(self, topic):
        return self.get(self.connect(), f"/v1/topics/{topic}/events?limit=1")[0] == 200


def send(port, file):
    pki = FOLDER / "pki"
    done = subprocess.run(command("send", "--to", f"localhost:{port}", "--cert", pki / "head-end-1.pem", "--key", pki / "head-end-1.key",
                                  "--trust", pki / "services/root.pem", "--spool", FOLDER / "spool", "--reads", file, "--json"),
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main():
    for name in ("store", "spool", "half-hours", "pki"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    meters, parts = write_settings(), half_hours()
    node = subprocess.Popen(command("run", "--config", FOLDER / "gridtwin.toml", "--json"), stderr=subprocess.PIPE,
                            stdout=(FOLDER / "node.jsonl").open("wb"))
    try:
        said = node.stderr.readline().decode()
        ports = re.findall(r"port (\d+)", said)
        if len(ports) != 2:
            sys.exit(f"The node did not start: {said}{node.stderr.read().decode()}")
        threading.Thread(target=lambda: (FOLDER / "node.log").write_bytes(node.stderr.read()), daemon=True).start()
        readers = {role: Reader(role, int(ports[1])) for role in READERS}
        print(f"A node with {len(meters)} meters, every {CONSENT_EVERY}th with consent; head-ends at port {ports[0]}, readers at {ports[1]}.\n")
        print(f"{'half hour until':<22}{'accepted':>12}" + "".join(f"{role:>24}" for role in readers))
        print(f"{'':<22}{'':>12}" + "".join(f"{READERS[role][1]:>24}" for role in readers))
        accepted = 0
        for end, file, lines in parts:
            begin = time.monotonic()
            accepted += send(int(ports[0]), file)["accepted"]
            time.sleep(max(0.0, 1 - (time.monotonic() - begin)))
            print(f"{end:<22}{accepted:>12,}" + "".join(f"{reader.events:>24,}" for reader in readers.values()), flush=True)
        for reader in readers.values():
            reader.at_end = False
        while not all(reader.at_end for reader in readers.values()):
            time.sleep(0.05)
        print(f"{'all is read':<22}{accepted:>12,}" + "".join(f"{reader.events:>24,}" for reader in readers.values()) + "\n")
        if readers["settlement"].events != accepted:
            sys.exit("Settlement did not get each accepted reading once.")
        topics = ("reading", "feeder.half_hour", "transformer.half_hour", "settlement.day", "alarm", "audit")
        for role, reader in readers.items():
            print(f"{role} may read {', '.join(topic for topic in topics if reader.may_read(topic))}; an event of {reader.topic}:\n  {reader.sample}")
        for reader in readers.values():
            reader.ended.set()
        for reader in readers.values():
            reader.thread.join(60)
    finally:
        node.send_signal(signal.SIGTERM)
        node.wait(60)
    if node.returncode != 0:
        sys.exit(f"The node ended with {node.returncode}; {FOLDER}/node.log says why.")


if __name__ == "__main__":
    main()
