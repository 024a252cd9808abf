#!/usr/bin/env python3
"""Compiles each source of the program alone, as the release build does and a united one does not; its header comes first in it, and so
stands alone as well. Headers without a source, and those of tests, are compiled by themselves, twice in one file.

    check_alone.py --build DIR [--headers] [ROOT]   flags from DIR/compile_commands.json; exit 1 and the compiler's words
                                                    --headers: of sources only that their header comes first
    check_alone.py --build DIR --self-test
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FOLDERS = ["twins", "config", "src", "supervision", "actors", "cluster", "sim"]


def commands_of(build):
    """Path of a source -> its compiler and flags, without launcher, input and output."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        while pathlib.Path(words[0]).name in ("ccache", "sccache"):
            words.pop(0)
        kept, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in ("-o", "-c", "-MF", "-MT", "-MQ"):
                skip = True
            elif word not in ("-MD", "-MMD"):
                kept.append(word)
        commands[entry["file"]] = [word for word in kept if word != entry["file"]]
    return commands


def flags_for(file, root, commands):
    """Its own, those of the room's united sources, or of whatever stands nearest."""
    if str(file) in commands:
        return commands[str(file)]
    room = file.relative_to(root).parts
    name = room[1] if room[0] == "src" and len(room) > 2 else room[0]
    united = [source for source in commands if f"gridtwin_{name}.dir/" in source]
    near = united or sorted(source for source in commands if source.startswith(f"{file.parent}/"))
    # A room without sources yet: what main.cpp may use, it may.
    return commands[sorted(near)[0]] if near else commands.get(str(root / "src/main.cpp")) or commands[sorted(commands)[0]]


def compile_alone(file, root, commands, more=(), sources=True):
    """(its name, what is wrong with it)"""
    name = file.relative_to(root).as_posix()
    text = f'#include "{name}"\n' * (2 if file.suffix == ".hpp" else 1)
    own = file.with_suffix(".hpp")
    if file.suffix == ".cpp" and own.exists():
        first = next((line for line in file.read_text().splitlines() if line.startswith("#include")), "")
        if first != f'#include "{own.relative_to(root).as_posix()}"':
            return name, f"its first include is not its header, but {first or 'there is none'}"
        if not re.search(r"^#pragma once$", own.read_text(), re.MULTILINE):
            return name, "its header has no #pragma once"
    if file.suffix == ".cpp" and not sources:
        return name, ""
    done = subprocess.run([*flags_for(file, root, commands), *more, "-w", "-fsyntax-only", "-x", "c++", "-"], input=text, text=True,
                          capture_output=True, cwd=root, check=False)
    return name, done.stderr if done.returncode != 0 else ""


def files_of(root):
    sources = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.cpp"))]
    headers = [file for folder in (*FOLDERS, "tests") for file in sorted((root / folder).rglob("*.hpp"))
               if folder == "tests" or not file.with_suffix(".cpp").exists()]
    return sources + headers


def check(root, commands, jobs, more=(), sources=True):
    files, failed = files_of(root), 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, wrong in pool.map(lambda file: compile_alone(file, root, commands, more, sources), files):
            if wrong:
                failed += 1
                print(f"{name} does not compile alone:\n{wrong}")
    print(f"{len(files)} files, {failed} that do not compile alone")
    return failed, len(files)


def self_test(commands, jobs):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        (root / "twins").mkdir()
        files = {
            "whole.hpp": "#pragma once\n#include <string>\ninline std::string whole() { return {}; }\n",
            "needs.hpp": "#pragma once\ninline std::vector<int> needs() { return {}; }\n",
            "guard.hpp": "inline int guard() { return 0; }\n",
            "pair.hpp": "#pragma once\n#include <string>\nstd::string pair();\n",
            "pair.cpp": '#include "twins/pair.hpp"\n\nstd::string pair() { return {}; }\n',
            "leans.hpp": "#pragma once\nstd::string leans();\n",
            "leans.cpp": '#include <string>\n\n#include "twins/leans.hpp"\n\nstd::string leans() { return {}; }\n',
            "lacks.cpp": "int lacks() { return std::max(1, 2); }\n",
        }
        for name, text in files.items():
            (root / "twins" / name).write_text(text)
        failed, count = check(root, commands, jobs, [f"-I{root}"])
    print("the four faults were found" if (failed, count) == (4, 6) else "expected exactly four of six to fail")
    return 0 if (failed, count) == (4, 6) else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--headers", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    commands = commands_of(options.build)
    if options.self_test:
        return self_test(commands, options.jobs)
    return 1 if check(options.root.resolve(), commands, options.jobs, sources=not options.headers)[0] else 0


if __name__ == "__main__":
    sys.exit(main())
