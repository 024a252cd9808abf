#!/usr/bin/env python3
"""One twin of a hundred crashes at random, replay after replay, for a time that is given: everybody else is to the byte what he
would have been. A round is a store of its own and a seed of its own, counted up from one that is printed; its days come one
after the other, and a transformer and a decoder end in each of them, too."""

import random
import time

import harness
from harness import check, check_equal
from supervised import (DATA_FAULTS, World, check_counters, check_no_marker, check_others, check_same, everything, letters_of, lines_of,
                        twins_of)

METERS, DAYS = 2000, 4


def days_of(world):
    """A file for each day."""
    files = []
    for day in range(1, DAYS + 1):
        file = world.context.fresh("day").with_suffix(".csv")
        world.program.run("sim", "reads", "--estate", world.estate, "--from", f"2026-03-{day:02}", "--days", 1, "--seed", day,
                          "--order", "time", "--out", file, "--faults", DATA_FAULTS)
        files.append(file)
    return files


def play_days(world, files, seed):
    """(store, sums of what was counted) of the days under this seed's faults."""
    chance, store, sums = random.Random(seed), world.context.fresh("store"), {"thrown": 0, "restarts": 0, "parked": 0}
    for file in files:
        faults = (f"seed={seed},sick_ppm=10000,crash_group=1,crash_transformer={chance.randrange(4)},crash_times={chance.randint(1, 3)},"
                  f"crash_block={chance.randrange(4)},crash_block_times={chance.randint(1, 3)}")
        summary, thrown = world.planted.play(faults, world.estate, file, store, "--threads", chance.randint(1, 4))
        told = summary["supervision"]
        check_equal(told["restarts"]["threw"] + told["parked"], thrown, f"each throw is a restart or parks its twin, {faults}")
        check(told["restarts"]["transformers"] > 0 and told["restarts"]["decoders"] > 0, f"a part of each kind ended, {faults}: {told}")
        check_no_marker(store, faults)
        sums = {"thrown": sums["thrown"] + thrown, "restarts": sums["restarts"] + told["restarts"]["threw"],
                "parked": sums["parked"] + told["parked"]}
    return store, sums


def v1_v2_one_percent_of_twins_crash_at_random(context):
    world, program = World(context, meters=METERS, days=1), context.program
    files, plain = days_of(world), context.fresh("undisturbed")
    for file in files:
        check_counters(program.replay(world.estate, file, plain))
    expected = everything(program, plain)
    end = time.monotonic() + context.options.seconds
    harness.say(f"seeds from {context.options.seed} on")
    rounds, total, seed = 0, {}, context.options.seed
    while rounds == 0 or time.monotonic() < end:
        what = f"seed {seed}"
        store, sums = play_days(world, files, seed)
        twins = twins_of(program, store)
        sick = {twin["mpan"] for twin in twins if twin["restarts"] or twin["state"] == "parked"}
        check(METERS // 400 <= len(sick) <= METERS // 40, f"{len(sick)} twins of {METERS} crashed, {what}")
        check_equal(sum(twin["state"] == "parked" for twin in twins), sums["parked"], f"parked twins, {what}")
        check({letter["mpan"] for letter in letters_of(program, store)} <= sick, f"letters are of those, {what}")
        check_others(world.estate, everything(program, store), expected, sick)
        for twin in twins:
            if twin["state"] == "parked":
                program.run("twins", "unpark", twin["mpan"], "--store", store)
        lines_of(program.run("deadletters", "replay", "--all", "--store", store, "--json"))
        check_equal(letters_of(program, store), [], f"what still waits, {what}")
        check_same(everything(program, store), expected, f"after all letters were played, {what}", places=False)
        rounds, seed = rounds + 1, seed + 1
        total = {name: total.get(name, 0) + count for name, count in sums.items()}
    harness.say(f"{rounds} rounds of {DAYS} replays: {total['thrown']} crashes, {total['restarts']} restarts, {total['parked']} parked twins")


def arguments_of(parser):
    parser.add_argument("--seconds", type=float, default=0, help="time after which no round begins; at least one is played")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")


if __name__ == "__main__":
    harness.main(__doc__, [v1_v2_one_percent_of_twins_crash_at_random], arguments_of)
