#!/usr/bin/env python3
"""Compiles each header alone, twice in one file, with the project's flags: it includes what it needs and guards itself.

    check_headers.py --build DIR [ROOT]   flags from DIR/compile_commands.json; exit 1 and the compiler's words
    check_headers.py --build DIR --self-test
"""

import argparse
import concurrent.futures
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

FOLDERS = ["twins", "config", "src", "supervision", "actors", "cluster", "sim", "tests"]


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


def flags_for(header, root, commands):
    """The flags of the source that stands nearest: its own, one of its folder, one of a folder around it."""
    own = str(header.with_suffix(".cpp"))
    if own in commands:
        return commands[own]
    for folder in header.parents:
        near = sorted(source for source in commands if source.startswith(f"{folder}/"))
        if near and folder != root:
            return commands[near[0]]
    # A room without sources yet: what main.cpp may use, it may.
    return commands.get(str(root / "src/main.cpp")) or commands[sorted(commands)[0]]


def compile_header(header, root, commands, more=()):
    name = header.relative_to(root).as_posix()
    text = f'#include "{name}"\n#include "{name}"\n'
    done = subprocess.run([*flags_for(header, root, commands), *more, "-fsyntax-only", "-x", "c++", "-"], input=text, text=True,
                          capture_output=True, cwd=root, check=False)
    return name, done.returncode, done.stderr


def check(root, commands, jobs, more=()):
    headers = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.hpp"))]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, status, words in pool.map(lambda header: compile_header(header, root, commands, more), headers):
            if status != 0:
                failed += 1
                print(f"{name} does not compile alone:\n{words}")
    print(f"{len(headers)} headers, {failed} that do not compile alone")
    return failed, len(headers)


def self_test(commands, jobs):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        (root / "twins").mkdir()
        files = {
            "whole.hpp": "#pragma once\n#include <string>\ninline std::string whole() { return {}; }\n",
            "needs.hpp": "#pragma once\ninline std::vector<int> needs() { return {}; }\n",
            "guard.hpp": "inline int guard() { return 0; }\n",
        }
        for name, text in files.items():
            (root / "twins" / name).write_text(text)
        failed, count = check(root, commands, jobs, [f"-I{root}"])
    print("the two faults were found" if (failed, count) == (2, 3) else "expected exactly two of three to fail")
    return 0 if (failed, count) == (2, 3) else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options = parser.parse_args()
    commands = commands_of(options.build)
    if options.self_test:
        return self_test(commands, options.jobs)
    return 1 if check(options.root.resolve(), commands, options.jobs)[0] else 0


if __name__ == "__main__":
    sys.exit(main())
