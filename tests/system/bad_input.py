#!/usr/bin/env python3
"""Whatever is wrong, the program says so on its first line of standard error, with the right exit status and nothing on standard
output, and the store stays whole: a good replay afterwards gives the digest of a fresh store."""

import gzip
import os
import re
import resource
import signal
import subprocess

import harness
from harness import Skip, check, check_equal, mpan, small_estate, utc_text, write_csv, write_estate

USAGE = 2   # wrong usage or unreadable input
FAILED = 1  # failed while running
NOBODY = 65534
ONE, TWO = mpan(100_000_000_001), mpan(100_000_000_002)


def good_reads(path, meters=(ONE, TWO), count=96):
    return write_csv(path, "mpan,period_end,kwh",
                     [(meter, utc_text(1_772_323_200 + 1800 * number), f"0.{number:03}")
                      for number in range(1, count + 1) for meter in meters])


class World:
    """A small good estate with good readings, and the digest that they give."""

    def __init__(self, context):
        self.context, self.program = context, context.program
        self.estate = small_estate(context.folder / "estate", [ONE, TWO])
        self.reads = good_reads(context.folder / "good.csv")
        self.digest = self.program.replay(self.estate, self.reads, context.fresh("fresh"))["digest"]

    def replay_arguments(self, store, estate=None, reads=None, more=()):
        reads = self.reads if reads is None else reads
        return ["replay", "--estate", estate or self.estate, "--reads", *(reads if isinstance(reads, list) else [reads]),
                "--store", store, *more, "--json"]

    def expect_refusal(self, what, arguments, mentions, status=(USAGE,), **options):
        """The command fails as it should, and says where to look."""
        done = self.program.try_run(*arguments, **options)
        check(done.status in status, f"{what}: expected exit {status}: {done.describe()}")
        check_equal(done.out, b"", f"{what}: standard output of {done.describe()}")
        lines = done.err.decode(errors="replace").splitlines()
        check(lines and len(lines[0].strip()) > 10, f"{what}: the first line of standard error helps: {done.describe()}")
        text = lines[0]
        check(any(str(mention).lower() in text.lower() for mention in mentions),
              f"{what}: the first line of standard error names one of {list(map(str, mentions))}: {done.describe()}")
        return done

    def expect_whole(self, store, what):
        """What was refused left nothing behind that matters."""
        summary = self.program.replay(self.estate, self.reads, store)
        check_equal(summary["digest"], self.digest, f"{what}: digest of the good readings afterwards")
        self.program.verify(store)


# -- estates ---------------------------------------------------------------------------------------------------------------

STATION = {"transformer_id": "T1", "rating_kva": "500", "gsp_group": "_C"}
LINE = {"transformer_id": "T1", "feeder_id": "F1"}


def broken_estates(context):
    world = World(context)
    ok = {"mpan": ONE, **LINE}
    wrong_digit = ONE[:-1] + str((int(ONE[-1]) + 1) % 10)
    cases = {
        "wrong check digit": ([STATION], [LINE], [{**ok, "mpan": wrong_digit}], "meters.csv"),
        "no MPAN": ([STATION], [LINE], [{**ok, "mpan": ""}], "meters.csv"),
        "letters for an MPAN": ([STATION], [LINE], [{**ok, "mpan": "12345678901ab"}], "meters.csv"),
        "a meter of no transformer": ([STATION], [LINE], [{**ok, "transformer_id": "T9"}], "meters.csv"),
        "a meter of no feeder": ([STATION], [LINE], [{**ok, "feeder_id": "F9"}], "meters.csv"),
        "a feeder of no transformer": ([STATION], [LINE, {**LINE, "transformer_id": "T9"}], [ok], "feeders.csv"),
        "a transformer twice": ([STATION, STATION], [LINE], [ok], "transformers.csv"),
        "a feeder twice": ([STATION], [LINE, LINE], [ok], "feeders.csv"),
        "a meter twice": ([STATION], [LINE], [ok, ok], "meters.csv"),
        "ranges that overlap": ([STATION], [LINE], [
            {**ok, "effective_from": "2026-01-01T00:00:00Z", "effective_to": "2026-02-01T00:30:00Z"},
            {**ok, "effective_from": "2026-02-01T00:00:00Z", "effective_to": ""}], "meters.csv"),
        "a range that ends before it begins": ([STATION], [LINE], [
            {**ok, "effective_from": "2026-02-01T00:00:00Z", "effective_to": "2026-01-01T00:00:00Z"}], "meters.csv"),
        "an instant that is none": ([STATION], [LINE], [{**ok, "effective_from": "yesterday"}], "meters.csv"),
        "unknown market segment": ([STATION], [LINE], [{**ok, "market_segment": "X"}], "meters.csv"),
        "unknown connection type": ([STATION], [LINE], [{**ok, "connection_type": "X"}], "meters.csv"),
        "unknown domestic flag": ([STATION], [LINE], [{**ok, "domestic": "maybe"}], "meters.csv"),
        "unknown energisation": ([STATION], [LINE], [{**ok, "energisation": "X"}], "meters.csv"),
        "unknown quantity": ([STATION], [LINE], [{**ok, "quantities": "AI|ZZ"}], "meters.csv"),
        "unknown GSP group": ([{**STATION, "gsp_group": "_Z"}], [LINE], [ok], "transformers.csv"),
        "a rating that is none": ([{**STATION, "rating_kva": "big"}], [LINE], [ok], "transformers.csv"),
        "a rating of nothing": ([{**STATION, "rating_kva": "0"}], [LINE], [ok], "transformers.csv"),
        "a power factor above one": ([{**STATION, "power_factor": "1.1"}], [LINE], [ok], "transformers.csv"),
        "one source id for two meters": ([STATION], [LINE], [{**ok, "source_id": "A"}, {**ok, "mpan": TWO, "source_id": "A"}],
                                         "meters.csv"),
    }
    store, problems = context.folder / "store", []
    for what, (stations, lines, meters, file) in cases.items():
        folder = write_estate(context.fresh("broken"), stations, lines, meters)
        try:
            done = world.expect_refusal(what, world.replay_arguments(store, estate=folder), [file, folder.name])
            check(re.search(rf"{re.escape(file)}\S*[:, ]+(line )?\d+", done.err.decode()), f"{what}: file and line: {done.describe()}")
        except harness.Failure as failure:
            problems.append(str(failure))
    many = write_estate(context.fresh("broken"), [STATION], [LINE],
                        [{**ok, "mpan": mpan(200_000_000_000 + number), "feeder_id": "F9"} for number in range(30)])
    try:
        done = world.expect_refusal("thirty faults", world.replay_arguments(store, estate=many), ["30"])
        shown = len(re.findall(r"meters\.csv", done.err.decode()))
        check(20 <= shown <= 21, f"the first 20 of thirty faults are shown: {done.describe()}")
    except harness.Failure as failure:
        problems.append(str(failure))
    for name in ("transformers.csv", "feeders.csv", "meters.csv"):
        folder = small_estate(context.fresh("broken"), [ONE])
        (folder / name).unlink()
        try:
            world.expect_refusal(f"no {name}", world.replay_arguments(store, estate=folder), [name])
        except harness.Failure as failure:
            problems.append(str(failure))
    try:
        world.expect_refusal("no estate", world.replay_arguments(store, estate=context.folder / "nowhere"), ["nowhere"])
        folder = small_estate(context.fresh("broken"), [ONE])
        text = (folder / "meters.csv").read_text().replace("supplier_mpid", "something")
        (folder / "meters.csv").write_text(text)
        done = world.expect_refusal("a column is missing", world.replay_arguments(store, estate=folder), [folder.name, "meters.csv"])
        check(b"supplier_mpid" in done.err, f"the missing column is named: {done.describe()}")
    except harness.Failure as failure:
        problems.append(str(failure))
    check(not problems, "\n".join(problems))
    world.expect_whole(store, "after broken estates")


# -- readings and profiles -------------------------------------------------------------------------------------------------

def unreadable_readings(context):
    world, folder = World(context), context.folder
    data = good_reads(folder / "more.csv", count=5000).read_bytes()
    files = {
        "missing column": ("columns.csv", b"mpan,kwh\n" + f"{ONE},1\n".encode()),
        "empty file": ("empty.csv", b""),
        "compressed file that is cut": ("cut.csv.gz", gzip.compress(data)[: len(gzip.compress(data)) // 2]),
        "compressed file with a wrong byte": ("wrong.csv.gz", flip(gzip.compress(data))),
        "compressed file with nothing after its header": ("head.csv.gz", gzip.compress(data)[:10]),
        "binary file": ("binary.csv", bytes(range(256)) * 64),
        "empty compressed file": ("empty.csv.gz", gzip.compress(b"")),
    }
    problems = []
    for what, (name, content) in files.items():
        (folder / name).write_bytes(content)
        store = context.fresh("store")
        try:
            world.expect_refusal(what, world.replay_arguments(store, reads=folder / name), [name])
            world.expect_whole(store, what)
        except harness.Failure as failure:
            problems.append(str(failure))
    (folder / "nothing").mkdir()
    store = context.fresh("store")
    for what, reads, mention in (("folder with nothing", folder / "nothing", "nothing"), ("no such file", folder / "absent.csv", "absent.csv"),
                                 ("good file, then none", [world.reads, folder / "absent.csv"], "absent.csv")):
        try:
            world.expect_refusal(what, world.replay_arguments(store, reads=reads), [mention])
            world.expect_whole(store, what)
        except harness.Failure as failure:
            problems.append(str(failure))
    check(not problems, "\n".join(problems))


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1:]


def unusable_profiles(context):
    world = World(context)
    base = 'meter = "mpan"\ntime = "period_end"\ntime_format = "iso8601"\nlabel = "period-end"\nvalue = "kwh"\nunit = "kWh"\n'
    cases = {
        "unknown key": (base + 'colour = "red"\n', ["colour", "p.toml"]),
        "unknown unit": (base.replace("kWh", "furlong"), ["furlong", "unit"]),
        "unknown label": (base.replace("period-end", "middle"), ["middle", "label"]),
        "unknown zone": (base + 'zone = "Europe/Atlantis"\n', ["Atlantis", "zone"]),
        "unknown layout": (base + 'layout = "spiral"\n', ["spiral", "layout"]),
        "unknown quantity": (base + 'quantity = "ZZ"\n', ["ZZ", "quantity"]),
        "wrong type": (base + "delimiter = 7\n", ["delimiter"]),
        "delimiter of two characters": (base + 'delimiter = "ab"\n', ["delimiter"]),
        "no TOML": ("this is = = not\n", ["p.toml"]),
        "empty profile": ("", ["p.toml", "time", "value"]),
        "columns of a long layout": (base + 'columns = ["a"]\n', ["columns"]),
    }
    store, problems = context.folder / "store", []
    for what, (text, mentions) in cases.items():
        (context.folder / "p.toml").write_text(text)
        try:
            world.expect_refusal(what, world.replay_arguments(store, more=["--format", context.folder / "p.toml"]), mentions)
        except harness.Failure as failure:
            problems.append(str(failure))
    for what, name, mention in (("unknown format", "nosuch", "nosuch"), ("absent profile", context.folder / "absent.toml", "absent.toml")):
        try:
            world.expect_refusal(what, world.replay_arguments(store, more=["--format", name]), [mention])
        except harness.Failure as failure:
            problems.append(str(failure))
    check(not problems, "\n".join(problems))
    world.expect_whole(store, "after unusable profiles")


def wrong_usage(context):
    world, store = World(context), context.folder / "store"
    world.expect_whole(store, "a good store")
    problems = []
    for what, arguments, mentions in (
            ("no estate given", ["replay", "--reads", world.reads, "--store", store, "--json"], ["estate"]),
            ("unknown option", world.replay_arguments(store, more=["--frobnicate"]), ["frobnicate"]),
            ("unknown option, and where options stand", world.replay_arguments(store, more=["--frobnicate"]), ["gridtwin replay --help"]),
            ("unknown command", ["frobnicate"], ["frobnicate"]),
            ("no alarm given", ["alarms", "ack", "--store", store], ["gridtwin alarms ack --help"]),
            ("unknown kind of export", ["export", "nosuch", "--store", store], ["nosuch"]),
            ("instant that is none", ["export", "readings", "--store", store, "--from", "soon"], ["from", "soon"]),
            ("date that is none", ["digest", "--store", store, "--date", "2026-02-30"], ["date", "2026-02-30"]),
            ("number of threads that is none", world.replay_arguments(store, more=["--threads", "-1"]), ["threads"]),
            ("version that is none", world.replay_arguments(store, more=["--version", "0"]), ["version"]),
            ("MPAN that is none", ["explain", "--store", store, "--mpan", "123", "--period", "2026-03-01T00:30:00Z"], ["mpan", "123"]),
            ("period that is none", ["explain", "--store", store, "--mpan", ONE, "--period", "2026-03-01T00:17:00Z"],
             ["period", "00:17"]),
            ("faults that are none", ["sim", "reads", "--estate", world.estate, "--from", "2026-03-01", "--days", "1", "--seed", "1",
                                      "--out", context.folder / "x.csv", "--faults", "nosuch=1"], ["nosuch"])):
        if what != "unknown command" and not world.program.has(arguments[0]):
            continue
        try:
            world.expect_refusal(what, arguments, mentions)
        except harness.Failure as failure:
            problems.append(str(failure))
    check(not problems, "\n".join(problems))
    check_equal(world.program.try_run("--help").status, 0, "exit of --help")
    for command in ("replay", "export", "digest", "explain", "prove", "verify-proof", "verify", "settle", "sim", "bench", "run"):
        if not world.program.has(command):
            continue
        done = world.program.try_run(command, "--help")
        check_equal(done.status, 0, f"exit of {command} --help")
        check(b"gridtwin " + command.encode() in done.out, f"an example in {command} --help: {done.out.decode()}")


# -- stores ----------------------------------------------------------------------------------------------------------------

def stores_that_are_none(context):
    world, folder = World(context), context.folder
    problems = []
    (folder / "empty").mkdir()
    foreign = folder / "foreign"
    foreign.write_text("This is a letter, no store.\n" * 100)
    for command in (["export", "readings"], ["export", "gaps"], ["digest"], ["verify"],
                    ["explain", "--mpan", ONE, "--period", "2026-03-01T00:30:00Z"],
                    ["prove", "--mpan", ONE, "--period", "2026-03-01T00:30:00Z"]):
        if not world.program.has(command[0]):
            continue
        for what in ("absent", "empty", "foreign"):
            try:
                world.expect_refusal(f"{what} store for {command[0]}", [*command, "--store", folder / what], [what],
                                     status=(USAGE, FAILED))
            except harness.Failure as failure:
                problems.append(str(failure))
    check(not (folder / "absent").exists(), "reading from an absent store made one")
    try:
        world.expect_refusal("foreign file as a store", world.replay_arguments(foreign), ["foreign"], status=(USAGE, FAILED))
    except harness.Failure as failure:
        problems.append(str(failure))
    check_equal(foreign.read_text(), "This is a letter, no store.\n" * 100, "the foreign file afterwards")

    # A store whose file was overwritten by something else.
    store = context.fresh("store")
    world.program.replay(world.estate, world.reads, store)
    for file in [store] if store.is_file() else sorted(file for file in store.rglob("*") if file.is_file()):
        file.write_bytes(b"no database " * 1000)
    for command in (["export", "readings"], ["digest"]):
        try:
            world.expect_refusal(f"overwritten store for {command[0]}", [*command, "--store", store], [store.name],
                                 status=(USAGE, FAILED))
        except harness.Failure as failure:
            problems.append(str(failure))
    check(not problems, "\n".join(problems))


def as_somebody_else(context):
    """No permission to read, or to write the store."""
    world, folder = World(context), context.folder
    options = {}
    if os.geteuid() == 0:
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            subprocess.run([world.program.path, "--help"], check=True, capture_output=True, **options)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Skip("another user cannot run the program from where it is, and root may read everything") from error
    place = folder / "place"
    place.mkdir()
    place.chmod(0o777)
    secret = good_reads(folder / "secret.csv")
    secret.chmod(0)
    world.expect_refusal("readings that may not be read", world.replay_arguments(place / "store", reads=secret), ["secret.csv"],
                         status=(USAGE,), **options)
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    world.expect_refusal("store that may not be written", world.replay_arguments(closed / "store"), ["closed"],
                         status=(USAGE, FAILED), **options)
    hidden = small_estate(folder / "hidden", [ONE])
    (hidden / "meters.csv").chmod(0)
    world.expect_refusal("estate that may not be read", world.replay_arguments(place / "store", estate=hidden), ["meters.csv"],
                         status=(USAGE,), **options)
    for file in (secret, hidden / "meters.csv", closed):
        file.chmod(0o755)


def big_world(context, meters=300, days=3):
    """Enough readings that a replay can be interrupted."""
    estate, reads = context.folder / "big", context.folder / "big.csv"
    context.program.run("sim", "estate", "--meters", meters, "--out", estate, "--seed", 3)
    context.program.run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", days, "--seed", 3, "--out", reads,
                        "--faults", "all")
    return estate, reads, context.program.replay(estate, reads, context.fresh("fresh"))


def full_disk(context):
    estate, reads, whole = big_world(context, meters=1000)
    program = context.program
    mount = context.folder / "disk"
    mount.mkdir()
    small = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "gridtwin", mount], capture_output=True,
                                                 check=False).returncode == 0
    try:
        arguments = ["replay", "--estate", estate, "--reads", reads, "--store", mount / "store", "--json"]
        if small:
            done = program.try_run(*arguments)
        else:
            # Without a file system of its own: files may not grow beyond a megabyte.
            done = program.try_run(*arguments, restore_signals=False,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))
        check_equal(done.status, FAILED, f"exit on a full disk: {done.describe()}")
        check_equal(done.out, b"", "standard output on a full disk")
        first = done.err.decode(errors="replace").splitlines()[:1]
        check(first and re.search(r"disk|space|store|full|write", first[0]), f"the first line helps: {done.describe()}")
        if small:
            subprocess.run(["mount", "-o", "remount,size=512m", mount], check=True)
        summary = program.replay(estate, reads, mount / "store")
        check_equal(summary["digest"], whole["digest"], "digest once there is room")
        program.verify(mount / "store")
        if small:
            done = program.try_run("sim", "reads", "--estate", estate, "--from", "2026-03-01", "--days", "1", "--seed", "1",
                                   "--out", "/dev/full")
            check(done.status != 0, f"sim reads to a full device: {done.describe()}")
            with open("/dev/full", "wb") as full:
                done = program.try_run("export", "readings", "--store", mount / "store", stdout=full)
            check_equal(done.status, FAILED, f"exit of an export to a full device: {done.describe()}")
    finally:
        if small:
            subprocess.run(["umount", mount], check=True)


def two_at_once(context):
    """Two replays on one store: the second waits or is refused, and nothing is lost."""
    estate, reads, whole = big_world(context, meters=1000)
    program, store = context.program, context.folder / "store"
    arguments = ["replay", "--estate", estate, "--reads", reads, "--store", store, "--json"]
    processes = [program.start(*arguments) for _ in range(2)]
    statuses = []
    for process in processes:
        out, err = process.communicate(timeout=harness.RUN_LIMIT_S)
        statuses.append(process.returncode)
        if process.returncode != 0:
            check(process.returncode in (FAILED, USAGE), f"exit {process.returncode}: {err.decode()}")
            check_equal(out, b"", "standard output of the refused one")
            first = err.decode().splitlines()[0]
            check("store" in first, f"the refusal says what holds it: {err.decode()}")
    check(0 in statuses, f"neither of two replays was done: {statuses}")
    summary = program.replay(estate, reads, store)
    check_equal((summary["accepted"], summary["digest"]), (0, whole["digest"]), "accepted and digest afterwards")
    program.verify(store)


def interrupted(context):
    """Ctrl-C: ends soon with exit 1, and what was done stays done."""
    estate, reads, whole = big_world(context, meters=2000)
    program = context.program
    for signalled in (signal.SIGINT, signal.SIGTERM):
        store = context.fresh("store")
        process = program.start("replay", "--estate", estate, "--reads", reads, "--store", store, "--json")
        while process.poll() is None and not store.exists():
            try:
                process.wait(timeout=0.001)
            except subprocess.TimeoutExpired:
                pass
        process.send_signal(signalled)
        out, err = process.communicate(timeout=60)
        check_equal(process.returncode, FAILED, f"exit after {signalled.name}: {err.decode()}")
        check_equal(out, b"", f"standard output after {signalled.name}")
        check(err.strip(), f"it says that it was interrupted by {signalled.name}")
        check_equal(program.replay(estate, reads, store)["digest"], whole["digest"], f"digest after {signalled.name}")
        program.verify(store)


if __name__ == "__main__":
    harness.main(__doc__, [broken_estates, unreadable_readings, unusable_profiles, wrong_usage, stores_that_are_none,
                           as_somebody_else, full_disk, two_at_once, interrupted])
