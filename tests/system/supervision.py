#!/usr/bin/env python3
"""What fails in a twin or a transformer stays there: the others' results are to the byte what they would have been, what could
not be judged is kept, and is judged when it is played again. Faults are planted in the program gridtwin_planted."""

import gzip
import random

import harness
from harness import check, check_equal
from supervised import (DATA_FAULTS, World, acts, check_counters, check_no_marker, check_others, check_same, everything, kept_counters,
                        letters_of, lines_of, printed_counters, replay_arguments, suspects, table, twins_of, with_kwh)

POISON = "12.345"
POISON_WH = 12_345
PASSING_FAULTS = "gap=0.02,duplicate=0.02,off-grid=0.01,unknown-meter=0.01,shuffled=0.1"  # what is stored stays as it is
BLOCK_BYTES = 1 << 20  # of lines that are decoded at a time


def v1_ten_thousand_throws(context):
    """Whatever throws passes: nothing of it is seen but the counters."""
    world = World(context, meters=2000, days=5, faults=DATA_FAULTS)
    for order in ("time", "meter"):
        reads = world.reads if order == "time" else world.write_reads(DATA_FAULTS, order)
        _, expected = world.undisturbed(reads)
        counts = set()
        for threads in (1, 2, 4):
            store, what = context.fresh("store"), f"by {order}, {threads} threads"
            summary, thrown = world.planted.play("throws_ppm=16000", world.estate, reads, store, "--threads", threads)
            check(thrown >= 10_000, f"only {thrown} throws, {what}")
            check_counters(summary, restarts=thrown)
            check_equal(letters_of(context.program, store, "--state", "all"), [], f"dead letters, {what}")
            check_same(everything(context.program, store), expected, what)
            check_equal(sum(twin["restarts"] for twin in twins_of(context.program, store)), thrown, f"restarts by twin, {what}")
            check_no_marker(store, what)
            counts.add(thrown)
        check_equal(len(counts), 1, f"what is thrown does not depend on threads, by {order}: {counts}")
        harness.say(f"by {order}: {counts} throws")


def v2_sick_twins_are_parked_alone(context):
    world = World(context, meters=2000, days=3, faults=DATA_FAULTS)
    program, store = context.program, context.fresh("store")
    undisturbed, expected = world.undisturbed()
    summary, thrown = world.planted.play("sick_ppm=10000", world.estate, world.reads, store)
    twins = twins_of(program, store)
    sick = {twin["mpan"] for twin in twins}
    parked = sorted(twin["mpan"] for twin in twins if twin["state"] == "parked")
    check(8 <= len(sick) <= 40 and len(parked) > 5, f"{len(parked)} of {len(sick)} sick twins are parked, of 2000")
    letters = letters_of(program, store)
    told = summary["supervision"]
    check_equal(told["parked"], len(parked), "parked twins")
    check_equal(told["restarts"]["threw"] + told["parked"], thrown, "each throw is a restart or parks its twin")
    check_equal(sum(twin["restarts"] for twin in twins), told["restarts"]["threw"], "restarts by twin")
    check_equal(sum(told["dead_letters"].values()), len(letters), "dead letters")
    check({letter["mpan"] for letter in letters} <= sick, "letters are of sick meters")
    check(told["dead_letters"]["threw"] > 0 and told["dead_letters"]["twin-parked"] > 1000, f"both kinds of letters: {told}")
    check_equal(summary["quarantined"] - undisturbed["quarantined"], len(letters), "what waits is counted as quarantined")

    check_others(world.estate, everything(program, store), expected, sick)

    waited = {letter["id"]: (letter["cause"], letter["reason"]) for letter in letters if letter["mpan"] in parked}
    done = program.try_run("deadletters", "replay", "--all", "--store", store, "--json")
    played = lines_of(done.out)[0]
    check_equal((played["parked_twins"], played["waiting"]), (len(parked), len(waited)), "played while their twins are parked")
    check(f"note: the twins of {len(parked)} of these meters are parked" in done.err.decode() and parked[0] in done.err.decode(),
          f"what it says to do: {done.err}")
    check_equal({letter["id"]: (letter["cause"], letter["reason"]) for letter in letters_of(program, store)}, waited,
                "causes and reasons of what waits on")
    check("threw" in {cause for cause, _ in waited.values()}, "some of them threw")
    again = program.replay(world.estate, world.reads, store)  # what is parked waits for an operator, whatever comes again
    check_equal((again["supervision"]["restarts"]["threw"], again["supervision"]["parked"]), (0, 0), "nothing fails any more")
    check_equal(sorted({letter["mpan"] for letter in letters_of(program, store)}), parked, "meters whose readings wait")
    for mpan in parked:
        program.run("twins", "unpark", mpan, "--store", store, "--by", "tester")
    done = program.try_run("deadletters", "replay", "--all", "--store", store, "--json")
    played = lines_of(done.out)[0]
    check_equal((played["waiting"], played["parked_twins"], done.err, letters_of(program, store)), (0, 0, b"", []), "what still waits")
    check_equal([twin["mpan"] for twin in twins_of(program, store) if twin["state"] == "parked"], [], "parked twins afterwards")
    check_same(everything(program, store), expected, "after all letters were played", places=False)
    check_equal(sum(act == "unpark-twin" and who == "tester" for act, _, who, _ in acts(store)), len(parked), "acts of unparking")


class Poisoned:
    """A thousand readings, of as many meters, on which their twins always throw."""

    def __init__(self, context, meters=2000, days=4, poison=1000):
        self.world, self.program = World(context, meters, days), context.program
        header, lines = self.world.lines()
        chance = random.Random(5)
        last = {}
        for number in chance.sample(range(len(lines)), len(lines)):
            last[lines[number].split(",")[0]] = number
        self.places = sorted(chance.sample(sorted(last.values()), poison))
        column = header.split(",").index("kwh")
        check(all(line.split(",")[column] != POISON for line in lines), "no other reading has the value")
        for number in self.places:
            lines[number] = with_kwh(header, lines[number], POISON)
        self.header, self.lines = header, lines
        self.reads = self.world.write_lines(header, lines, "poisoned")
        self.undisturbed, self.expected = self.world.undisturbed(self.reads)
        self.store = context.fresh("store")
        self.summary, self.thrown = self.world.planted.play(f"poison_wh={POISON_WH}", self.world.estate, self.reads, self.store)

    def cells(self, number):
        return dict(zip(self.header.split(","), self.lines[number].split(",")))


def v6_a_poison_reading_is_a_dead_letter(context):
    poisoned = Poisoned(context)
    program, store, count = context.program, poisoned.store, len(poisoned.places)
    check_equal(poisoned.thrown, 3 * count, "three attempts at each")
    check_counters(poisoned.summary, restarts=3 * count, threw=count)
    check_equal(poisoned.summary["accepted"], poisoned.undisturbed["accepted"] - count, "all else is accepted")
    check_equal(poisoned.summary["quarantined"], count, "and they are quarantined")
    letters = {letter["line"]: letter for letter in letters_of(program, store)}
    check_equal(sorted(letters), [number + 2 for number in poisoned.places], "lines of the dead letters")
    pages = lines_of(program.run("deadletters", "show", *(letter["id"] for letter in letters.values()), "--store", store, "--json"))
    check_equal(len(pages), count, "pages")
    for page in pages:
        cells = poisoned.cells(page["line"] - 2)
        expected = {"state": "waiting", "cause": "threw", "attempts": 3, "mpan": cells["mpan"], "quantity": cells["quantity"],
                    "period_end": cells["period_end"], "version": 1, "wh": POISON_WH, "source": poisoned.reads.name, "item": 0,
                    "run": 1, "reason": "planted fault", "body": poisoned.lines[page["line"] - 2]}
        check_equal({name: page.get(name) for name in expected}, expected, f"dead letter {page['id']}")

    listed = program.rows("rejects", store)
    check_equal({(int(row["line"]), row["mpan"], row["period_end"], row["code"], row["detail"]) for row in listed},
                {(line, letter["mpan"], letter["period_end"], "twin-failed", "planted fault") for line, letter in letters.items()},
                "rejects that are exported")
    instant = poisoned.cells(len(poisoned.lines) // 2)["period_end"]
    known = [letter["line"] for letter in letters.values() if letter["period_end"] <= instant]
    check(0 < len(known) < count, "the instant lies among them")
    check_equal(sorted(int(row["line"]) for row in program.rows("rejects", store, "--as-known-at", instant)), sorted(known),
                f"rejects as known at {instant}")
    check_no_marker(store, "after poison")


def v10_dead_letters_are_played_again(context):
    poisoned = Poisoned(context)
    program, store, count = context.program, poisoned.store, len(poisoned.places)
    ids = [letter["id"] for letter in letters_of(program, store)]

    def play(*what):
        return lines_of(program.run("deadletters", "replay", *what, "--store", store, "--json", "--by", "tester", "--why", "mended"))[0]

    still = poisoned.world.planted.attempt(f"poison_wh={POISON_WH}", "deadletters", "replay", ids[0], ids[1], "--store", store, "--json")
    check_equal((still.status, lines_of(still.out)[0]["waiting"]), (0, 2), "played while the fault is there, they wait on")
    check_equal([letter["attempts"] for letter in letters_of(program, store)][:3], [6, 6, 3], "attempts add up")
    first = play("--all")
    check_equal(first, {"letters": count, "accepted": count, "duplicates": 0, "conflicts": 0, "refused": 0, "waiting": 0,
                        "parked_twins": 0}, "played")
    check_same(everything(program, store), poisoned.expected, "after the letters were played")
    check_equal(play("--all")["letters"], 0, "none waits")
    again = play(*ids)
    check_equal((again["accepted"], again["duplicates"], again["waiting"]), (0, count, 0), "played again by their ids")
    check_same(everything(program, store), poisoned.expected, "after the letters were played twice")
    check_equal({letter["state"] for letter in letters_of(program, store, "--state", "all")}, {"settled"}, "states")
    check_equal([(act, who, why) for act, _, who, why in acts(store) if who == "tester"],
                [("replay-letters", "tester", "mended")] * 3, "acts in the store")
    runs = kept_counters(store)
    check_equal(runs[1], printed_counters(poisoned.summary), "counters of the first run")
    check_equal(sum(run.get("dead-letters-settled", 0) for run in runs.values()), count, "letters settled, over all runs")


def v10_letters_of_equal_readings_are_settled_together(context):
    """A line that came twice leaves two letters. Whichever is played, or the file: the reading is judged, and neither waits on."""
    world = World(context, meters=60, days=1)
    program, (header, lines) = context.program, world.lines()
    lines[500] = with_kwh(header, lines[500], POISON)
    reads = world.write_lines(header, [*lines, lines[500]], "twice")
    undisturbed, expected = world.undisturbed(reads)
    for played in ("first", "last", "all", "file"):
        store = context.fresh("store")
        summary, _ = world.planted.play(f"poison_wh={POISON_WH}", world.estate, reads, store)
        check_equal(summary["accepted"], undisturbed["accepted"] - 1, "accepted beside the letters")
        letters = {letter["line"]: letter["id"] for letter in letters_of(program, store)}
        check_equal(sorted(letters), [502, len(lines) + 2], "lines of the letters")
        if played == "file":
            again = program.replay(world.estate, reads, store)
            check_equal((again["accepted"], again["supervision"]["dead_letters_settled"]), (1, 2), "accepted and settled by the file")
        else:
            which = {"first": [letters[502]], "last": [letters[len(lines) + 2]], "all": ["--all"]}[played]
            told = lines_of(program.run("deadletters", "replay", *which, "--store", store, "--json"))[0]
            check_equal((told["accepted"], told["duplicates"], told["waiting"]), (1, played == "all", 0), f"the {played} played")
        check_equal(letters_of(program, store), [], f"letters that wait, the {played} played")
        check_equal(kept_counters(store)[2].get("dead-letters-settled"), 2, f"letters that count as settled, the {played} played")
        check_same(everything(program, store), expected, f"the {played} played", places=False)


def v10_a_dropped_letter_is_kept_and_not_shown(context):
    poisoned = Poisoned(context, meters=100, days=1, poison=20)
    program, store = context.program, poisoned.store
    waiting = [letter["id"] for letter in letters_of(program, store)]
    drop = waiting[:3]
    dropped = lines_of(program.run("deadletters", "drop", *drop, "--store", store, "--json", "--by", "tester", "--why", "void"))[0]
    check_equal(dropped, {"letters": 3, "dropped": 3}, "dropped")
    check_equal([letter["id"] for letter in letters_of(program, store)], waiting[3:], "letters that wait")
    check_equal([letter["id"] for letter in letters_of(program, store, "--state", "dropped")], drop, "letters that are kept")
    check_equal(lines_of(program.run("deadletters", "drop", *drop, "--store", store, "--json"))[0], {"letters": 3, "dropped": 0},
                "dropped twice")
    check_equal([(act, who, why) for act, _, who, why in acts(store)], [("drop-letter", "tester", "void")] * 3, "acts in the store")
    poisoned.world.planted.play(f"poison_wh={POISON_WH}", poisoned.world.estate, poisoned.reads, store)
    check_equal([letter["id"] for letter in letters_of(program, store)], waiting[3:], "one that was dropped stays so when it comes again")
    check_equal(len(program.rows("rejects", store)), len(waiting) - 3, "rejects that are exported")
    unknown = program.try_run("deadletters", "replay", 10_000, "--store", store)
    check_equal((unknown.status, unknown.err.splitlines()[0][:51]), (2, b"gridtwin deadletters: there is no dead letter 10000"), "unknown id")


def v11_a_transformer_that_ends_is_started_again(context):
    """At its first group, in the middle, and when it sums up its days; once and three times."""
    world = World(context, meters=1000, days=14, faults=DATA_FAULTS)
    undisturbed, expected = world.undisturbed()
    check(undisturbed["readings"] > 600_000, "several groups")
    for group, times, transformer, threads in ((1, 1, 0, 2), (2, 3, 1, 1), (2, 1, 2, 4), (2, 3, 0, 2), (0, 1, 1, 2), (0, 3, 2, 1)):
        store = context.fresh("store")
        faults = f"crash_group={group},crash_times={times},crash_transformer={transformer}"
        summary, _ = world.planted.play(faults, world.estate, world.reads, store, "--threads", threads)
        check_equal(summary["supervision"]["restarts"]["transformers"], times, f"restarts of transformers, {faults}")
        check_counters(summary, transformers=times)
        check_equal(kept_counters(store), {1: {"transformer-restarts": times}}, f"counters that are kept, {faults}")
        for name in ("accepted", "duplicates", "conflicts", "quarantined", "rejected", "energy_wh", "gaps", "gap_periods", "digest"):
            check_equal(summary[name], undisturbed[name], f"{name}, {faults}")
        check_same(everything(context.program, store), expected, faults)
        check_no_marker(store, faults)


def v12_what_fails_for_good_ends_the_run(context):
    world = World(context, meters=1000, days=14, faults=DATA_FAULTS)
    undisturbed, expected = world.undisturbed()
    for group in (1, 2, 0):
        store = context.fresh("store")
        done = world.planted.attempt(f"crash_group={group},crash_times=4", *replay_arguments(world.estate, world.reads, store))
        message = done.err.decode().splitlines()[0]
        check_equal((done.status, done.out), (1, b""), f"exit: {done.describe()}")
        check(message.startswith("gridtwin replay: transformer ") and "has ended 4 times in a row: what was committed stays" in message,
              f"message: {message}")
        committed = 0 if not table(store, "SELECT 1 FROM estates") else len(context.program.rows("readings", store))
        check((committed == 0) == (group == 1), f"{committed} half hours are stored after an end at group {group}")
        check_no_marker(store, f"group {group}")
        check_equal(suspects(store), [], f"suspects, group {group}")
        again = context.program.replay(world.estate, world.reads, store)
        check_equal(again["digest"], undisturbed["digest"], f"digest of the next run, group {group}")
        check_same(everything(context.program, store), expected, f"the next run, group {group}")


def v11_a_decoder_that_ends_is_started_again(context):
    """With the first block of lines in hand, one in the middle and the last, plain and packed: these are read again."""
    world = World(context, meters=1000, days=14, faults=DATA_FAULTS)
    undisturbed, expected = world.undisturbed()
    packed = world.reads.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(world.reads.read_bytes(), 1))
    last = world.reads.stat().st_size // BLOCK_BYTES
    check(last > 10, f"only {last} blocks")
    for block, times, reads, threads in ((0, 1, world.reads, 2), (7, 3, world.reads, 1), (9, 2, packed, 4), (last, 3, world.reads, 2)):
        store = context.fresh("store")
        faults = f"crash_block={block},crash_block_times={times}"
        summary, _ = world.planted.play(faults, world.estate, reads, store, "--threads", threads)
        check_counters(summary, decoders=times)
        check_equal(kept_counters(store), {1: {"decoder-restarts": times}}, f"counters that are kept, {faults}")
        for name in ("readings", "accepted", "duplicates", "conflicts", "quarantined", "rejected", "energy_wh", "gaps", "digest"):
            check_equal(summary[name], undisturbed[name], f"{name}, {faults}")
        check_same(everything(context.program, store), expected, faults, places=reads == world.reads)


def v12_a_block_of_lines_that_ends_every_decoder(context):
    """The run ends, with what stands before it in the file; what is behind that waits for a program that is mended."""
    world = World(context, meters=1000, days=14, faults=PASSING_FAULTS)
    undisturbed, expected = world.undisturbed()
    rows = set(expected["readings"].splitlines())
    for block, threads in ((0, 2), (12, 4), (12, 1)):
        store = context.fresh("store")
        done = world.planted.attempt(f"crash_block={block},crash_block_times=4",
                                     *replay_arguments(world.estate, world.reads, store, "--threads", threads))
        check_equal((done.status, done.out), (1, b""), f"exit: {done.describe()}")
        message = done.err.decode().splitlines()[0]
        check(message.startswith(f"gridtwin replay: the decoder of {world.reads} has ended 4 times in a row (")
              and "planted fault of a decoder" in message and message.endswith("what stands before that was taken and stays; report this"),
              f"message: {message}")
        check_equal(kept_counters(store), {1: {"decoder-restarts": 3}}, f"counters that are kept, block {block}")
        stored = set(context.program.export("readings", store).splitlines()[1:])
        check(stored < rows and (block == 0) == (not stored), f"{len(stored)} half hours before block {block}")
        check_no_marker(store, f"block {block}")
        again = context.program.replay(world.estate, world.reads, store)
        check_equal(len(stored) + again["accepted"], undisturbed["accepted"], "what was taken, and the next run's")
        check_equal(again["digest"], undisturbed["digest"], "digest of the next run")
        check_same(everything(context.program, store), expected, "the next run")


def v19_counters_are_kept_by_run(context):
    """What each run printed stands in the store under its number, and adds up."""
    world = World(context, meters=300, days=4)
    store, printed = context.fresh("store"), {}
    header, lines = world.lines()
    for run, faults in enumerate(("throws_ppm=20000", "sick_ppm=50000", f"poison_wh={POISON_WH}", "seed=3"), 1):
        part = lines[(run - 1) * len(lines) // 4:run * len(lines) // 4]
        part[100] = with_kwh(header, part[100], POISON)
        reads = world.write_lines(header, part, f"part{run}")
        summary, _ = world.planted.play(faults, world.estate, reads, store)
        printed[run] = printed_counters(summary)
        check_no_marker(store, faults)
    check_equal(kept_counters(store), {run: some for run, some in printed.items() if some}, "counters by run")
    twins = twins_of(context.program, store)
    total = {name: sum(some.get(name, 0) for some in printed.values()) for name in ("twin-restarts-threw", "twins-parked")}
    check_equal(sum(twin["restarts"] for twin in twins), total["twin-restarts-threw"], "restarts by twin")
    check_equal(len(table(store, "SELECT * FROM parked_twins")), total["twins-parked"], "parked twins")
    check(len(printed[2]) > 3 and "dead-letters-threw" in printed[3], f"each kind was counted: {printed}")


def v19_counters_of_a_run_that_was_stopped(context):
    """By a source that cannot be read to its end; what stands before that is taken, and so is what failed there."""
    world = World(context, meters=300, days=4)
    program, store = context.program, context.fresh("store")
    broken = context.folder / "broken.csv.gz"
    whole = gzip.compress(world.reads.read_bytes())
    broken.write_bytes(whole[:len(whole) * 3 // 4])
    done = world.planted.attempt("throws_ppm=20000", *replay_arguments(world.estate, broken, store))
    check_equal((done.status, done.out), (2, b""), f"exit: {done.describe()}")
    restarts = sum(twin["restarts"] for twin in twins_of(program, store))
    check(restarts > 100, f"only {restarts} restarts before the source broke")
    check_equal(kept_counters(store), {1: {"twin-restarts-threw": restarts}}, "counters of the run that was stopped")


if __name__ == "__main__":
    harness.main(__doc__, [v1_ten_thousand_throws, v2_sick_twins_are_parked_alone, v6_a_poison_reading_is_a_dead_letter,
                           v10_dead_letters_are_played_again, v10_letters_of_equal_readings_are_settled_together,
                           v10_a_dropped_letter_is_kept_and_not_shown, v11_a_transformer_that_ends_is_started_again,
                           v12_what_fails_for_good_ends_the_run, v11_a_decoder_that_ends_is_started_again,
                           v12_a_block_of_lines_that_ends_every_decoder, v19_counters_are_kept_by_run,
                           v19_counters_of_a_run_that_was_stopped])
