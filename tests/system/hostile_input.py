#!/usr/bin/env python3
"""Input made to exhaust stack or memory is refused, or read within bounds; it ends no process."""

import sqlite3
import zlib

import harness
from harness import check, check_equal, mpan, small_estate, utc_text, write_csv
from supervised import check_counters, check_no_marker

METERS = [mpan(100_000_000_000 + number) for number in range(20)]
HEADER = "mpan,period_end,kwh"
ROOM = 400 << 20  # far above what a small run takes, far below what is claimed


def good_lines(count=48):
    return "".join(f"{meter},{utc_text(1_772_323_200 + 1800 * number)},0.1\n" for number in range(1, count + 1) for meter in METERS)


def refuse(program, what, *arguments):
    done = program.try_run(*arguments)
    check(done.status in (1, 2), f"{what}: refused, not dead: {done.describe()}")
    check(len(done.err.splitlines()) > 0 and len(done.err.splitlines()[0]) < 2000, f"{what}: says so in a line: {done.describe()}")
    return done


def v9_deep_nesting(context):
    """Settings of 200,000 levels: no parser recurses over them."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    reads = context.folder / "reads.csv"
    reads.write_text(HEADER + "\n" + good_lines())
    store = context.fresh("store")
    check_counters(program.replay(estate, reads, store))
    depth = 200_000
    texts = {"arrays": "null = " + "[" * depth + "]" * depth, "open arrays": "null = " + "[" * depth,
             "tables": "x = " + "{a=" * depth + "1" + "}" * depth, "keys": "a." * depth + "a = 1", "headers": "[" + "a." * depth + "a]"}
    for name, text in texts.items():
        file = context.folder / "deep.toml"
        file.write_text(text + "\n")
        replay = ["replay", "--estate", estate, "--reads", reads, "--store", store]
        refuse(program, f"profile, {name}", *replay, "--format", file)
        refuse(program, f"rules, {name}", *replay, "--rules", file)
        refuse(program, f"settings, {name}", "deadline", "--store", store, "--settings", file)
    check_no_marker(store, "after what was refused")


def v9_long_lines_and_compressed_bombs(context):
    """A line of 200 MB, and 500 MB in half a megabyte of gzip: one refused reading each, in bounded memory."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    plain = context.folder / "long.csv"
    with open(plain, "w", encoding="ascii") as out:
        out.write(HEADER + "\n" + good_lines(24))
        for _ in range(200):
            out.write("9" * (1 << 20))
        out.write("\n" + good_lines())
    found = program.replay(estate, plain, context.fresh("plain"))
    check_equal((found["accepted"], found["rejected"].get("unparseable")), (48 * len(METERS), 1), "what was read of the long line's file")
    check(found["peak_rss_bytes"] < ROOM, f"memory of a long line: {found['peak_rss_bytes']}")
    check_counters(found)
    bomb = context.folder / "bomb.csv.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with open(bomb, "wb") as out:
        out.write(packer.compress((HEADER + "\n" + good_lines(24)).encode()))
        for _ in range(500):
            out.write(packer.compress(b"," * (1 << 20)))
        out.write(packer.compress(("\n" + good_lines()).encode()) + packer.flush())
    check(bomb.stat().st_size < 2 << 20, "the bomb is small")
    found = program.replay(estate, bomb, context.fresh("bomb"))
    check_equal((found["accepted"], found["rejected"].get("unparseable")), (48 * len(METERS), 1), "what was read of the bomb")
    check(found["peak_rss_bytes"] < ROOM, f"memory of a bomb: {found['peak_rss_bytes']}")
    check_counters(found)


def v9_wide_headers_and_huge_fields(context):
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    reads = context.folder / "reads.csv"
    reads.write_text(",".join(f"c{number}" for number in range(300_000)) + "\n" + good_lines())
    refuse(program, "a header of 300,000 columns", "replay", "--estate", estate, "--reads", reads, "--store", context.fresh("wide"))
    reads.write_text(HEADER + "\n" + "".join(f"{METERS[0]},2026-03-01T00:30:00Z,{digit * 100_000}\n" for digit in "19") + good_lines())
    found = program.replay(estate, reads, context.fresh("huge"))
    check_equal(found["accepted"], 48 * len(METERS), "good readings behind numbers of 100,000 digits")
    check_counters(found)
    big = small_estate(context.folder / "big", METERS)
    with open(big / "meters.csv", "a", encoding="ascii") as out:
        out.write('"' + "x" * (30 << 20) + "\n")
    refuse(program, "an estate with a quote of 30 MB", "replay", "--estate", big, "--reads", reads, "--store", context.fresh("big_store"))


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def v9_lengths_of_four_gigabytes(context):
    """A damaged store that claims what it does not hold."""
    program, estate = context.program, small_estate(context.folder / "estate", METERS)
    reads = write_csv(context.folder / "reads.csv", HEADER, [line.split(",") for line in good_lines().splitlines()])
    size = 1 << 32
    frame = b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + b"\x01\x00\x00"  # zstd: 4 GiB said, one empty block held
    for name, body in (("claims of the packer", b"\x01" + varint(size) + frame), ("of its frame alone", b"\x01" + varint(1000) + frame),
                       ("of a text within", b"\x00" + varint(size) * 20), ("nothing", b"")):
        for table, column in (("fragments", "body"), ("days", "loads"), ("summaries", "nodes"), ("summaries", "masks"),
                              ("transformers", "slots"), ("estate_texts", "body"), ("shape_parts", "body"), ("journal", "body")):
            store = context.fresh("store")
            program.replay(estate, reads, store)
            database = sqlite3.connect(store / "gridtwin.db")
            with database:
                changed = database.execute(f"UPDATE {table} SET {column} = ?", (body,)).rowcount
            database.close()
            check(changed > 0, f"{table} has rows")
            for command in (["export", "readings"], ["export", "feeder-load"], ["export", "gaps"], ["export", "rejects"], ["digest"],
                            ["explain", "--mpan", METERS[0], "--period", "2026-03-01T00:30:00Z"], ["export", "load-shapes"]):
                done = program.try_run(*command, "--store", store)
                check(done.status in (0, 1, 2), f"{name} in {table}.{column}: {done.describe()}")


if __name__ == "__main__":
    harness.main(__doc__, [v9_deep_nesting, v9_long_lines_and_compressed_bombs, v9_wide_headers_and_huge_fields,
                           v9_lengths_of_four_gigabytes])
