#!/usr/bin/env python3
"""A flame graph as text: who calls whom, with each frame's share of the processor time. Reads `perf script` on standard input.

    perf record -F 4000 -g --call-graph fp -o p.data build/release/gridtwin replay ...
    perf script -i p.data -F comm,ip,sym,dso | python3 tests/bench/flame.py [--least 1.0]

Only frames of the program are named; what runs below them in a library or the system is its library's.
"""

import argparse
import re
import sys

PLUMBING = re.compile(r"^(caf::|std::|void caf::|operator)|behavior_impl|match_case|__libc_start|^main$|^\[unknown\]$")
LIBRARIES = {"libzstd": "zstd", "libsqlite3": "SQLite", "libcrypto": "OpenSSL", "libcaf_core": "CAF", "libz": "zlib", "kernel": "the kernel",
             "libc": "libc", "libstdc++": "libstdc++", "vdso": "the kernel"}


def library_of(dso):
    for begin, name in LIBRARIES.items():
        if begin in dso:
            return name
    return None


def stacks(lines):
    frames = []
    for line in lines:
        if not line.strip():
            if frames:
                yield frames
            frames = []
        elif line[0] in " \t":
            match = re.match(r"\s+[0-9a-f]+ (.*) \((.*)\)$", line.rstrip())
            if match:
                frames.append(match.groups())
    if frames:
        yield frames


def name_of(symbol):
    name = re.sub(r"\(anonymous namespace\)::", "", symbol).replace("gridtwin::", "")
    return re.sub(r"\[abi:cxx11\]|\.constprop\.\d+|\.isra\.\d+|\.part\.\d+", "", name).split("(")[0]


def path_of(frames):
    """From the outside in; what is not the program's own is one step named by its library."""
    path = []
    for symbol, dso in reversed(frames):
        if "gridtwin::" in symbol and not PLUMBING.search(symbol):
            path.append(name_of(symbol))
    inner = library_of(frames[0][1])
    return path + [inner or "the actors' plumbing"] if inner or not path else path


class Node:
    def __init__(self):
        self.count = 0
        self.children = {}


def show(node, name, total, depth, least):
    share = 100 * node.count / total
    if share < least:
        return
    print(f"{share:5.1f} {'  ' * depth}{name}")
    for child, below in sorted(node.children.items(), key=lambda item: -item[1].count):
        show(below, child, total, depth + 1, least)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=float, default=1.0, help="smallest share shown, in percent")
    options = parser.parse_args()
    root = Node()
    for frames in stacks(sys.stdin):
        root.count += 1
        node = root
        for name in path_of(frames):
            node = node.children.setdefault(name, Node())
            node.count += 1
    if root.count == 0:
        raise SystemExit("no samples: give it the output of perf script -F comm,ip,sym,dso")
    show(root, "all", root.count, 0, options.least)


if __name__ == "__main__":
    main()
