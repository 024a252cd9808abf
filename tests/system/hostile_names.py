#!/usr/bin/env python3
"""Names that lead elsewhere (T22) and texts that mean something to SQLite (T23): through every id, filter, parameter, pointer, topic,
file and option that takes one, nothing outside is opened and nothing inside changes."""

import hashlib
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import urllib.parse

import harness
from harness import Skip, check, check_equal, mpan, small_estate, utc_text, write_estate
from node import LIMIT_S, until
from readers import ReadNode

METERS = [mpan(100_000_000_000 + number) for number in range(20)]
CANARY = "what-nobody-may-read"
READS = "mpan,period_end,kwh\n" + "".join(f"{meter},{utc_text(1_772_323_200 + 1800 * number)},0.1\n" for number in range(1, 49) for meter in METERS)


def names(outside):
    """120 names that lead to `outside`, a file, or to something of the machine, or that no file may have."""
    away, file = str(outside.parent), outside.name
    ups = ["../" * depth + part for depth in (1, 2, 3, 8) for part in (file, "etc/passwd", "x.csv")]
    encoded = [up.replace("../", dots) for up in ups[:9] for dots in ("..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "..\\", "....//", "..;/", "%c0%ae%c0%ae/")]
    absolute = [str(outside), f"/{outside}", f"file://{outside}", f"./{outside}", f"{away}/./{file}", "//etc/passwd", "/dev/zero", "/dev/stdin",
                "/dev/full", "/dev/fd/0", "/proc/self/environ", "/proc/self/mem", "/proc/self/fd/0", "/", "//", "~", "~root/.ssh/id_rsa"]
    odd = ["", ".", "..", "...", " ", "..\t", f"{file}\0.csv", f"..\0/{file}", "a\nb", "a\r\nb", "x" * 255, "x" * 256, "../" * 700 + file,
           "CON", "nul", "-rf", "--help", "*", "$(id)", "`id`", "|id", ";id", "%00", "\x1b[31m", "\x7f", "a:b"]
    out = list(dict.fromkeys(ups + absolute + odd + encoded))[:120]
    check_equal(len(out), 120, "names")
    return out


def payloads():
    """300 texts that would change a statement that they were put into."""
    breaks = ["'", '"', "`", "]", "')", '")', "''", "';", "\\'", "%27", "x'", "0"]
    acts = [" OR 1=1", " OR '1'='1", " OR ''='", " UNION SELECT sql FROM sqlite_master", " UNION ALL SELECT body,1,2 FROM journal",
            "; DROP TABLE journal", "; DELETE FROM pointers", "; UPDATE days SET summarised=0", "; ATTACH '/tmp/x' AS x",
            "; PRAGMA writable_schema=ON", " AND randomblob(1000000000)", "; VACUUM INTO '/tmp/y'", " ORDER BY 99", " LIMIT 0", "||load_extension('x')"]
    ends = ["--", "/*", ";--", "", "\0--", " --\n"]
    out = [text for text in (f"{one}{act}{end}" for (one, act), end in zip(itertools.product(breaks, acts), itertools.cycle(ends)))]
    out += [f"T1{one}{act}--" for one, act in itertools.product(breaks[:6], acts[:12])]
    out += ["?1", ":a", "@a", "$a", "?999", "NULL", "1;2", "1e999", "-1", "0x7fffffffffffffff", "9223372036854775808", "%", "_", "*", "[a-z]",
            "rowid", "_rowid_", "sqlite_master", "main.journal", "CAST(1 AS TEXT)", "(SELECT 1)", "x'41'", "\u2019 OR 1=1", "\uff07 OR 1=1"]
    out += [f"{METERS[0]}{text}" for text in out]
    out = list(dict.fromkeys(out))[:300]
    check_equal(len(out), 300, "payloads")
    return out


class Traced:
    """What a process opens, or asks of files by name, by strace."""

    FILES = re.compile(r'"((?:\\.|[^"\\])*)"')
    OPENED = re.compile(r"^\d+ +open\S*\(.* = \d+<([^>]*)>$")

    def __init__(self, context, process=None, command=None):
        self.log = context.fresh("trace")
        self.command = ["strace", "-f", "-y", "-qq", "-s", "5000", "-e", "trace=%file", "-o", str(self.log)]
        try:
            subprocess.run(["strace", "-V"], check=True, capture_output=True)
        except FileNotFoundError as absent:
            raise Skip("strace is absent") from absent
        self.strace = None
        if process is not None:
            self.strace = subprocess.Popen(self.command + ["-p", str(process.pid)], stderr=subprocess.PIPE)
            until(lambda: all("TracerPid:\t0\n" not in (task / "status").read_text() for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()),
                  "it is traced")

    def run(self, *arguments):
        """Exit status of a command that is traced from its begin."""
        done = subprocess.run(self.command + ["--", *map(str, arguments)], check=False, capture_output=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
        return done.returncode

    def end(self):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(LIMIT_S)

    def lines(self):
        return self.log.read_bytes().decode("utf-8", "replace").splitlines()

    def check_within(self, *folders):
        """Nothing by name outside of these folders; and what was opened is in them, however it was called."""
        seen = 0
        for line in self.lines():
            if "(" not in line or "exited" in line or "execve(" in line:
                continue
            called = [name for name in self.FILES.findall(line) if name not in ("", ".")]
            opened = self.OPENED.match(line)
            for name in called + ([opened.group(1)] if opened else []):
                name = os.path.normpath(os.path.join(os.getcwd(), name))
                seen += 1
                check(any(name == str(folder) or name.startswith(f"{folder}/") or (not opened and str(folder).startswith(f"{name}/"))
                          for folder in folders), f"outside: {line[:600]}")
        return seen


# What the C library, the loader and the time zone ask for by themselves.
LIBRARIES = ["/lib", "/usr", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/ssl", "/sys/devices/system/cpu", "/dev/urandom", "/proc/self/statm", "/proc/locks", "/proc/sys",
             "/etc/passwd", "/etc/nsswitch.conf", "/sys/fs/cgroup", "/proc/self/cgroup", "/proc/self/mountinfo", "/lib64", "/var/run/nscd", "/run/nscd"]
LIBRARIES_OF_NODE = [name for name in LIBRARIES if name != "/etc/passwd"]


class Asker:
    """Asks a node, on one connection as long as that stays."""

    def __init__(self, node, who="settlement-1"):
        self.node, self.who, self.connection = node, who, node.connect(who)

    def __call__(self, method, target, body=None, **fields):
        for last in (False, True):
            try:
                self.connection.putrequest(method, target, skip_accept_encoding=True)
                for name, value in fields.items():
                    self.connection.putheader(name.replace("_", "-"), value)
                if body is not None:
                    self.connection.putheader("Content-Length", str(len(body)))
                self.connection.endheaders(body)
                answer = self.connection.getresponse()
                data = answer.read()
                if answer.will_close:
                    self.connection = self.node.connect(self.who)
                return answer.status, data
            except (http.client.HTTPException, ConnectionError):
                check(not last, f"{method} {target[:300]!r} is answered")
                self.connection = self.node.connect(self.who)
        return None


def quick_node(context, estate):
    node = ReadNode(context, estate)
    node.limits = "requests_per_s = 1000000\nrequests_at_once = 1000000\n[alarms]\nlook_s = 0\n"  # nothing changes by itself
    node.start()
    return node


def quoted(text):
    return urllib.parse.quote(text.encode("utf-8", "surrogateescape"), safe="")


def raw(text):
    """As it stands, as far as a line of HTTP can have it."""
    return re.sub(r"[\x00-\x20\x7f-\U0010ffff]", lambda match: quoted(match.group()), text)


def targets(text):
    """Every place of a target that takes an id, a name or a filter."""
    for coded in dict.fromkeys((quoted(text), raw(text))):
        yield f"/v1/topics/{coded}/events"
        yield f"/v1/topics/{coded}/schema"
        yield f"/v1/topics/reading/{coded}"
        yield f"/v1/pointers/{coded}"
        yield f"/v1/extract/{coded}"
        yield f"/{coded}"
    for name in ("after", "from_time", "pointer", "shard", "limit", "wait", text):
        yield f"/v1/topics/reading/events?{quoted(name)}={quoted(text)}"
    for name in ("from", "to", "mpan", "transformer", "format", text):
        yield f"/v1/extract/reading?{quoted(name)}={quoted(text)}"


def ask_all(ask, texts, forbidden):
    """Of each text through each place: no answer but those that are meant, and none that shows what is `forbidden`."""
    found = {}
    for text in texts:
        answers = [(target, ask("GET", target)) for target in targets(text)]
        answers += [(target, ask("PUT", target, json.dumps({"topic": "reading", "position": "-"}).encode(), Content_Type="application/json"))
                    for target in dict.fromkeys((f"/v1/pointers/{quoted(text)}", f"/v1/pointers/{raw(text)}"))]
        for key in ("topic", "position", "earlier"):
            body = {"topic": "reading", "position": "-", **{key: text}}
            answers.append((f"PUT {key}", ask("PUT", "/v1/pointers/mine", json.dumps(body).encode(), Content_Type="application/json")))
        answers.append(("DELETE", ask("DELETE", f"/v1/pointers/{quoted(text)}")))
        if re.fullmatch(r"[ -~]*", text):
            answers.append(("Last-Event-ID", ask("GET", "/v1/topics/reading/events?limit=1", Last_Event_ID=text)))
        for where, (status, data) in answers:
            check(status in (200, 201, 204, 400, 404, 405, 409, 413, 431), f"{where[:200]} of {text[:100]!r}: {status} {data[:200]}")
            for words in forbidden:
                check(words in text or words not in data.decode("utf-8", "replace"), f"{where[:200]} of {text[:100]!r} shows {words}: {data[:300]}")
            found[status] = found.get(status, 0) + 1
    return found


def filled_node(context, more_estate=None):
    estate = more_estate or small_estate(context.folder / "estate", METERS)
    node = quick_node(context, estate)
    node.bring("reads.csv", READS.encode())
    until(lambda: node.names("done") == ["reads.csv"], "the file is read")
    return node


def t22_names_over_https_open_nothing_outside(context):
    """120 names through every place that takes one, while it is written down what the node opens."""
    outside = context.folder / "outside.csv"
    outside.write_text(CANARY)
    node = filled_node(context)
    trace = Traced(context, node.process)
    found = ask_all(Asker(node), names(outside), [CANARY, "root:x:"])
    trace.end()
    check(found.get(400, 0) > 500 and found.get(404, 0) > 500, f"most of it is refused: {found}")
    check(trace.check_within(node.folder, context.folder / "estate", *LIBRARIES_OF_NODE) > 0, "something was written down")
    check_equal(outside.read_text(), CANARY, "what is outside")
    node.end()


def t22_names_in_a_watched_folder_open_nothing_outside(context):
    """Files with each of 120 names that a file can have; links to what is outside, to devices and to folders; pipes."""
    outside = context.folder / "outside.csv"
    outside.write_text(READS + CANARY + "\n")
    (context.folder / "elsewhere").mkdir()
    (context.folder / "elsewhere" / "reads.csv").write_text(READS + CANARY + "\n")
    node = quick_node(context, small_estate(context.folder / "estate", METERS))
    trace = Traced(context, node.process)
    for number, target in enumerate((outside, context.folder / "elsewhere", "/dev/zero", "/dev/stdin", "/etc/passwd", "../../outside.csv", "/proc/self/environ")):
        (node.inbox / f"link{number}.csv").symlink_to(target)
        (node.inbox / "reading" / f"1-link{number}.csv").symlink_to(target)
    os.mkfifo(node.inbox / "pipe.csv")
    (node.inbox / "folder.csv").mkdir()
    plain = [name for name in dict.fromkeys(name.replace("/", "_") for name in names(outside)) if name not in (".", "..", "") and "\0" not in name
             and len(name.encode()) <= 255 and not name.startswith(".")]
    check(len(plain) > 50, f"names that files can have: {len(plain)}")
    for number, name in enumerate(plain):
        aside = node.folder / f"aside{number}"
        aside.write_text(READS if number % 2 else "no readings\n")
        os.rename(os.fsencode(aside), os.fsencode(node.inbox) + b"/" + os.fsencode(name))
    put_away = lambda: [file for part in ("done", "failed") for file in os.listdir(node.inbox / part) if not file.endswith(".why")]  # noqa: E731
    until(lambda: node.process.poll() is not None or len(put_away()) == len(plain), "each is read and put away")
    check(node.process.poll() is None, "the node goes on")
    node.bring("last.csv", READS.encode())
    until(lambda: any(name.endswith("-last.csv") for name in put_away()), "the node goes on")
    trace.end()
    trace.check_within(node.folder, context.folder / "estate", *LIBRARIES_OF_NODE)
    left = sorted(file.name for file in node.inbox.iterdir() if file.name not in ("done", "failed", "reading"))
    check_equal(left, sorted([f"link{number}.csv" for number in range(7)] + ["pipe.csv", "folder.csv"]), "what is no file stays")
    told = node.end()
    check(all(isinstance(one, dict) for one in told), "what the node tells is lines of its own")
    rows = context.program.rows("readings", node.store)
    check_equal(len(rows), 48 * len(METERS), "what was read")
    check(CANARY not in context.program.run("export", "rejects", "--store", node.store).decode("utf-8", "replace"), "nothing of what is outside")


def t22_names_in_files_and_options_open_nothing_outside(context):
    """Transformers and feeders that are called so, and commands that take a name."""
    outside = context.folder / "outside.csv"
    outside.write_text(CANARY)
    program = context.program
    usable = [name for name in names(outside) if name.strip() == name != "" and not re.search(r"[\x00\n\r,\"\x1b\x7f\t]", name) and len(name) <= 100]
    check(len(usable) > 80, f"names that a transformer may have: {len(usable)}")
    estate = write_estate(context.folder / "estate", [{"transformer_id": name, "rating_kva": "500", "gsp_group": "_C"} for name in usable],
                          [{"transformer_id": name, "feeder_id": name} for name in usable],
                          [{"mpan": mpan(100_000_000_000 + number), "transformer_id": name, "feeder_id": name} for number, name in enumerate(usable)])
    reads, store = context.folder / "reads.csv", context.folder / "store"
    reads.write_text(READS)
    outs = context.folder / "outs"
    outs.mkdir()
    folders = [context.folder / "estate", store, reads, context.folder / "pki", outs, *LIBRARIES]
    binary = program.path

    def traced(*arguments):
        trace = Traced(context)
        status = trace.run(binary, *arguments)
        trace.check_within(*folders)
        for line in trace.lines():
            check(outside.name not in line.split(" = ")[0] or "execve(" in line, f"what is outside is asked for: {line[:300]}")
        trace.log.unlink()
        return status

    check_equal(traced("replay", "--estate", estate, "--reads", reads, "--store", store), 0, "a replay of an estate whose names lead elsewhere")
    for kind in ("readings", "feeder-load", "transformer-load", "gaps", "lateness"):
        check_equal(traced("export", kind, "--store", store, "--out", outs / "out"), 0, f"export {kind}")
    check_equal(traced("settle", "--store", store, "--run", "II", "--date", "2026-03-01", "--as-of", "2026-06-01T00:00:00Z", "--out", outs / "settled"),
                0, "a settlement")
    program.run("pki", "init", "--out", context.folder / "pki")
    for name in names(outside):
        if "\0" in name or name.startswith("-"):
            continue
        check_equal(traced("pki", "revoke", "--dir", context.folder / "pki", name), 2, f"pki revoke {name[:80]!r}")
        check_equal(traced("tail", name, "--store", store), 2, f"tail {name[:80]!r}")
        check(traced("export", "readings", "--store", store, "--transformer", name, "--out", outs / "out") in (0, 2), f"export of {name[:80]!r}")
    check_equal(outside.read_text(), CANARY, "what is outside")


def content_of(store):
    """Every table of a store's files as it stands, by a hash."""
    out = {}
    for file in sorted(store.glob("*.db")):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            database.text_factory = bytes
            tables = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            out[file.name] = {"schema": database.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()[0]}
            for table in tables:
                out[file.name][table] = hashlib.sha256(repr(sorted(database.execute(f"SELECT * FROM {table}"), key=repr)).encode()).hexdigest()
    return out


SQL_WORDS = ["syntax error", "SQL", "no such", "sqlite", "unrecognized token", "near \"", "constraint", "database", "CREATE TABLE"]


def t23_payloads_over_https_change_nothing(context):
    """300 payloads through every place that takes a text: no answer tells of SQL, filters find nothing, tables stand as they stood."""
    node = filled_node(context)
    ask = Asker(node)
    check_equal(ask("PUT", "/v1/pointers/kept", json.dumps({"topic": "reading", "position": "-"}).encode())[0], 201, "a pointer")
    pointers = lambda: {one["name"] for one in map(json.loads, ask("GET", "/v1/pointers")[1].splitlines())}  # noqa: E731
    before = content_of(node.store)
    del before["pointers.db"]
    texts = payloads()
    ask_all(ask, texts, SQL_WORDS)
    for text in texts:
        for name in ("mpan", "transformer"):
            status, data = ask("GET", f"/v1/extract/reading?{name}={quoted(text)}")
            check(status == 400 or (status == 200 and data == b""), f"{name}={text!r} finds nothing: {status} {data[:200]}")
    after = content_of(node.store)
    del after["pointers.db"]
    check_equal(after, before, "every table")
    plain = {text for text in texts if re.fullmatch(r"[a-z0-9.-]{1,64}", text)} | {"kept", "mine"}
    check("kept" in pointers() and pointers() <= plain, f"pointers: {pointers()}")
    check_equal({one["name"] for one in map(json.loads, Asker(node, "flexibility-1")("GET", "/v1/pointers")[1].splitlines())}, set(), "another's pointers")
    node.end()


def t23_payloads_in_files_and_options_change_nothing(context):
    """300 payloads as MPANs and other columns of a file, as names of transformers, and as what commands ask for."""
    program, texts = context.program, payloads()
    estate, store = small_estate(context.folder / "estate", METERS), context.folder / "store"
    reads = context.folder / "reads.csv"
    quote = lambda text: '"' + text.replace('"', '""') + '"'  # noqa: E731
    lines = [text for text in texts if not re.search(r"[\0\n\r]", text)]
    reads.write_text(READS + "".join(f"{quote(text)},{quote(text)},0.1\n{METERS[0]},2026-03-02T00:30:00Z,{quote(text)}\n" for text in lines))
    counts = program.replay(estate, reads, store)
    check_equal(counts["accepted"], 48 * len(METERS), "what is good")
    rejects = program.rows("rejects", store)
    check(len(rejects) >= 2 * len(lines), f"each is kept: {len(rejects)} of {2 * len(lines)}")
    before, digest = content_of(store), program.run("digest", "--store", store)
    whole = program.run("export", "readings", "--store", store)
    header = whole.splitlines()[0]
    for number, text in enumerate(texts):
        if "\0" in text:
            continue
        asked = [("export", "readings", f"--transformer={text}"), ("export", "readings", f"--mpan={text}"),
                 ("export", "readings", "--transformer=T1", f"--feeder={text}"), ("explain", f"--mpan={text}", "--period=2026-03-01T00:30:00Z"),
                 ("explain", f"--twin={text}"), ("deadletters", "drop", "--all", f"--mpan={text}"), ("twins", "unpark", "--by", "x", "--", text),
                 ("export", "rejects", f"--from={text}"), ("tail", "reading", f"--from={text}"), ("explain", f"--mpan={METERS[0]}", f"--quantity={text}",
                                                                                               "--period=2026-03-01T00:30:00Z")]
        # Each through three of them in turn, and all through each of the first three.
        for arguments in (asked[number % 3], asked[3 + number % 7]):
            done = program.try_run(*arguments, "--store", store)
            check(done.status in (0, 1, 2), f"{arguments}: {done.describe()}")
            told = (done.out + done.err).decode("utf-8", "replace")
            check(not any(words in told for words in ("syntax error", "no such table", "no such column", "unrecognized token", "near \"")),
                  f"{arguments} tells of SQL: {done.describe()}")
            if arguments[:2] == ("export", "readings") and done.status == 0:
                check_equal(done.out.splitlines(), [header], f"{arguments} finds nothing")
    check_equal(program.run("digest", "--store", store), digest, "the digest")
    after = content_of(store)
    changed = [table for table in before["gridtwin.db"] if before["gridtwin.db"][table] != after["gridtwin.db"].get(table)]
    check(set(changed) <= {"audit", "journal", "runs"}, f"tables that changed: {changed}")


if __name__ == "__main__":
    harness.main(__doc__, [t22_names_over_https_open_nothing_outside, t22_names_in_a_watched_folder_open_nothing_outside,
                           t22_names_in_files_and_options_open_nothing_outside, t23_payloads_over_https_change_nothing,
                           t23_payloads_in_files_and_options_change_nothing])
