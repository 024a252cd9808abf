#!/usr/bin/env python3
"""Measures the built program against its peers, in turn and in one run, and prints the README's table of speed and memory.

    compare.py --program build/release/gridtwin [--peers ../shared/peers] [--work FOLDER] [--runs 5] [--full] [--out FILE.json]

Every ratio is between medians of runs that alternate with each other, so that what else the machine does meets both. A peer
that cannot be run (no Erlang, no DuckDB) is named as not measured. --full adds 100 million rows and 31 million twins; it
takes 15 GB of disk, 17 GB of memory and half an hour.
"""

import argparse
import json
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

METERS = 1_000_000
METERS_A_FEEDER = 50
METERS_A_TRANSFORMER = 200
ROUNDS = 11
PEER_METERS = 200_000  # of the file that both batch jobs read
HALF_HOURS = 48
WEIGHTS = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43]
PROFILE = 'meter = "mpan"\ntime = "period_start"\ntime_format = "iso8601"\nlabel = "period-start"\nvalue = "kwh"\nunit = "kWh"\n'


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command, cwd=None):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, cwd=cwd).stdout


def median(values):
    return statistics.median(values)


def millions(value):
    return f"{value / 1e6:.1f} M" if value >= 1e6 else f"{value / 1e6:.2f} M"


# -- the peers -------------------------------------------------------------------------------------------------------------


class Peers:
    """What can be run of them here."""

    def __init__(self, folder, work):
        self.work = work
        self.erlang = self.build_erlang(folder / "erlang")
        self.reads, self.duckdb = self.build_duckdb(folder / "duckdb")

    def build_erlang(self, folder):
        if not folder.is_dir() or not shutil.which("erlc"):
            return False
        run("erlc", "-o", self.work, *sorted(folder.glob("*.erl")))
        return True

    def build_duckdb(self, folder):
        writer = folder / "reads_csv.c"
        if not writer.is_file():
            return None, None
        reads = self.work / "reads.csv"
        if not reads.is_file():
            run("cc", "-O2", writer, "-o", self.work / "reads_csv")
            with open(reads, "w") as out:
                subprocess.run([self.work / "reads_csv", str(PEER_METERS)], check=True, stdout=out)
        if not shutil.which("npm"):
            return reads, None
        if not (self.work / "node_modules/@duckdb/node-api").is_dir():
            done = subprocess.run(["npm", "install", "@duckdb/node-api"], cwd=self.work, capture_output=True)
            if done.returncode != 0:
                return reads, None
        shutil.copyfile(folder / "batch_peer.mjs", self.work / "batch_peer.mjs")  # beside its modules
        return reads, self.work / "batch_peer.mjs"

    def rounds(self, module, group):
        """Readings a second of each round."""
        out = run("erl", "+P", "5000000", "-noshell", "-pa", self.work, "-run", module, "main", METERS, group, ROUNDS)
        rates = [float(line.split()[3]) * 1e6 for line in out.splitlines() if line.startswith("round")]
        bytes_each = [int(line.split()[1]) for line in out.splitlines() if line.startswith("rss")]
        return median(rates), bytes_each[0] if bytes_each else None

    def batch(self):
        out = run("node", self.duckdb, self.reads, self.work / "peer.duckdb")
        return float(out.split(" s = ")[1].split()[0]) * 1e6


# -- the program -----------------------------------------------------------------------------------------------------------


class Program:
    def __init__(self, path, work):
        self.path = path
        self.work = work

    def bench_twins(self, **options):
        arguments = [part for name, value in options.items() for part in ("--" + name.replace("_", "-"), value)]
        return json.loads(run(self.path, "bench", "twins", "--json", *arguments))

    def replay(self, estate, reads, *options):
        store = self.work / "store"
        shutil.rmtree(store, ignore_errors=True)
        out = json.loads(run(self.path, "replay", "--estate", estate, "--reads", reads, "--store", store, "--json", *options))
        out["store_bytes"] = sum(f.stat().st_size for f in store.iterdir())
        shutil.rmtree(store)
        return out


def peer_estate(folder):
    """The estate of the batch peer's file: meters in order, 50 to a feeder, four feeders to a transformer."""
    folder.mkdir(exist_ok=True)
    feeders_a_transformer = METERS_A_TRANSFORMER // METERS_A_FEEDER
    with open(folder / "transformers.csv", "w") as t, open(folder / "feeders.csv", "w") as f, open(folder / "meters.csv", "w") as m:
        t.write("transformer_id,rating_kva,gsp_group\n")
        f.write("transformer_id,feeder_id\n")
        m.write("mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation\n")
        for i in range(PEER_METERS):
            feeder = i // METERS_A_FEEDER
            transformer = f"T{feeder // feeders_a_transformer:05d}"
            if i % METERS_A_TRANSFORMER == 0:
                t.write(f"{transformer},500,_C\n")
            if i % METERS_A_FEEDER == 0:
                f.write(f"{transformer},F{feeder % feeders_a_transformer}\n")
            core = f"{120_000_000_000 + i:012d}"
            check = sum(int(digit) * weight for digit, weight in zip(core, WEIGHTS)) % 11 % 10
            m.write(f"{core}{check},{transformer},F{feeder % feeders_a_transformer},ABCD,S,W,T,E\n")


def by_meter(reads, to):
    if not to.is_file():
        with open(to, "w") as out:
            out.write(open(reads).readline())
            out.flush()
            sort = subprocess.Popen(["sort", "-s", "-t,", "-k1,1", "-S2G"], stdin=subprocess.PIPE, stdout=out, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
            subprocess.run(["tail", "-n", "+2", reads], check=True, stdout=sort.stdin)
            sort.stdin.close()
            if sort.wait() != 0:
                raise RuntimeError("sort failed")


# -- what is measured ------------------------------------------------------------------------------------------------------


def measure_twins(program, peers, runs):
    ours, twin_peer, host_peer, peer_bytes = [], [], [], None
    for turn in range(runs):
        say(f"twins, run {turn + 1} of {runs}")
        ours.append(program.bench_twins(meters=METERS, rounds=ROUNDS))
        if peers.erlang:
            rate, peer_bytes = peers.rounds("twin_peer", METERS_A_FEEDER)
            twin_peer.append(rate)
            host_peer.append(peers.rounds("host_peer", METERS_A_TRANSFORMER)[0])
    return {
        "intervals_per_s": median([o["intervals_per_s"] for o in ours]),
        "bytes_per_twin": median([o["bytes_per_twin"] for o in ours]),
        "twin_peer_per_s": median(twin_peer) if twin_peer else None,
        "twin_peer_bytes": peer_bytes,
        "host_peer_per_s": median(host_peer) if host_peer else None,
        "one_thread_per_s": median([program.bench_twins(meters=METERS, rounds=ROUNDS, threads=1)["intervals_per_s"] for _ in range(3)]),
        "handle_per_s": median([program.bench_twins(meters=METERS, rounds=5, path="handle")["intervals_per_s"] for _ in range(3)]),
        "export_bytes_per_twin": json.loads(run(program.path, "bench", "memory", "--export", "--json"))["bytes_per_twin"],
    }


def measure_replay(program, peers, runs, work):
    estate, profile = work / "peer_estate", work / "peer.toml"
    peer_estate(estate)
    profile.write_text(PROFILE)
    sorted_reads = work / "reads_by_meter.csv"
    by_meter(peers.reads, sorted_reads)
    by_time, ordered, duckdb = [], [], []
    for turn in range(runs):
        say(f"replay, run {turn + 1} of {runs}")
        by_time.append(program.replay(estate, peers.reads, "--format", profile))
        if peers.duckdb:
            duckdb.append(peers.batch())
        ordered.append(program.replay(estate, sorted_reads, "--format", profile))
    if len({o["digest"] for o in by_time + ordered}) != 1 or by_time[0]["accepted"] != PEER_METERS * HALF_HOURS:
        raise SystemExit("the runs do not agree with each other")
    one = [program.replay(estate, peers.reads, "--format", profile, "--threads", 1)["readings_per_s"] for _ in range(3)]
    return {
        "readings_per_s": median([o["readings_per_s"] for o in by_time]),
        "by_meter_per_s": median([o["readings_per_s"] for o in ordered]),
        "duckdb_per_s": median(duckdb) if duckdb else None,
        "one_thread_per_s": median(one),
        "peak_rss_bytes": max(o["peak_rss_bytes"] for o in by_time + ordered),
        "bytes_a_reading": by_time[0]["store_bytes"] / by_time[0]["accepted"],
    }


def measure_growth(program, runs, work, full):
    """Rows of 20,000 simulated meters, by time and by meter: 1, 10 and, in full, 100 million. Sizes take turns, so that
    what else the machine does for a while meets all of them."""
    estate = work / "growth_estate"
    run(program.path, "sim", "estate", "--meters", 20_000, "--out", estate)
    out = []
    for order in ("time", "meter"):
        results = {days: [] for days in ((1, 10, 101) if full else (1, 10))}
        reads = {days: work / f"growth_{days}.csv" for days in results}
        for days, file in reads.items():
            run(program.path, "sim", "reads", "--estate", estate, "--from", "2025-01-01", "--days", days, "--order", order, "--out", file)
        for turn in range(runs):
            for days, file in reads.items():
                if days < 100 or turn < 3:
                    say(f"growth, {days} days by {order}, run {turn + 1}")
                    results[days].append(program.replay(estate, file))
        for days, file in reads.items():
            file.unlink()
            found = results[days]
            out.append({"order": order, "rows": found[0]["readings"], "readings_per_s": median([r["readings_per_s"] for r in found]),
                        "elapsed_s": median([r["elapsed_s"] for r in found]),
                        "peak_rss_bytes": max(r["peak_rss_bytes"] for r in found)})
    return out


def measure_country(program):
    say("31 million twins")
    return program.bench_twins(meters=31_000_000, rounds=5)


# -- the table -------------------------------------------------------------------------------------------------------------


def ratio(ours, theirs):
    return f"{ours / theirs:.3g} times" if theirs else "not measured"


def table(found):
    twins, replay = found["twins"], found.get("replay")
    rows = [("half hours through 1,000,000 twins", f"{millions(twins['intervals_per_s'])} a second; one by one to their handles {millions(twins['handle_per_s'])}")]
    rows.append(("... against an Erlang process a meter", ratio(twins["intervals_per_s"], twins["twin_peer_per_s"])))
    rows.append(("... against an Erlang process a transformer", ratio(twins["intervals_per_s"], twins["host_peer_per_s"])))
    rows.append(("... with 2 threads against 1", ratio(twins["intervals_per_s"], twins["one_thread_per_s"])))
    rows.append(("memory of a twin with its open day, all told", f"{twins['bytes_per_twin']:.0f} bytes, {twins['export_bytes_per_twin']} with export"
                 + (f"; an Erlang process {twins['twin_peer_bytes']}" if twins["twin_peer_bytes"] else "")))
    if "country" in found:
        country = found["country"]
        rows.append(("31,000,000 twins", f"a half hour for all in {country['round_s']} s, {country['bytes_per_twin'] * 31e6 / 2**30:.1f} GiB"))
    if replay:
        rows.append(("replay of 9.6 M rows by time, 200,000 meters, durable", f"{millions(replay['readings_per_s'])} readings a second"))
        rows.append(("... against the same in DuckDB", ratio(replay["readings_per_s"], replay["duckdb_per_s"])))
        rows.append(("... the file ordered by meter", f"{millions(replay['by_meter_per_s'])} readings a second"))
        rows.append(("... with 2 threads against 1", ratio(replay["readings_per_s"], replay["one_thread_per_s"])))
        rows.append(("... size on disk, journal and day store", f"{replay['bytes_a_reading']:.1f} bytes a reading"))
    for g in found["growth"]:
        rows.append((f"replay of {g['rows'] / 1e6:.1f} M rows by {g['order']}, 20,000 meters", f"{millions(g['readings_per_s'])} readings a second, {g['peak_rss_bytes'] / 1e6:.0f} MB"))
    return "| | |\n|---|---|\n" + "".join(f"| {what} | {figure} |\n" for what, figure in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[3] / "shared/peers")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/compare"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    program = Program(options.program.resolve(), work)
    peers = Peers(options.peers.resolve(), work)
    found = {"machine": f"{platform.machine()}, {subprocess.run(['nproc'], capture_output=True, text=True).stdout.strip()} cores",
             "twins": measure_twins(program, peers, options.runs)}
    if peers.reads:
        found["replay"] = measure_replay(program, peers, options.runs, work)
    found["growth"] = measure_growth(program, options.runs, work, options.full)
    if options.full:
        found["country"] = measure_country(program)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found), end="")


if __name__ == "__main__":
    main()
