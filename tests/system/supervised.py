"""What the tests of supervision share: the program with planted faults beside the plain one, all that a store shows, and what
it keeps of failures."""

import json
import os
import pathlib
import re
import sqlite3

from harness import Failure, Program, Skip, check, check_equal, check_same_bytes, read_csv

KINDS = ("readings", "feeder-load", "transformer-load", "quarantined-loads", "lv-feeder", "gaps", "load-shapes", "register-check",
         "lateness", "cohort-checks", "rejects")
DATA_FAULTS = ("gap=0.02,duplicate=0.05,conflict=0.02,correction=0.03,off-grid=0.01,null=0.01,negative=0.01,too-large=0.01,"
               "unknown-meter=0.01,shuffled=0.1,outage=0.01")
HEADER = "mpan,period_end,kwh"


def everything(program, store, names=("digest", *KINDS)):
    """All exports and the digest, by name."""
    return {name: program.digests(store) if name == "digest" else program.export(name, store) for name in names}


def check_same(found, expected, what, places=True):
    """Without `places` not those columns of refused lines that name source and line: of equal lines the first one counts."""
    for name, text in expected.items():
        if name == "rejects" and not places:
            found_rows, text = (b"\n".join(sorted(line.split(b",", 2)[2] for line in rows.splitlines()))
                                for rows in (found[name], text))
            check_same_bytes(found_rows, text, f"rejects without source and line, {what}")
        else:
            check_same_bytes(found[name], text, f"{name}, {what}")


def of_others(text, meters, column):
    """Lines of a CSV that are of none of these meters."""
    return b"\n".join(line for line in text.splitlines() if line.split(b",")[column].decode() not in meters)


def check_loads(feeder_of, found, expected, sick):
    """Feeders' loads lack what sick meters were not judged on, and nothing else."""
    def by_feeder(text):
        return {(row["transformer_id"], row["feeder_id"], row["period_end"]): (int(row["import_wh"]), int(row["export_wh"]))
                for row in read_csv(text)}

    lacking = {}
    held = {line for line in found["readings"].splitlines() if line.split(b",")[0].decode() in sick}
    for row in read_csv(expected["readings"]):
        key = (row["mpan"], row["quantity"], row["period_end"])
        if row["mpan"] in sick:
            lacking[key] = int(row["wh"])
    for line in held:
        mpan, quantity, end, wh = line.decode().split(",")[:4]
        lacking[mpan, quantity, end] = lacking.get((mpan, quantity, end), 0) - int(wh)
    loads = by_feeder(expected["feeder-load"])
    for (mpan, quantity, end), wh in lacking.items():
        at = (*feeder_of[mpan], end)
        here = list(loads.get(at, (0, 0)))
        here[0 if quantity == "AI" else 1] -= wh
        loads[at] = tuple(here)
    found_loads = by_feeder(found["feeder-load"])
    for at, sums in loads.items():
        check_equal(found_loads.get(at, (0, 0)), sums, f"load of {at}")
    check(found_loads.keys() <= loads.keys(), "loads of half hours that have none")


def check_others(estate, found, expected, sick):
    """Exports are what they would have been but for these meters: of others to the byte, feeders' loads but for what theirs lack."""
    for kind, column in (("readings", 0), ("gaps", 0), ("lateness", 0), ("rejects", 2)):
        check_same_bytes(of_others(found[kind], sick, column), of_others(expected[kind], sick, column), f"{kind} of the others")
    check_loads({row["mpan"]: (row["transformer_id"], row["feeder_id"]) for row in read_csv(estate / "meters.csv")}, found, expected,
                sick)


def lines_of(out):
    """JSON objects, one a line."""
    return [json.loads(line) for line in out.splitlines()]


def letters_of(program, store, *more):
    return lines_of(program.run("deadletters", "list", "--store", store, "--json", *more))


def twins_of(program, store):
    return lines_of(program.run("twins", "list", "--store", store, "--json"))


def table(store, query):
    """Rows of a store's own tables."""
    with sqlite3.connect(f"file:{pathlib.Path(store, 'gridtwin.db')}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def suspects(store):
    return table(store, "SELECT source, line, item, deaths FROM suspects ORDER BY source, line, item")


def acts(store):
    return table(store, "SELECT act, subject, who, detail FROM audit ORDER BY id")


def check_no_marker(store, what):
    check(not pathlib.Path(store, "in-flight").exists(), f"a marker of what is in hand is left, {what}")


COUNTERS = {"twin-restarts-threw": ("restarts", "threw"), "twin-restarts-killed": ("restarts", "killed"),
            "transformer-restarts": ("restarts", "transformers"), "decoder-restarts": ("restarts", "decoders"),
            "twins-parked": ("parked",), "escalations": ("escalations",), "dead-letters-settled": ("dead_letters_settled",),
            "dead-letters-threw": ("dead_letters", "threw"), "dead-letters-process-died": ("dead_letters", "process-died"),
            "dead-letters-twin-parked": ("dead_letters", "twin-parked")}


def printed_counters(summary):
    """A summary's counters of supervision under the names that the store gives them; those of 0 are left out, as there."""
    out = {}
    for name, path in COUNTERS.items():
        value = summary["supervision"]
        for step in path:
            value = value[step]
        if value:
            out[name] = value
    return out


def kept_counters(store):
    """By run."""
    out = {}
    for run, name, value in table(store, "SELECT run, name, value FROM run_counters ORDER BY run, name"):
        out.setdefault(run, {})[name] = value
    return out


def check_counters(summary, **expected):
    """Of `restarts`, `killed`, `transformers`, `decoders`, `parked`, `escalations`, `threw`, `process_died`, `twin_parked`, `settled`:
    what is not named is 0."""
    told = summary["supervision"]
    found = {"restarts": told["restarts"]["threw"], "killed": told["restarts"]["killed"],
             "transformers": told["restarts"]["transformers"], "decoders": told["restarts"]["decoders"], "parked": told["parked"],
             "escalations": told["escalations"],
             "threw": told["dead_letters"]["threw"], "process_died": told["dead_letters"]["process-died"],
             "twin_parked": told["dead_letters"]["twin-parked"], "settled": told["dead_letters_settled"]}
    check_equal({name: value for name, value in found.items() if value}, {name: value for name, value in expected.items() if value},
                "counters of supervision")


class Planted(Program):
    """The program whose twins and transformers fail as GRIDTWIN_FAULTS says."""

    def __init__(self, context):
        path = pathlib.Path(context.program.path).with_name("gridtwin_planted")
        if not path.exists():
            raise Skip(f"{path.name} is not built")
        super().__init__(path)

    def attempt(self, faults, *arguments):
        return self.try_run(*arguments, env={**os.environ, "GRIDTWIN_FAULTS": faults})

    def start_with(self, faults, *arguments):
        return self.start(*arguments, env={**os.environ, "GRIDTWIN_FAULTS": faults})

    def play(self, faults, estate, reads, store, *more):
        """(summary, exceptions that twins threw) of a replay that comes to its end."""
        done = self.attempt(faults, *replay_arguments(estate, reads, store, *more))
        check(done.status == 0, f"expected exit 0: {done.describe()}")
        thrown = re.search(r"^planted: (\d+) throws of twins$", done.err.decode(), re.M)
        if thrown is None:
            raise Failure(f"no faults were planted: {done.describe()}")
        return self.summary_of(done.out), int(thrown[1])


def replay_arguments(estate, reads, store, *more):
    return ["replay", "--estate", estate, "--reads", reads, "--store", store, "--json", *more]


class World:
    """A simulated estate and readings of it."""

    def __init__(self, context, meters, days, faults="", order="time"):
        self.context, self.program, self.planted = context, context.program, Planted(context)
        self.estate, self.days = context.folder / "estate", days
        self.program.run("sim", "estate", "--meters", meters, "--out", self.estate, "--seed", 11)
        self.reads = self.write_reads(faults, order)

    def write_reads(self, faults, order):
        file = self.context.fresh("reads").with_suffix(".csv")
        self.program.run("sim", "reads", "--estate", self.estate, "--from", "2026-03-01", "--days", self.days, "--seed", 11,
                         "--order", order, "--out", file, *(["--faults", faults] if faults else []))
        return file

    def undisturbed(self, reads=None):
        """(summary, all that its store shows) of one plain run."""
        store = self.context.fresh("undisturbed")
        summary = self.program.replay(self.estate, reads or self.reads, store)
        check_counters(summary)
        return summary, everything(self.program, store)

    def lines(self):
        """The readings' file: header, and its other lines."""
        header, *lines = self.reads.read_text().splitlines()
        return header, lines

    def write_lines(self, header, lines, name="changed"):
        file = self.context.fresh(name).with_suffix(".csv")
        file.write_text("\n".join([header, *lines]) + "\n")
        return file


def with_kwh(header, line, kwh):
    cells = line.split(",")
    cells[header.split(",").index("kwh")] = kwh
    return ",".join(cells)
