"""What the system tests share: running the built program, writing estates and readings, reading what it exports. Standard
library only, and nothing of the program's own code: what is expected is worked out here a second time."""

import argparse
import csv
import datetime
import fcntl
import io
import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import termios
import traceback

SKIPPED = 77
RUN_LIMIT_S = 900
WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


class Failure(Exception):
    """A test's expectation that did not hold."""


class Skip(Exception):
    """What the test needs is not here."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def check_equal(found, expected, what):
    if found != expected:
        raise Failure(f"{what}\n  expected {shorten(expected)}\n  found    {shorten(found)}")


def shorten(value, limit=1500):
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def check_same_bytes(found, expected, what):
    """Names the first line in which two texts differ."""
    if found == expected:
        return
    mine, other = found.splitlines(), expected.splitlines()
    for number, (left, right) in enumerate(zip(mine, other), 1):
        if left != right:
            raise Failure(f"{what}: line {number}\n  expected {right!r}\n  found    {left!r}")
    raise Failure(f"{what}: {len(other)} lines expected, {len(mine)} found, or another line end")


def mpan(number):
    """The MPAN of the first twelve digits."""
    digits = f"{number:012d}"
    return digits + str(sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits)) % 11 % 10)


def utc(text):
    """`2026-03-01T00:30:00Z`, or a bare date, as a number of seconds."""
    if len(text) == len("2026-03-01"):
        text += "T00:00:00Z"
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


def utc_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_csv(path, header, rows):
    """Header and rows, as a text or as tuples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def read_csv(data):
    """Rows as dictionaries, of a path or of bytes."""
    text = data.decode() if isinstance(data, bytes) else pathlib.Path(data).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


METER = {"supplier_mpid": "SUPP", "market_segment": "S", "connection_type": "W", "domestic": "T", "energisation": "E"}


def write_estate(folder, transformers, feeders, meters):
    """Dictionaries of columns; what a meter does not name is an ordinary household's."""
    def write(name, rows):
        columns = []
        for row in rows:
            columns += [column for column in row if column not in columns]
        write_csv(folder / name, ",".join(columns), [[row.get(column, "") for column in columns] for row in rows])

    write("transformers.csv", transformers)
    write("feeders.csv", feeders)
    write("meters.csv", [{**METER, **row} for row in meters])
    return folder


def small_estate(folder, meters, **more):
    """One transformer with one feeder and these MPANs."""
    return write_estate(folder, [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}],
                        [{"transformer_id": "T1", "feeder_id": "F1"}],
                        [{"mpan": one, "transformer_id": "T1", "feeder_id": "F1", **more} for one in meters])


def london_households(context, feeders=1):
    """(estate, folder of readings) of the 59 households of Low Carbon London, the year 2013, in the format `lcl-kaggle`."""
    archive = context.shared("data/lcl-2013-59-households/lcl-2013.tar.gz")
    reads = context.folder / "reads"
    reads.mkdir()
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            if member.isfile() and member.name.endswith(".csv"):
                (reads / member.name.rsplit("/", 1)[-1]).write_bytes(packed.extractfile(member).read())
    names = sorted(file.stem for file in reads.iterdir())
    check_equal(len(names), 59, "households")
    estate = write_estate(context.folder / "estate", [{"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}],
                          [{"transformer_id": "T1", "feeder_id": f"F{number}"} for number in range(feeders)],
                          [{"mpan": mpan(300_000_000_000 + number), "transformer_id": "T1", "feeder_id": f"F{number % feeders}",
                            "source_id": name} for number, name in enumerate(names)])
    return estate, reads


def total(count):
    """A count, or the sum of one that is told by code."""
    return sum(count.values()) if isinstance(count, dict) else count


class Done:
    """A run that has ended."""

    def __init__(self, arguments, status, out, err, usage=None):
        self.arguments, self.status, self.out, self.err, self.usage = arguments, status, out, err, usage

    def describe(self):
        return f"{' '.join(map(str, self.arguments))}\n  exit {self.status}\n  stderr: {self.err.decode(errors='replace')[:2000]}"


class Program:
    def __init__(self, path):
        self.path = str(pathlib.Path(path).resolve())

    def is_sanitized(self):
        """Built with the sanitizers: what memory it takes says nothing."""
        return b"__asan_init" in pathlib.Path(self.path).read_bytes()

    def start(self, *arguments, **options):
        return subprocess.Popen([self.path, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                stdout=options.pop("stdout", subprocess.PIPE), stderr=options.pop("stderr", subprocess.PIPE),
                                **options)

    def try_run(self, *arguments, **options):
        """Runs it to its end, whatever the end."""
        process = self.start(*arguments, **options)
        try:
            out, err = process.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired as limit:
            process.kill()
            process.communicate()
            raise Failure(f"did not end within {RUN_LIMIT_S} s: {arguments}") from limit
        return Done(["gridtwin", *arguments], process.returncode, out, err)

    def run(self, *arguments, **options):
        """Runs it and expects exit 0; its standard output."""
        done = self.try_run(*arguments, **options)
        check(done.status == 0, f"expected exit 0: {done.describe()}")
        return done.out

    def replay(self, estate, reads, store, *more, **options):
        """The JSON of a replay, with what always holds of it checked."""
        reads = reads if isinstance(reads, (list, tuple)) else [reads]
        return self.summary_of(self.run("replay", "--estate", estate, "--reads", *reads, "--store", store, *more, "--json", **options))

    @staticmethod
    def summary_of(out):
        """What a replay printed, checked."""
        try:
            summary = json.loads(out)
        except json.JSONDecodeError as error:
            raise Failure(f"replay --json did not print one JSON object ({error}): {shorten(out)}") from error
        for name in ("readings", "accepted", "duplicates", "conflicts", "quarantined", "rejected", "rounded",
                     "ambiguous_local_times", "energy_wh", "elapsed_s", "readings_per_s", "peak_rss_bytes", "gaps", "gap_periods",
                     "meters", "feeders", "transformers", "days", "digest"):
            check(name in summary, f"replay --json lacks `{name}`: {sorted(summary)}")
        counted = sum(total(summary[name]) for name in ("accepted", "duplicates", "conflicts", "quarantined", "rejected"))
        check_equal(counted, summary["readings"], f"every reading is in exactly one count: {summary}")
        return summary

    def export(self, kind, store, *more):
        return self.run("export", kind, "--store", store, *more)

    def rows(self, kind, store, *more):
        return read_csv(self.export(kind, store, *more))

    def has(self, command, option=""):
        """Whether the program has a command, with an option, by its own help."""
        done = self.try_run(*([command] if option else []), "--help")
        return done.status == 0 and (option or f"  {command} ") in done.out.decode()

    def verify(self, store):
        """Checks the store's own checks, where the program has them."""
        if self.has("verify"):
            self.run("verify", "--store", store)

    def digests(self, store):
        return self.run("digest", "--store", store, "--json")


class Context:
    """What a test is given: the program, a folder of its own, the shared data."""

    def __init__(self, options, folder):
        self.options, self.program, self.folder = options, Program(options.program), folder
        self.count = 0

    def shared(self, path):
        """A file of the shared data, or the test is skipped."""
        file = pathlib.Path(self.options.shared, path)
        if not file.exists():
            raise Skip(f"{path} of the shared data is absent")
        return file

    def fresh(self, name):
        """A path that does not exist yet."""
        self.count += 1
        return self.folder / f"{name}-{self.count}"


WRITTEN_AT_ONCE = 1 << 18  # bytes that the program gathers before it writes; a pipe holds fewer


class PausedExport:
    """An export of cohort checks into a pipe that nobody reads, stopped in the middle of its rows."""

    def __init__(self, context, store, *options):
        pipe = context.fresh("pipe")
        os.mkfifo(pipe)
        self.end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # so that it can be opened for writing
        room = fcntl.fcntl(self.end, fcntl.F_GETPIPE_SZ)
        self.process = context.program.start("export", "cohort-checks", "--store", store, "--out", pipe, *options)
        while self.waiting() < room:  # it has begun to write, and cannot go on
            check(self.process.poll() is None, "the export has ended: its rows fit in the pipe")
            os.sched_yield()
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        os.close(self.end)

    def waiting(self):
        return struct.unpack("i", fcntl.ioctl(self.end, termios.FIONREAD, struct.pack("i", 0)))[0]

    def state(self):
        return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def go_on(self):
        """What it had still to write, and what waited in the pipe."""
        os.set_blocking(self.end, True)
        self.process.send_signal(signal.SIGCONT)
        out = []
        while self.process.poll() is None or self.waiting():
            if self.waiting():
                out.append(os.read(self.end, 1 << 20))
            else:
                os.sched_yield()
        check_equal(self.process.returncode, 0, "exit status of the export that was paused")
        return b"".join(out)


def say(text):
    print(text, flush=True)


def main(description, tests, add_arguments=None):
    """Runs the functions of a test file in turn, each in a folder of its own, and says how each went."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--list", action="store_true", help="name the tests of this file, and no more")
    parser.add_argument("--program", help="the built gridtwin")
    parser.add_argument("--shared", default="../shared", help="folder of the shared data")
    parser.add_argument("--only", help="run only the test of this name")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder of what fails")
    if add_arguments:
        add_arguments(parser)
    options = parser.parse_args()
    if options.list:
        say("\n".join(test.__name__ for test in tests))
        return
    if not options.program:
        parser.error("--program is required")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    failed, skipped, ran = 0, [], 0
    for test in tests:
        if options.only and options.only != test.__name__:
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"gridtwin-{test.__name__}-")).resolve()
        folder.chmod(0o755)
        try:
            test(Context(options, folder))
            ran += 1
            say(f"passed: {test.__name__}")
        except Skip as reason:
            skipped.append(f"{test.__name__}: {reason}")
            say(f"{test.__name__} is not run: {reason}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            say(f"FAILED: {test.__name__}: {error}")
            if not isinstance(error, Failure):
                traceback.print_exc(file=sys.stdout)
            if options.keep:
                say(f"  kept: {folder}")
                continue
        shutil.rmtree(folder, ignore_errors=True)
    if failed:
        sys.exit(1)
    if skipped and not ran:
        say(f"skipped: {'; '.join(skipped)}")
        sys.exit(SKIPPED)
    sys.exit(0 if ran else 1)
