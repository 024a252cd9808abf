#!/usr/bin/env python3
"""T7, P6: who may do what with whose data, role by operation by tenant, against a running node with curl. What there is to ask comes from
docs/readers.md and docs/if-021.md, and what a role may do from docs/access.md: an endpoint, a topic, a role or a right that stands there
and that this does not know fails it."""

import itertools
import json
import pathlib
import re
import subprocess

import harness
from harness import Skip, check, check_equal, mpan, utc_text, write_estate
from message_node import MessageNode, Signer, message
from node import until

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
LIMIT_S = 120  # against hanging

MINE, OTHERS = [mpan(100_000_000_000 + number) for number in range(7)], [mpan(300_000_000_000 + number) for number in range(7)]
OF = {**dict.fromkeys(MINE, "T1"), **dict.fromkeys(OTHERS, "T2")}

# What this knows to ask: the documented endpoint, with its methods.
KNOWN = {"/healthz": {"GET"}, "/readyz": {"GET"}, "/metrics": {"GET"}, "/v1/topics": {"GET"}, "/v1/topics/TOPIC/schema": {"GET"},
         "/v1/topics/TOPIC/events": {"GET"}, "/v1/pointers": {"GET"}, "/v1/pointers/NAME": {"GET", "PUT", "DELETE"}, "/v1/extract/TOPIC": {"GET"},
         "/v1/if-021": {"POST"}}
# Roles, as an URI says them, with the plane that vouches for each and the name that `pki` gives to the first of them.
ROLES = {"head-end": ("devices", "device:head-end-"), "settlement": ("services", "service:settlement:settlement-"),
         "network-operator": ("services", "service:network-operator:network-operator-"), "flexibility": ("services", "service:flexibility:flexibility-"),
         "auditor": ("services", "service:auditor:auditor-"), "operator": ("operators", "operator:operator-")}
# What shows a right over HTTPS. `operate` and `acknowledge` have no endpoint: they are commands on the machine.
SHOWN = {"submit": "/v1/if-021", "read": "/v1/topics/TOPIC/events", "extract": "/v1/extract/TOPIC", "audit": "/v1/topics/TOPIC/events",
         "acknowledge": None, "operate": None}


def text_of(name):
    return (DOCS / name).read_text(encoding="utf-8")


def table_below(text, first):
    """Rows of the table whose header begins with this cell."""
    lines = text[text.index(f"| {first} |"):].splitlines()[2:]
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def topics_of_docs():
    return [topic for row in table_below(text_of("readers.md"), "topic") for topic in re.findall(r"`([^`]+)`", row[0])]


def shape_of(path):
    """`/v1/topics/reading/events` as what it is one of."""
    topic = "|".join(map(re.escape, topics_of_docs()))
    path = re.sub(rf"^(/v1/topics|/v1/extract)/({topic})(?=/|$)", r"\1/TOPIC", path)
    return re.sub(r"^/v1/pointers/[^/]+$", "/v1/pointers/NAME", path)


def endpoints_of_docs():
    """{shape: methods} of each command and each path that the documents name."""
    out = {}
    for name in ("readers.md", "if-021.md"):
        text = text_of(name)
        commands = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line.startswith("    curl ")]
        for command in commands:
            command = command.replace("$url", "https://localhost:7480/v1/if-021")
            found = re.search(r"(?:\$node|https://localhost:\d+)(/[^\s\"'?]*)", command)
            check(found, f"where does this command go: {command}")
            method = re.search(r"-X ([A-Z]+)", command)
            out.setdefault(shape_of(found[1]), set()).add(method[1] if method else "POST" if "--data" in command else "GET")
        for path in re.findall(r"`(?:[A-Z]+ )?(/[a-z0-9/.-]+)`", text):
            out.setdefault(shape_of(path), set())
    return out


def rights_of_docs():
    """{role: (what it may by itself, what a policy may give it besides)}, each a set of `read TOPIC`, `extract` and so on."""
    out = {}
    for role, own, most, *_ in table_below(text_of("access.md"), "role | by itself"):
        out[role] = tuple(set(re.findall(r"`([^`]+)`", cell)) for cell in (own, most))
    return out


def p6_what_the_documents_list_is_what_is_asked(_):
    """The documents against what this file knows; nothing runs."""
    found = endpoints_of_docs()
    check_equal(sorted(found), sorted(KNOWN), "endpoints that the documents name, and those that are asked")
    for shape, methods in found.items():
        check(methods <= KNOWN[shape], f"methods of {shape}: {methods} and {KNOWN[shape]}")
    check_equal(sorted(rights_of_docs()), sorted(ROLES), "roles of docs/access.md")
    rights = {right.split()[0] for own, most in rights_of_docs().values() for right in own | most}
    check(rights <= set(SHOWN), f"rights of docs/access.md: {rights}")
    listed = re.search(r"^Rights are (.*?)\. Topics:\n(.*?);", text_of("access.md"), re.MULTILINE | re.DOTALL)
    check_equal({right.split()[0] for right in re.findall(r"`([^`]+)`", listed[1])}, set(SHOWN), "rights that docs/access.md lists")


class Peer:
    """One identity, with a certificate of its own."""

    def __init__(self, node, role, number, uri=None):
        plane, begin = ROLES[role]
        self.role, self.number, self.node = role, number, node
        self.uri = uri or f"urn:gridtwin:{begin}{number}"
        self.name = f"{role}-{number}" if not uri else re.sub(r"[^a-z0-9]+", "-", uri)
        self.signer = Signer(node.folder, node.pki, self.name, self.uri, plane=plane)
        (node.folder / f"{self.name}.chain").write_bytes(self.signer.chain)

    @property
    def meters(self):
        return MINE if self.number == 1 else OTHERS

    def ask(self, target, method="GET", body=None, fields=()):
        """(status, body) by curl; nothing where the handshake does not lead to an answer."""
        command = ["curl", "-sS", "--path-as-is", "--max-time", str(LIMIT_S), "--cacert", self.node.pki / "services/root.pem", "--cert",
                   self.node.folder / f"{self.name}.chain", "--key", self.signer.key, "-X", method, "-w", "\n%{http_code}", *itertools.chain(*(("-H", one) for one in fields)),
                   *(("--data-binary", "@-") if body is not None else ()), f"https://localhost:{self.node.ports[1]}{target}"]
        try:
            done = subprocess.run(list(map(str, command)), input=body, capture_output=True, timeout=2 * LIMIT_S, check=False)
        except FileNotFoundError as absent:
            raise Skip("curl is absent") from absent
        if done.returncode:
            return None, done.stderr
        data, status = done.stdout.rsplit(b"\n", 1)
        return int(status), data

    def post(self, meter):
        body = json.dumps([message(meter)]).encode()
        fields = [f"{name}: {value}" for name, value in self.signer.fields(body).items()]
        return self.ask("/v1/if-021", "POST", body, fields)


def policy_of(peers, rights=None):
    out = "".join(f"[roles.{role}]\nrights = {json.dumps(sorted(has))}\n" for role, has in (rights or {}).items())
    for peer in peers:
        out += f'[identities."{peer.uri}"]\n'
        transformer = '["T1"]' if peer.number == 1 else '["T2"]'
        out += {"head-end": f"transformers = {transformer}\n", "network-operator": f"transformers = {transformer}\n",
                "flexibility": f'consent_file = "consent-{peer.number}.csv"\n'}.get(peer.role, "")
    return out


def matrix_node(context):
    estate = write_estate(context.folder / f"estate-{context.count}", [{"transformer_id": one, "rating_kva": "500", "gsp_group": "_C"} for one in ("T1", "T2")],
                          [{"transformer_id": one, "feeder_id": f"{one}-F"} for one in ("T1", "T2")],
                          [{"mpan": one, "transformer_id": of, "feeder_id": f"{of}-F"} for one, of in OF.items()])
    node = MessageNode(context, estate, "")
    for number, consenting in ((1, MINE), (2, OTHERS)):
        (node.folder / f"consent-{number}.csv").write_text("mpan,consent\n" + "".join(
            f"{meter},{'H' if meter in consenting[:4] else 'D'}\n" for meter in MINE + OTHERS))
    node.limits.update(dict.fromkeys(("http", "if-021"), "requests_per_s = 1000000\nrequests_at_once = 1000000\n"))
    return node


def fill(node):
    node.bring("reads.csv", ("mpan,period_end,kwh\n" + "".join(
        f"{meter},{utc_text(1_772_323_200 + 1800 * number)},{(17 * number + index) % 50 / 100:.2f}\n"
        for number in range(1, 49) if number != 20 for index, meter in enumerate(MINE + OTHERS))).encode())
    until(lambda: node.names("done") == ["reads.csv"], "the file is read")


def seen(peer, topic):
    """(status, meters, transformers) of all events of a topic."""
    status, data = peer.ask(f"/v1/topics/{topic}/events?limit=5000")
    events = list(map(json.loads, data.splitlines())) if status == 200 else []
    return status, {event["mpan"] for event in events if "mpan" in event}, {event["transformer_id"] for event in events if "transformer_id" in event}


def expected_meters(peer):
    return {"settlement": set(MINE + OTHERS), "flexibility": set(peer.meters[:4])}.get(peer.role, set())


def check_peer(peer, rights):
    """All that the documents name, by the rights that the documents give."""
    nothing = peer.ask("/v1/no-such")
    is_head_end = peer.role == "head-end"
    where = f"{peer.role}-{peer.number}"
    check_equal(nothing[0], 404, where)

    def check_nothing(what, answer):
        check_equal(answer, nothing, f"{where} finds nothing at {what}")

    for path in ("/healthz", "/readyz"):
        check_equal(peer.ask(path)[0], 200, f"{where} at {path}")
    (check_nothing("/metrics", peer.ask("/metrics")) if is_head_end else check_equal(peer.ask("/metrics")[0], 200, f"{where} at /metrics"))
    may = {topic for topic in topics_of_docs() if f"read {topic}" in rights or (topic == "audit" and "audit" in rights)}
    if is_head_end:
        check_nothing("/v1/topics", peer.ask("/v1/topics"))
    else:
        status, data = peer.ask("/v1/topics")
        check_equal((status, {json.loads(line)["topic"] for line in data.splitlines()}), (200, may), f"{where}: topics that it may read")
    for topic in topics_of_docs():
        asked = f"/v1/topics/{topic}"
        if topic not in may:
            for part in ("schema", "events", "events?limit=0", "events?pointer=x"):
                check_nothing(f"{asked}/{part}", peer.ask(f"{asked}/{part}"))
            continue
        check_equal(peer.ask(f"{asked}/schema")[0], 200, f"{where} at {asked}/schema")
        status, meters, transformers = seen(peer, topic)
        check_equal(status, 200, f"{where} at {asked}/events")
        if topic in ("reading", "settlement.day"):
            check_equal(meters, expected_meters(peer), f"{where}: whose {topic}")
        if topic == "gap":
            check_equal(meters, set(MINE + OTHERS), f"{where}: whose gaps")
        if topic.endswith("half_hour"):
            check_equal((meters, transformers), (set(), {"T1", "T2"} if peer.role == "operator" else {OF[peer.meters[0]]}), f"{where}: whose {topic}")
        if topic == "alarm":
            check(meters <= set(MINE + OTHERS) and (peer.role == "operator" or not meters), f"{where}: whose alarms")
    check_extract(peer, "extract" in rights and "reading" in may, check_nothing, where)
    check_pointers(peer, may, check_nothing, where)
    check_messages(peer, "submit" in rights, check_nothing, where)


def check_extract(peer, may, check_nothing, where):
    target = "/v1/extract/reading?from=2026-03-01&to=2026-03-03&format=csv"
    if not may:
        for more in ("", f"&mpan={MINE[0]}", "&transformer=T1", "&no=1"):
            check_nothing(f"an extract{more}", peer.ask(target + more))
        return

    def extracted(more):
        status, data = peer.ask(target + more)
        check_equal(status, 200, f"{where}: extract{more}")
        lines = data.decode().splitlines()
        at = lines[0].split(",").index("mpan") if lines else 0
        return {line.split(",")[at] for line in lines[1:]}

    expected = expected_meters(peer)
    check_equal(extracted(""), expected, f"{where}: whose readings are in an extract")
    for meter in (MINE[0], MINE[6], OTHERS[0], OTHERS[6]):
        check_equal(extracted(f"&mpan={meter}"), {meter} & expected, f"{where}: an extract of a meter")
    for transformer in ("T1", "T2"):
        check_equal(extracted(f"&transformer={transformer}"), {one for one in expected if OF[one] == transformer}, f"{where}: an extract of {transformer}")


def check_pointers(peer, may, check_nothing, where):
    """Its own alone, of topics that it may read."""
    body = lambda topic: json.dumps({"topic": topic, "position": "-"}).encode()  # noqa: E731
    kept = None
    for topic in topics_of_docs():
        status, data = peer.ask("/v1/pointers/mine", "PUT", body(topic))
        if topic not in may:
            check(status in (400, 404, 409) and b'"name":"mine"' not in data, f"{where}: a pointer to {topic}: {status} {data}")
        elif kept is None:
            check_equal(status, 201, f"{where}: a pointer to {topic}")
            kept = topic
    if peer.role == "head-end":
        for target, method in (("/v1/pointers", "GET"), ("/v1/pointers/mine", "GET"), ("/v1/pointers/mine", "DELETE"), ("/v1/pointers/mine", "PUT")):
            check_nothing(f"{method} {target}", peer.ask(target, method, body("reading") if method == "PUT" else None))
        return
    status, data = peer.ask("/v1/pointers")
    check_equal((status, [json.loads(line)["topic"] for line in data.splitlines()]), (200, [kept] if kept else []), f"{where}: its pointers")
    check_equal(peer.ask("/v1/pointers/mine")[0], 200 if kept else 404, f"{where}: its pointer")
    check_equal(peer.ask("/v1/pointers/mine", "DELETE")[0] in (200, 204), bool(kept), f"{where}: its pointer goes")


def check_pointers_apart(peers, rights):
    """A pointer is its owner's, whatever the other one of its role does with its own."""
    for first, second in zip(peers[::2], peers[1::2]):
        topics = [right.split()[1] for right in rights[first.role] if right.startswith("read ") and right.split()[1] in topics_of_docs()]
        if first.role == "head-end" or not topics:
            continue
        body = json.dumps({"topic": topics[0], "position": "-"}).encode()
        check_equal([peer.ask("/v1/pointers/mine", "PUT", body)[0] for peer in (first, second)], [201, 201], f"{first.role}: one each")
        check(second.ask("/v1/pointers/mine", "DELETE")[0] in (200, 204), f"{second.role}: its pointer goes")
        check_equal([peer.ask("/v1/pointers/mine")[0] for peer in (first, second)], [200, 404], f"{first.role}: the other's stays")
        first.ask("/v1/pointers/mine", "DELETE")


def check_messages(peer, may, check_nothing, where):
    if peer.role != "head-end":
        check_nothing("POST /v1/if-021", peer.post(MINE[0]))
        check_nothing("GET /v1/if-021", peer.ask("/v1/if-021"))
        return
    check_equal(peer.ask("/v1/if-021")[0], 405, f"{where} at GET /v1/if-021")
    if not may:
        check_equal([peer.post(meter)[0] for meter in (MINE[0], OTHERS[0])], [403, 403], f"{where}: messages of anybody")
        return
    own, foreign = (MINE, OTHERS) if peer.number == 1 else (OTHERS, MINE)
    check_equal([peer.post(meter)[0] for meter in (own[0], foreign[0], mpan(777_777_777_777))], [201, 403, 403], f"{where}: messages of its own, another's, nobody's")


def p6_every_role_operation_and_tenant(context):
    """Two tenants of each role, with what the role may by itself, and with the most that a policy can give it."""
    node = matrix_node(context)
    peers = [Peer(node, role, number) for role in ROLES for number in (1, 2)]
    documented = rights_of_docs()
    own = {role: documented[role][0] for role in ROLES}
    most = {role: documented[role][0] | documented[role][1] for role in ROLES}
    policy = node.folder / "access.toml"
    policy.write_text("version = 1\n" + policy_of(peers))
    node.start()
    fill(node)
    node.end()
    context.program.run("settle", "--store", node.store, "--run", "RF", "--date", "2026-03-01", "--out", context.fresh("settled"))
    node.start()
    for peer in peers:
        check_peer(peer, own[peer.role])
    check_pointers_apart(peers, own)
    before = len(node.audit("reload"))
    aside = node.folder / "access.new"
    aside.write_text("version = 1\n" + policy_of(peers, most))
    aside.rename(policy)
    until(lambda: len(node.audit("reload")) > before, "the policy is read")
    for peer in peers:
        check_peer(peer, most[peer.role])
    # Nothing by itself, and nobody that is not named, or is switched off.
    for role in ROLES:
        for peer in peers:
            if peer.role == role and peer.number == 2:
                aside.write_text("version = 1\n" + policy_of(peers, {role: set()}).replace(f'[identities."{peers[0].uri}"]\n', f'[identities."{peers[0].uri}"]\nstate = "disabled"\n'))
                before = len(node.audit("reload"))
                aside.rename(policy)
                until(lambda: len(node.audit("reload")) > before, "the policy is read")  # pylint: disable=cell-var-from-loop
                check_peer(peer, set())
                check_equal(peers[0].ask("/healthz")[0], None, "who is switched off")
    stranger = Peer(node, "settlement", 3, "urn:gridtwin:service:settlement:stranger")
    for target in KNOWN:
        check_equal(stranger.ask(shape_filled(target))[0], None, f"a stranger at {target}")
    node.end()


def shape_filled(shape):
    return shape.replace("TOPIC", "reading").replace("NAME", "mine")


if __name__ == "__main__":
    harness.main(__doc__, [p6_what_the_documents_list_is_what_is_asked, p6_every_role_operation_and_tenant])
