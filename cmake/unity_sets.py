#!/usr/bin/env python3
"""Finds the sets of cmake/Unity.cmake and writes them into cmake/unity_sets.txt.

    cmake/unity_sets.py [--again]

Compiles the translation units without making code. Files that define what another one did go to the next set, or
else the first file with an error, until there are none. --again begins with all files in set 1; otherwise a file
stays at least where it is listed. Needs what the build needs, and some minutes.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "cmake" / "unity_sets.txt"
BUILD = ROOT / "build" / "unity"


def units():
    """The translation units of all targets, as {file: the command that compiles it}."""
    subprocess.run(
        ["cmake", "--preset", "dev", "-B", BUILD, "-DMLOPSCTL_UNITY=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "mlopsctl_precompiled_code", "mlopsctl_precompiled_test"], check=True,
                   stdout=subprocess.DEVNULL)
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    return {c["file"]: c for c in commands if "/Unity/unity_" in c["file"]}


def wrong_files(command):
    """Those of our files that should not be in it."""
    words = shlex.split(command["command"])
    words[words.index("-o") + 1] = os.devnull
    result = subprocess.run([*words, "-fsyntax-only", "-fmax-errors=0"], cwd=command["directory"],
                            capture_output=True, text=True)
    if result.returncode == 0:
        return set()
    errors = re.findall(rf"^{ROOT}/((?!build/)[^:\n]+\.cpp):\d+:\d+: (?:fatal )?error: (.*)", result.stderr, re.MULTILINE)
    again = r"redefinition|redeclared|conflicting declaration|shadows|defined but not used"
    wrong = {path for path, error in errors if re.search(again, error)} or {path for path, _ in errors[:1]}
    if not wrong:
        sys.exit(f"error: {command['file']} does not compile, whatever it is with:\n{result.stderr[:4000]}")
    return wrong


def main():
    sets = {}
    if "--again" not in sys.argv[1:]:
        for line in LIST.read_text().splitlines():
            number, path = line.split(" ", 1)
            sets[path] = int(number)
    changed = None  # folders of units that changed; None: look at all
    while changed is None or changed:
        LIST.write_text("".join(f"{number} {path}\n" for path, number in sorted(sets.items())))
        look = {f: c for f, c in units().items() if changed is None or os.path.dirname(f) in changed}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = dict(zip(look, pool.map(wrong_files, look.values())))
        changed = {os.path.dirname(unit) for unit, wrong in found.items() if wrong}
        for path in sorted(set().union(*found.values())):
            sets[path] = sets.get(path, 1) + 1
            print(f"{path}: set {sets[path]}", flush=True)


if __name__ == "__main__":
    main()
