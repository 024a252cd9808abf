#!/usr/bin/env python3
"""Readers of a live node over HTTPS, with a client that is not ours: pages, streams, pointers, extracts, figures; and the commands of
docs/readers.md word for word."""

import http.client
import json
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import time

import harness
from harness import Skip, check, check_equal, check_same_bytes
from node import Node, simulated, until

LIMIT_S = 120  # against hanging
EVENTS = "/v1/topics/reading/events"
POLICY = """version = 1
[identities."urn:gridtwin:service:settlement:settlement-1"]
[identities."urn:gridtwin:service:network-operator:network-operator-1"]
transformers = "all"
[identities."urn:gridtwin:service:flexibility:flexibility-1"]
consent_file = "consent.csv"
[identities."urn:gridtwin:operator:operator-1"]
"""


class ReadNode(Node):
    """A node with an inbox that is read from."""

    def __init__(self, context, estate):
        super().__init__(context, estate, judge_by="nothing")
        self.pki = self.folder / "pki"
        context.program.run("pki", "init", "--out", self.pki)
        (self.folder / "access.toml").write_text(POLICY)
        (self.folder / "consent.csv").write_text("mpan,consent\n")
        self.port, self.limits = 0, ""  # `limits`: more lines of [http]
        self.settings = self.config.read_text()

    def start(self):
        self.config.write_text(self.settings + f"""
[http]
address = "127.0.0.1"
port = {self.port}
certificate = "{self.pki}/server.pem"
key = "{self.pki}/server.key"
services_roots = "{self.pki}/services/root.pem"
services_revocations = "{self.pki}/services/revoked.pem"
operators_roots = "{self.pki}/operators/root.pem"
operators_revocations = "{self.pki}/operators/revoked.pem"
policy = "{self.folder}/access.toml"
{self.limits}""")
        self.process = self.program.start("run", "--config", self.config, "--json")
        said = self.process.stderr.readline().decode()
        found = re.search(r"ready, HTTPS at 127.0.0.1 port (\d+)", said)
        check(found, f"the node says where it answers: {said}{'' if found else self.process.stderr.read().decode()}")
        self.port = int(found[1])

    def tls(self, who):
        out = ssl.create_default_context(cafile=self.pki / "services/root.pem")
        if who:
            out.load_cert_chain(self.pki / f"{who}.pem", self.pki / f"{who}.key")
        return out

    def connect(self, who="settlement-1"):
        return http.client.HTTPSConnection("localhost", self.port, timeout=LIMIT_S, context=self.tls(who))

    def ask(self, target, who="settlement-1", method="GET", body=None, **fields):
        """(status, fields, body)"""
        connection = self.connect(who)
        try:
            connection.request(method, target, body=body, headers=fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, target, who="settlement-1"):
        status, _, body = self.ask(target, who)
        check_equal(status, 200, f"status of {target}: {body[:300]}")
        return body


def masked(line):
    """An event of `tail` as settlement sees it."""
    event = json.loads(line)
    del event["source"], event["line"]
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def whole_log(context, node):
    return sorted(masked(line) for line in context.program.run("tail", "reading", "--store", node.store).splitlines())


def filled(context, meters=200, days=2, parts=5):
    """A node that has read all it was given, in parts."""
    estate, header, lines = simulated(context, meters, days)
    node = ReadNode(context, estate)
    node.start()
    for number in range(parts):
        node.bring(f"part{number:02}.csv", header + b"".join(lines[number::parts]))
        until(lambda: len(node.names("done")) == number + 1, "the part is read")  # pylint: disable=cell-var-from-loop
    return node


def dl_09_pages_and_streams_give_the_whole(context):
    """Pages of any size, one connection or many, and a stream give the log that `tail` prints, with the same bytes."""
    node = filled(context)
    expected = whole_log(context, node)
    dice = random.Random(3)
    for limits in ((5000,), (1, 700, 4999), (997,)):
        got, position, connection = [], "-", node.connect()
        while True:
            connection.request("GET", f"{EVENTS}?after={position}&limit={dice.choice(limits)}")
            answer = connection.getresponse()
            lines = answer.read().decode().splitlines()
            check_equal(answer.status, 200, "status")
            got += lines
            position = answer.headers["Gridtwin-Position"]
            if answer.headers["Gridtwin-At-End"] == "true":
                break
        check_equal(sorted(got) == expected, True, f"pages of {limits} against the log: {len(got)} of {len(expected)}")
    connection = node.connect()
    connection.request("GET", EVENTS, headers={"Accept": "text/event-stream"})
    stream, got = connection.getresponse(), []
    check_equal(stream.headers["Content-Type"], "text/event-stream", "type of a stream")
    while len(got) < len(expected):
        line = stream.readline().decode()
        check(line, "the stream goes on")
        if line.startswith("data: "):
            got.append(line[len("data: "):].rstrip("\n"))
    check_equal(sorted(got) == expected, True, "a stream against the log")
    node.end()


def p14_a_waiting_reader_hears_of_what_comes(context):
    """A long poll and a stream tell of what becomes durable after they began to wait."""
    estate, header, lines = simulated(context, 50, 2)
    node = ReadNode(context, estate)
    node.start()
    waiting, stream = node.connect(), node.connect()
    waiting.request("GET", f"{EVENTS}?wait=60")
    stream.request("GET", EVENTS, headers={"Accept": "text/event-stream"})
    streaming = stream.getresponse()
    node.bring("reads.csv", header + b"".join(lines))
    answer = waiting.getresponse()
    check_equal((answer.status, answer.headers["Gridtwin-At-End"] in ("true", "false")), (200, True), "the page that was waited for")
    check(answer.read().splitlines(), "it has events")
    line = streaming.readline()
    while line.startswith(b"id: ") or line == b"\n":  # of what is durable and holds no reading
        line = streaming.readline()
    check_equal(line, b"event: reading\n", "the stream tells of it")
    node.end()


def p4_pointers_survive_kills_of_node_and_reader(context):
    """A reader that is cut off anywhere, over a node that is killed: by its pointer it gets everything, and again only what it had
    not committed."""
    estate, header, lines = simulated(context, 300, 3)
    node = ReadNode(context, estate)
    dice = random.Random(23)
    parts, committed, repeats, kept = 10, [], 0, None
    for number in range(parts):
        node.start()
        node.bring(f"part{number:02}.csv", header + b"".join(lines[number::parts]))
        until(lambda: len(node.names("done")) == number + 1, "the part is read")  # pylint: disable=cell-var-from-loop
        if kept is None:
            check_equal(node.ask("/v1/pointers/mine", method="PUT", body='{"topic":"reading","position":"-"}')[0], 201, "a new pointer")
            kept = "-"
        for _ in range(dice.randint(1, 8)):
            check_equal(json.loads(node.get("/v1/pointers/mine"))["position"], kept, "the pointer is where it was put")
            status, fields, page = node.ask(f"{EVENTS}?pointer=mine&limit={dice.randint(1, 900)}")
            check_equal(status, 200, "a page")
            fate = dice.random()
            if fate < 0.25:  # the reader dies before it commits: it has nothing of the page
                repeats += 1
                continue
            body = json.dumps({"topic": "reading", "position": fields["Gridtwin-Position"], "earlier": kept})
            if fate < 0.5:  # the answer is lost with the node: the reader asks where its pointer is
                connection = node.connect()
                connection.request("PUT", "/v1/pointers/mine", body=body)
                time.sleep(dice.random() * 0.02)
                node.kill()
                connection.close()
                node.start()
                there = json.loads(node.get("/v1/pointers/mine"))["position"]
                check(there in (kept, fields["Gridtwin-Position"]), f"before or after, nothing else: {there}")
                if there == kept and kept != fields["Gridtwin-Position"]:
                    repeats += 1
                    continue
            else:
                check_equal(node.ask("/v1/pointers/mine", method="PUT", body=body)[0], 200, "the pointer moves")
            committed += page.decode().splitlines()
            kept = fields["Gridtwin-Position"]
        node.kill()
    node.start()
    while True:
        status, fields, page = node.ask(f"{EVENTS}?pointer=mine&limit=5000")
        body = json.dumps({"topic": "reading", "position": fields["Gridtwin-Position"], "earlier": kept})
        check_equal(node.ask("/v1/pointers/mine", method="PUT", body=body)[0], 200, "the pointer moves")
        committed += page.decode().splitlines()
        kept = fields["Gridtwin-Position"]
        if fields["Gridtwin-At-End"] == "true":
            break
    check(repeats > 5, f"pages that were not committed: {repeats}")
    check_equal(sorted(committed) == whole_log(context, node), True, "what was committed against the log")
    node.end()


def extracts_are_what_stands(context):
    """CSV and JSON lines against `export readings`, whole and by filter."""
    node = filled(context)
    rows = context.program.rows("readings", node.store)
    columns = ["mpan", "quantity", "period_end", "wh", "quality", "reason", "version"]
    key = lambda row: tuple(row[name] for name in columns)  # noqa: E731
    got = harness.read_csv(node.get("/v1/extract/reading?format=csv"))
    check_equal(sorted(map(key, got)) == sorted(map(key, rows)), True, f"all: {len(got)} rows, {len(rows)} expected")
    as_json = [json.loads(line) for line in node.get("/v1/extract/reading").splitlines()]
    as_text = lambda value: "" if value is None else str(value)  # noqa: E731
    check_equal(sorted(tuple(as_text(row[name]) for name in columns) for row in as_json) == sorted(map(key, rows)), True, "the same as JSON")
    window = "from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z"
    some = context.program.rows("readings", node.store, "--from", "2026-03-01T10:00:00Z", "--to", "2026-03-01T12:00:00Z")
    got = harness.read_csv(node.get(f"/v1/extract/reading?format=csv&{window}"))
    check(some, "there is something in the window")
    check_equal(sorted(map(key, got)), sorted(map(key, some)), "a window")
    one = rows[len(rows) // 2]["mpan"]
    got = harness.read_csv(node.get(f"/v1/extract/reading?format=csv&mpan={one}"))
    check_equal(sorted(map(key, got)), sorted(key(row) for row in rows if row["mpan"] == one), "a meter")
    check_same_bytes(node.get("/v1/extract/reading"), node.get("/v1/extract/reading"), "the same extract twice")
    node.end()


def t8_who_sees_what(context):
    """Households only for settlement and with consent; what is forbidden looks like what is not there."""
    node = filled(context, meters=100, days=1, parts=1)
    mpans = sorted({row["mpan"] for row in context.program.rows("readings", node.store)})
    node.kill()
    (node.folder / "consent.csv").write_text("mpan,consent\n" + "".join(f"{mpan},{'HDMN'[n % 4]}\n" for n, mpan in enumerate(mpans)))
    node.start()
    for target in (f"{EVENTS}?limit=5000", "/v1/extract/reading"):
        seen = {json.loads(line)["mpan"] for line in node.get(target, "flexibility-1").splitlines()}
        check_equal(seen, set(mpans[::4]), f"meters that flexibility sees of {target}")
        absent = node.ask("/v1/topics/nothing/events", "network-operator-1")
        for who in ("network-operator-1", "operator-1"):
            status, fields, body = node.ask(target, who)
            check_equal((status, sorted(fields.keys()), body), (404, sorted(absent[1].keys()), absent[2]), f"{target} for {who}")
    node.end()


def p7_certificates_that_are_refused(context):
    """No certificate, a head-end's, one whose identity is not named, TLS 1.2, no TLS: nothing is answered."""
    node = ReadNode(context, simulated(context, 10, 1)[0])
    node.start()
    check_equal(node.get("/healthz", "operator-1"), b"ok\n", "one that may")
    old = node.tls("settlement-1")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    for what, tls in (("none", node.tls(None)), ("a head-end's", node.tls("head-end-1")), ("not named", node.tls("auditor-1")), ("1.2", old)):
        connection = http.client.HTTPSConnection("localhost", node.port, timeout=LIMIT_S, context=tls)
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = None
        check_equal(status, None, f"certificate: {what}")
    with socket.create_connection(("127.0.0.1", node.port), LIMIT_S) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            said = plain.recv(1 << 16)
        except ConnectionError:
            said = b""
        check(b"ok" not in said, "no TLS")
    node.end()


def memory_of(process):
    found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
    return int(found[1]) * 1024


def p17_readers_that_stand_still_cost_nothing_but_their_connection(context):
    """Many extracts and streams that nobody takes: others are answered, the node reads on, and its memory stays."""
    if context.program.is_sanitized():
        return  # it measures memory, and takes so long there that readers who stand still are cut
    node = filled(context, meters=2000, days=2, parts=1)
    whole = node.get("/v1/extract/reading")
    check(len(whole) > 10_000_000, f"an extract that no socket holds: {len(whole)}")
    before, still = 0, []
    for number in range(60):
        if number == 20:  # what readers share is there by then
            before = memory_of(node.process)
        connection = node.connect()
        fields = {"Accept": "text/event-stream"} if number % 2 else {}
        connection.request("GET", EVENTS if number % 2 else "/v1/extract/reading", headers=fields)
        still.append((connection, connection.getresponse()))
    check_equal(node.get("/v1/extract/reading") == whole, True, "another reader gets all")
    grown = memory_of(node.process) - before
    check(grown < 2 * len(whole), f"40 readers that stand still hold {grown} bytes, where an answer has {len(whole)}")
    check_equal(still[-2][1].read() == whole, True, "one that goes on in time gets all, too")
    node.end()


def t9_t10_bounds_of_requests(context):
    """Silent peers, half requests, long ones, too many connections: each ends, and honest readers are answered meanwhile."""
    node = ReadNode(context, simulated(context, 10, 1)[0])
    node.start()
    silent = [socket.create_connection(("127.0.0.1", node.port), LIMIT_S) for _ in range(50)]
    half = node.tls("settlement-1").wrap_socket(socket.create_connection(("127.0.0.1", node.port), LIMIT_S), server_hostname="localhost")
    half.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
    check_equal(node.get("/healthz"), b"ok\n", "an honest reader")
    check_equal(node.ask("/healthz", **{"X-Long": "x" * 20_000})[0], 431, "long fields")
    check_equal(node.ask("/v1/pointers/mine", method="PUT", body="x" * 20_000)[0], 413, "a long body")
    check_equal(node.ask("/v1/topics?" + "x" * 9000)[0], 400, "a long target")
    peer = node.tls("settlement-1").wrap_socket(socket.create_connection(("127.0.0.1", node.port), LIMIT_S), server_hostname="localhost")
    peer.sendall(b"NONSENSE\r\n\r\n")
    check(peer.recv(1 << 16).startswith(b"HTTP/1.1 400 "), "no HTTP")
    peer = node.tls("settlement-1").wrap_socket(socket.create_connection(("127.0.0.1", node.port), LIMIT_S), server_hostname="localhost")
    peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
    answered = b""
    while answered.count(b"HTTP/1.1 200 ") < 100:
        more = peer.recv(1 << 16)
        check(more, f"requests that were sent ahead are answered: {answered.count(b'200')}")
        answered += more
    for connection in silent:
        connection.settimeout(LIMIT_S)
        check_equal(connection.recv(1), b"", "a silent connection ends")
    half.settimeout(LIMIT_S)
    try:
        check_equal(half.recv(1), b"", "half a request ends")
    except (ssl.SSLError, ConnectionError):
        pass
    many, told = [], 0
    while told == 0 and len(many) < 100:
        connection = node.connect()
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        told += answer.status == 503
        many.append(connection)
    check_equal((told, len(many)), (1, 64), "connections of one identity")  # `peer` is one of its 64
    check_equal(node.get("/healthz", "operator-1"), b"ok\n", "another identity")
    metrics = node.get("/metrics", "operator-1").decode()
    for why, least in (("slow", 51), ("malformed", 3), ("full", 1)):
        found = re.search(rf'refused_total{{listener="http",why="{why}"}} (\d+)', metrics)
        check(found and int(found[1]) >= least, f"{why} is counted: {metrics}")
    node.end()


def figures_are_of_no_meter(context):
    """/metrics in Prometheus' text format: what the node counted, and no number that could be an MPAN."""
    node = filled(context, meters=100, days=1, parts=2)
    metrics = node.get("/metrics", "operator-1").decode()
    families = set()
    for line in metrics.splitlines():
        if line.startswith("# "):
            check(re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge))", line), f"a comment: {line}")
            families.add(line.split()[2])
        else:
            found = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?\d+)', line)
            check(found and found[1] in families, f"a figure: {line}")
    check(not re.search(r"\d{13}", metrics), "no MPAN")
    counts = {code: int(count) for code, count in re.findall(r'gridtwin_readings\{outcome="[a-z]+",code="([a-z-]+)"\} (\d+)', metrics)}
    told = node.end()
    for name, of in (("accepted", "accepted"), ("duplicate", "duplicates"), ("conflict", "conflicts")):
        check_equal(counts[name], sum(turn[of] for turn in told), f"{name} against what the node told")


def commands_of(document):
    """The indented blocks of a document, as one script."""
    return "\n".join(line[4:] for line in document.read_text(encoding="utf-8").splitlines() if line.startswith("    ") and line[4:5] not in (" ", "["))


def the_document_runs_word_for_word(context):
    """docs/readers.md in bash with curl; only the port that it says is led to another one."""
    document = pathlib.Path(__file__).resolve().parents[2] / "docs" / "readers.md"
    folder = context.fresh("document")
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = commands_of(document)
    check("curl $reader" in script and "gridtwin run" in script, "the document has commands")
    (folder / ".curlrc").write_text(f'connect-to = "localhost:7480:localhost:{port}"\n')
    script = script.replace("gridtwin run ", f"printf 'port = {port}\\n' >> gridtwin.toml\ngridtwin run ", 1)
    script += "\nkill -TERM $!\nwait $!\necho node ended $? >&2\n"
    environment = dict(os.environ, CURL_HOME=str(folder), PATH=f"{pathlib.Path(context.options.program).resolve().parent}:{os.environ['PATH']}")
    try:
        done = subprocess.run(["bash", "-c", "set -x\n" + script], cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    except FileNotFoundError as absent:
        raise Skip("bash is absent") from absent
    err = done.stderr.decode()
    if "curl: command not found" in err:
        raise Skip("curl is absent")
    check("node ended 0" in err, f"the node ended in good order: {err[-3000:]}")
    wrong = [line for line in err.splitlines() if line.startswith("curl: (") and not line.startswith("curl: (28)") and "(7)" not in line]
    check_equal(wrong, [], f"curl has nothing to object: {err[-3000:]}")
    out = done.stdout.decode()
    for words in ("ok\n", '{"topic":"reading","version":1', '"$schema"', '{"topic":"reading","shard":', '{"name":"mine"', "gridtwin_readings{"):
        check(words in out, f"{words!r} is answered: {out[:3000]}")
    check(len((folder / "extract.csv").read_text().splitlines()) > 300, "the extract has rows")
    check((folder / "extract.jsonl").read_text().count('"transformer_id":"T000001"') > 10, "and so has the other")
    stream = (folder / "stream.txt").read_text()
    check(stream.startswith("event: reading\ndata: {") and "\nid: " in stream, f"the stream: {stream[:300]}")


if __name__ == "__main__":
    harness.main(__doc__, [dl_09_pages_and_streams_give_the_whole, p14_a_waiting_reader_hears_of_what_comes,
                           p4_pointers_survive_kills_of_node_and_reader, extracts_are_what_stands, t8_who_sees_what,
                           p7_certificates_that_are_refused, p17_readers_that_stand_still_cost_nothing_but_their_connection,
                           t9_t10_bounds_of_requests, figures_are_of_no_meter, the_document_runs_word_for_word])
