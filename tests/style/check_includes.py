#!/usr/bin/env python3
"""Holds what each folder may use, as docs and READMEs promise it, against every #include, and the rules of shape that can be
read off a text: own header first, project headers quoted from the root, order of groups, one place for the clock.

    check_includes.py [ROOT]        exit 1 and a line for each fault
    check_includes.py --self-test   proves on small trees that each rule can fail
"""

import fnmatch
import pathlib
import re
import sys
import tempfile

STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts condition_variable coroutine
deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream
istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue random
ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set
utility valarray variant vector version
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring
ctime cuchar cwchar cwctype
""".split())

POSIX = re.compile(r"^(sys|net|netinet|arpa)/|^(unistd|fcntl|poll|signal|pthread|dirent|termios|malloc|sched|dlfcn|pwd)\.h$")

INTRINSICS = re.compile(r"^([a-z]mmintrin|cpuid)\.h$")

# Libraries by the beginning of what is included from them.
LIBRARIES = {
    "caf": "caf/", "openssl": "openssl/", "sqlite": "sqlite3.h", "zstd": "zstd", "zlib": "zlib.h", "date": "date/",
    "toml": "toml++/", "spdlog": "spdlog/", "fmt": "fmt/", "cli11": "CLI/", "doctest": "doctest", "benchmark": "benchmark/",
    "simdjson": "simdjson",
    "asio": "boost/asio", "beast": "boost/beast", "protobuf": "google/protobuf/", "protocol": "src/wire/gridtwin.pb.h",
}

# The program's top: it may use every room and what a command line needs.
EDGE = {
    "rooms": ["twins", "config", "src/log", "src/store", "src/messages", "src/ingest", "src/settlement", "src/process", "src/gate",
              "src/channel", "src/replay", "src/alarms", "src/node", "src/wire", "src/client", "src/load", "src/security", "src/commands",
              "src/bench", "src/api", "src/push", "src/half_hours", "src/gaps", "src/settled_days", "src/verify", "src/listener",
              "supervision", "actors", "sim", "cluster"],
    "libraries": ["caf", "cli11", "fmt", "posix"],
}

# What a folder may use: rooms of the project, and libraries for all of its files or for the files named.
ROOMS = {
    "twins": {"rooms": ["twins"], "libraries": [], "files": {"twins/hash.*": ["openssl"], "twins/sha256_lanes.cpp": ["intrinsics"]},
              "not": ["fstream", "iostream", "filesystem", "thread", "mutex"]},
    "config": {"rooms": ["twins", "config"], "libraries": [], "files": {"config/*.cpp": ["toml"]}, "at_most_one": ["toml"]},
    "src/log": {"rooms": ["twins", "config", "src/log"], "libraries": ["spdlog", "fmt", "posix"]},
    "src/store": {"rooms": ["twins", "config", "src/store", "src/log"], "libraries": ["sqlite", "zstd", "posix"]},
    "src/messages": {"rooms": ["twins", "config", "src/messages"], "libraries": [], "files": {"src/messages/*.cpp": ["simdjson"]},
                     "at_most_one": ["simdjson"], "not": ["fstream", "iostream", "filesystem", "thread", "mutex"]},
    "src/ingest": {"rooms": ["twins", "config", "src/messages", "src/ingest", "src/log"], "libraries": ["zlib", "date", "posix", "intrinsics"]},
    "src/settlement": {"rooms": ["twins", "config", "src/store", "src/settlement", "src/log"], "libraries": []},
    "src/verify": {"rooms": ["twins", "src/store", "src/verify"], "libraries": []},
    "src/half_hours": {"rooms": ["twins", "config", "src/store", "src/ingest", "src/half_hours"], "libraries": []},
    "src/gaps": {"rooms": ["twins", "src/store", "src/half_hours", "src/gaps"], "libraries": []},
    "src/settled_days": {"rooms": ["twins", "src/store", "src/half_hours", "src/settled_days"], "libraries": []},
    "src/process": {"rooms": ["twins", "src/process"], "libraries": ["posix"]},
    "src/channel": {"rooms": ["twins", "config", "src/messages", "src/security", "src/gate", "src/channel"], "libraries": [],
                    "not": ["fstream", "iostream", "filesystem", "thread"]},
    "src/gate": {"rooms": ["twins", "config", "src/store", "src/ingest", "src/gate", "actors"], "libraries": []},
    "src/replay": {"rooms": ["twins", "config", "src/store", "src/messages", "src/ingest", "src/log", "src/process", "src/gate", "src/replay", "supervision",
                             "actors"], "libraries": ["caf", "posix"]},
    "src/alarms": {"rooms": ["twins", "config", "src/store", "src/ingest", "src/replay", "src/alarms"], "libraries": []},
    "src/node": {"rooms": ["twins", "config", "src/store", "src/messages", "src/ingest", "src/log", "src/process", "src/gate", "src/replay",
                           "src/listener", "src/wire", "src/security", "src/channel", "src/api", "src/push", "src/alarms", "src/node", "supervision", "actors"], "libraries": [],
                 "files": {"src/node/frames.cpp": ["asio", "openssl"], "src/node/readers.cpp": ["asio", "openssl"]}},
    "src/listener": {"rooms": ["twins", "src/listener"], "libraries": [], "files": {"src/listener/tcp_acceptor.*": ["asio"], "src/listener/silent_connections.*": ["asio"]}},
    "src/wire": {"rooms": ["twins", "src/gate", "src/listener", "src/wire"], "libraries": [],
                 "files": {"src/wire/wire_messages.cpp": ["protobuf", "protocol"], "src/wire/submit_codec.cpp": ["protobuf", "protocol"],
                           "src/wire/wire_session.*": ["asio", "openssl"], "src/wire/wire_listener.cpp": ["asio"]}},
    "src/client": {"rooms": ["twins", "src/gate", "src/wire", "src/client"], "libraries": ["posix"],
                   "files": {"src/client/reading_sender.cpp": ["asio", "openssl"], "src/client/tls_files.cpp": ["asio", "openssl"]}},
    "src/load": {"rooms": ["twins", "src/gate", "src/store", "src/wire", "src/client", "src/load"], "libraries": []},
    "src/security": {"rooms": ["twins", "config", "src/security"], "libraries": ["openssl", "posix"]},
    "src/commands": EDGE,
    "src/bench": EDGE,
    "src/api": {"rooms": ["twins", "config", "src/store", "src/half_hours", "src/gaps", "src/settled_days", "src/security", "src/channel", "src/listener", "src/api"], "libraries": [],
                "files": {"src/api/http_session.cpp": ["asio", "beast"], "src/api/http_connection.*": ["asio", "beast", "openssl"],
                          "src/api/http_session.hpp": ["asio"],
                          "src/api/http_listener.cpp": ["asio"], "src/api/*.cpp": ["simdjson"]},
                "at_most_one": ["simdjson"]},
    "src/push": {"rooms": ["twins", "config", "src/store", "src/security", "src/channel", "src/client", "src/api", "src/push"], "libraries": [],
                 "files": {"src/push/webhook_session.cpp": ["asio", "beast", "openssl"], "src/push/address_rules.cpp": ["posix"]},
                 "at_most_one": ["beast"]},
    "src": EDGE,
    "supervision": {"rooms": ["twins", "supervision"], "libraries": [], "files": {"supervision/hosted_actor.*": ["caf"], "supervision/in_flight.cpp": ["posix"]}},
    "actors": {"rooms": ["twins", "supervision", "src/store", "actors"], "libraries": ["caf"]},
    "cluster": {"rooms": ["twins", "supervision", "src/store", "actors", "cluster"], "libraries": ["caf"]},
    "sim": {"rooms": ["twins", "config", "src/store", "actors", "sim"], "libraries": []},
    "tests": {"rooms": None, "libraries": None},
}
FOLDERS = ["twins", "config", "src", "supervision", "actors", "cluster", "sim", "tests"]

NEVER = re.compile(r"^caf/(io|openssl)\b")

# Time and chance come in as parameters: the one place that asks the machine for them.
CLOCK_FILES = ["src/process/clock.hpp"]
CLOCK = re.compile(r"clock(?:_type)?\s*::\s*now\s*\(|\b(?:rand|srand|gettimeofday|clock_gettime)\s*\(|\brandom_device\b"
                   r"|\bstd::time\s*\(|(?<![\w.>:])time\s*\(\s*(?:nullptr|NULL|0)\s*\)")
EXACT = ["twins", "src/messages"]
FLOATING = re.compile(r"\b(?:float|double)\b")

PREPARED = re.compile(r"^\s*#\s*(define|undef|pragma GCC)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
COMMENTS_AND_STRINGS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def without_comments_and_strings(text):
    """The same text with as many lines."""
    return COMMENTS_AND_STRINGS.sub(lambda match: "\n" * match.group().count("\n") + " ", text)


def room_of(path):
    """The longest room that holds a file: src/store/sqlite.hpp is in src/store, src/main.cpp in src."""
    holders = [room for room in ROOMS if path.startswith(room + "/")]
    return max(holders, key=len) if holders else None


def library_of(header):
    if header in STANDARD:
        return "standard"
    if POSIX.search(header):
        return "posix"
    if INTRINSICS.search(header):
        return "intrinsics"
    for library, beginning in LIBRARIES.items():
        if header.startswith(beginning):
            return library
    return None


class Checker:
    def __init__(self, root):
        self.root = root
        self.faults = []
        self.users = {}  # (room, library) -> files, where only one may use it

    def fault(self, path, line, text):
        self.faults.append(f"{path}:{line}: {text}")

    def run(self):
        for folder in FOLDERS:
            for file in sorted((self.root / folder).rglob("*")):
                if file.suffix in (".hpp", ".cpp", ".h", ".cc"):
                    self.check_file(file.relative_to(self.root).as_posix(), file.read_text(encoding="utf-8"))
        for (room, library), files in sorted(self.users.items()):
            for path in sorted(files)[1:]:
                self.fault(path, 1, f"<{library}> is used in one file of {room}/, and that is {sorted(files)[0]}")
        return self.faults

    def check_file(self, path, text):
        room = room_of(path)
        if room is None:
            self.fault(path, 1, "is in no folder of the architecture")
            return
        includes, before = [], ""
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                self.check_include(path, room, number, match.group(1) == '"', match.group(2))
                # What stands under a #define or #pragma of its own stands where it must.
                if not PREPARED.match(before):
                    includes.append((number, match.group(1) == '"', match.group(2)))
            before = line
        self.check_order(path, includes)
        if path.endswith(".hpp") and "#pragma once" not in text:
            self.fault(path, 1, "has no #pragma once")
        if room != "tests":
            self.check_code(path, room, text)

    def check_include(self, path, room, number, quoted, header):
        rules = ROOMS[room]
        if NEVER.match(header):
            self.fault(path, number, f"{header}: CAF's network layer is used nowhere")
            return
        if quoted:
            if header.startswith("../") or not (self.root / header).is_file():
                self.fault(path, number, f'"{header}" is not a path from the root')
                return
            target = room_of(header)
            if target == "tests" and room != "tests":
                self.fault(path, number, f'"{header}": nothing uses tests/')
            elif rules["rooms"] is not None and target not in rules["rooms"]:
                self.fault(path, number, f'"{header}": {room}/ may not use {target}/')
            return
        library = library_of(header)
        if library is None:
            kind = "is the project's own: quote it" if (self.root / header).is_file() else "is of no library that is listed here"
            self.fault(path, number, f"<{header}> {kind}")
        elif header in rules.get("not", []):
            self.fault(path, number, f"<{header}>: {room}/ is pure, no I/O and no threads")
        elif library != "standard" and rules["libraries"] is not None:
            allowed = list(rules["libraries"])
            for pattern, libraries in rules.get("files", {}).items():
                if fnmatch.fnmatch(path, pattern):
                    allowed += libraries
            if library not in allowed:
                self.fault(path, number, f"<{header}>: {path} may not use {library}")
            elif library in rules.get("at_most_one", []):
                self.users.setdefault((room, library), set()).add(path)

    def check_order(self, path, includes):
        """Own header, project, third party, standard."""
        own = path[:-len(".cpp")] + ".hpp" if path.endswith(".cpp") else None
        if own is not None and (self.root / own).is_file():
            if not includes or includes[0][2] != own:
                self.fault(path, includes[0][0] if includes else 1, f'its own header "{own}" comes first')
        last, names = 0, ["own", "project", "third party", "standard"]
        for number, quoted, header in includes:
            group = 0 if header == own else 1 if quoted else 3 if library_of(header) in ("standard", "posix", "intrinsics") else 2
            if group < last:
                self.fault(path, number, f"{header} ({names[group]}) stands after a {names[last]} header")
            last = max(last, group)

    def check_code(self, path, room, text):
        for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
            if path not in CLOCK_FILES and CLOCK.search(line):
                self.fault(path, number, "asks the machine for time or chance; only src/process/clock.hpp does")
            if room in EXACT and FLOATING.search(line):
                self.fault(path, number, f"floating point in {room}/: energy is whole watt-hours")


def self_test():
    whole = {
        "twins/a.hpp": "#pragma once\n#include <string>\n// a double comment: clock::now()\n",
        "twins/a.cpp": '#include "twins/a.hpp"\n\n#include <vector>\nconst char* s = "float";\n',
        "twins/hash.cpp": "#include <openssl/evp.h>\n",
        "twins/sha256_lanes.cpp": "#include <immintrin.h>\n",
        "config/toml.cpp": '#include "twins/a.hpp"\n\n#include <toml++/toml.h>\n\n#include <string>\n',
        "src/store/s.cpp": '#include "twins/a.hpp"\n\n#include <sqlite3.h>\n#include <zstd.h>\n\n#include <fcntl.h>\n',
        "src/store/s.hpp": "",
        "src/messages/json.cpp": '#include "twins/a.hpp"\n\n#include <simdjson.h>\n',
        "src/process/clock.hpp": "#pragma once\n#include <chrono>\nauto t = std::chrono::steady_clock::now();\n",
        "supervision/hosted_actor.hpp": "#pragma once\n#include <caf/actor.hpp>\n",
        "src/main.cpp": '#include "src/process/clock.hpp"\n\n#include <CLI/CLI.hpp>\n',
        "actors/t.hpp": '#pragma once\n#include "src/store/s.hpp"\n\n#include <caf/all.hpp>\n',
        "tests/unit/t.cpp": '#include "twins/a.hpp"\n\n#include <doctest/doctest.h>\n',
    }
    whole["src/store/s.hpp"] = "#pragma once\n"
    whole["src/store/s.cpp"] = '#include "src/store/s.hpp"\n' + whole["src/store/s.cpp"]
    broken = {
        "pure room uses CAF": ("twins/b.hpp", "#pragma once\n#include <caf/actor.hpp>\n", "may not use caf"),
        "policies use CAF": ("supervision/b.hpp", "#pragma once\n#include <caf/actor.hpp>\n", "may not use caf"),
        "OpenSSL beside its file": ("twins/b.hpp", "#pragma once\n#include <openssl/sha.h>\n", "may not use openssl"),
        "instructions of the machine elsewhere": ("twins/b.cpp", "#include <immintrin.h>\n", "may not use intrinsics"),
        "room above": ("twins/b.hpp", '#pragma once\n#include "src/store/s.hpp"\n', "twins/ may not use src/store/"),
        "store uses actors": ("src/store/b.hpp", '#pragma once\n#include "actors/t.hpp"\n', "may not use actors/"),
        "tests are used": ("sim/b.cpp", '#include "tests/unit/t.cpp"\n', "nothing uses tests/"),
        "CAF's network": ("src/commands/b.cpp", "#include <caf/io/all.hpp>\n", "used nowhere"),
        "CAF's network in tests": ("tests/unit/b.cpp", "#include <caf/openssl/all.hpp>\n", "used nowhere"),
        "pure room does I/O": ("twins/b.cpp", "#include <fstream>\n", "is pure"),
        "second JSON file": ("src/messages/zzz.cpp", "#include <simdjson.h>\n", "one file of src/messages/"),
        "JSON in a header": ("src/messages/b.hpp", "#pragma once\n#include <simdjson.h>\n", "may not use simdjson"),
        "messages do I/O": ("src/messages/b.cpp", "#include <fstream>\n", "is pure"),
        "second TOML file": ("config/zzz.cpp", "#include <toml++/toml.h>\n", "one file of config/"),
        "relative include": ("twins/b.cpp", '#include "a.hpp"\n', "not a path from the root"),
        "own header in angles": ("twins/b.cpp", "#include <twins/a.hpp>\n", "quote it"),
        "unknown library": ("sim/b.cpp", "#include <boost/regex.hpp>\n", "no library"),
        "own header not first": ("twins/a.cpp", '#include <vector>\n#include "twins/a.hpp"\n', "comes first"),
        "order of groups": ("config/b.cpp", '#include <vector>\n#include "twins/a.hpp"\n', "stands after"),
        "no guard": ("twins/b.hpp", "int f();\n", "#pragma once"),
        "a clock": ("sim/b.cpp", "auto t = std::chrono::system_clock::now();\n", "time or chance"),
        "a random device": ("actors/b.cpp", "std::random_device device;\n", "time or chance"),
        "rand": ("sim/b.cpp", "int x = rand();\n", "time or chance"),
        "time": ("sim/b.cpp", "auto x = time(nullptr);\n", "time or chance"),
        "floating point": ("twins/b.cpp", "long double x = 1;\n", "floating point"),
        "floating point in messages": ("src/messages/b.cpp", "double x = 1;\n", "floating point"),
    }

    def faults_of(files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = pathlib.Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return Checker(pathlib.Path(folder)).run()

    problems = [f"a tree without fault has one: {fault}" for fault in faults_of(whole)]
    for name, (path, text, expected) in broken.items():
        faults = faults_of({**whole, path: text})
        if len([fault for fault in faults if expected in fault]) != 1:
            problems.append(f"{name}: expected '{expected}', found {faults}")
    for problem in problems:
        print(problem)
    print(f"{len(broken)} kinds of fault tried, {len(problems)} not found")
    return 1 if problems else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    faults = Checker(root).run()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
