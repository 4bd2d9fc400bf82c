#!/usr/bin/env python3
"""Spreads the files of each target over the units of cmake/Unity.cmake, and writes cmake/unity_units.txt.

    cmake/unity_units.py [--again]

Compiles the units without making code. A file that defines what another one did goes to another unit of its target,
until there are none. --again deals all files anew, neighbours together; otherwise they stay where they are listed,
and new ones are in unit 1. Needs what the build needs, and some minutes.
"""

import json
import math
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "cmake" / "unity_units.txt"
BUILD = ROOT / "build" / "unity"
MOST = 24  # files in a unit: more would leave one core waiting for the last one


def write(place):
    LIST.write_text("".join(f"{unit} {path}\n" for path, unit in sorted(place.items()) if unit != 1))


def commands():
    """How each unit is compiled, as {(target, number): command}."""
    subprocess.run(
        ["cmake", "--preset", "dev", "-B", BUILD, "-DMLOPSCTL_UNITY=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "mlopsctl_precompiled_code", "mlopsctl_precompiled_test",
                    "mlopsctl_precompiled_long_test"], check=True, stdout=subprocess.DEVNULL)
    found = {}
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        if unit := re.search(r"/(\w+)\.dir/Unity/unity_(\d+)_cxx\.cxx$", command["file"]):
            found[unit[1], int(unit[2])] = command
    return found


def files_of(command):
    text = Path(command["file"]).read_text()
    return [os.path.relpath(path, ROOT) for path in re.findall(r'#include "([^"]+)"', text)]


def wrong_files(command):
    """Those of our files that should not be in it."""
    words = shlex.split(command["command"])
    words[words.index("-o") + 1] = os.devnull
    result = subprocess.run([*words, "-fsyntax-only", "-fmax-errors=0"], cwd=command["directory"],
                            capture_output=True, text=True)
    if result.returncode == 0:
        return set()
    place = rf"{ROOT}/((?!build/)[^:\n]+\.cpp):\d+:"
    errors = re.findall(rf"^{place}\d+: (?:fatal )?error: (.*)", result.stderr, re.MULTILINE)
    # An error in a header, where a name now means two things: the notes say where from, or else who includes it.
    others = re.findall(rf"^{place}\d+: note: .*candidates|^In file included from {place}", result.stderr, re.MULTILINE)
    again = r"redefinition|redeclared|conflicting declaration|shadows|defined but not used"
    wrong = {path for path, error in errors if re.search(again, error)} or {path for path, _ in errors[:1]} or {
        noted or including for noted, including in others[:1]}
    if not wrong:
        sys.exit(f"error: {command['file']} does not compile, whatever it is with:\n{result.stderr[:4000]}")
    return wrong


def deal(files):
    """Neighbours together, in units of one size."""
    size = math.ceil(len(files) / math.ceil(len(files) / MOST))
    return {path: 1 + i // size for i, path in enumerate(files)}


def main():
    place = {}  # file: unit of its target
    for line in LIST.read_text().splitlines():  # what this machine does not compile, as CUDA's, stays where it is
        unit, path = line.split(" ", 1)
        if (ROOT / path).exists():
            place[path] = int(unit)
    write(place)
    targets = {}
    for (target, number), command in commands().items():
        for path in files_of(command):
            targets.setdefault(target, []).append(path)
            place.setdefault(path, number)
    if "--again" in sys.argv[1:]:
        for files in targets.values():
            place.update(deal(sorted(files)))
    tried = {path: {unit} for path, unit in place.items()}

    def move(path, files):
        load = {}
        for other in files:
            load[place[other]] = load.get(place[other], 0) + 1
        free = [unit for unit, count in load.items() if unit not in tried[path] and count < MOST + MOST // 4]
        place[path] = min(free, key=load.get) if free else max(max(load), max(tried[path])) + 1
        tried[path].add(place[path])
        print(f"{path}: unit {place[path]}", flush=True)

    changed = set(targets)
    while changed:
        write(place)
        look = {key: command for key, command in commands().items() if key[0] in changed}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = dict(zip(look, pool.map(wrong_files, look.values())))
        changed = {target for (target, _), wrong in found.items() if wrong}
        for target in changed:
            for path in sorted(set().union(*(wrong for key, wrong in found.items() if key[0] == target))):
                move(path, targets[target])


if __name__ == "__main__":
    main()
