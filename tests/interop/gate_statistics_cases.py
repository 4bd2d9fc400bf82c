"""Compares mlopsctl's statistics of gates with the installed scipy and numpy.

usage: gate_statistics_cases.py GATE_VALUES [SEED [ROUNDS]]
"""
import json
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden" / "gate"))

import numpy
import scipy

import cases


def flat(value):
    return [float(x) for x in value] if isinstance(value, list) else [float(value)]


program = sys.argv[1]
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261129
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 200
asked = list(cases.cases(seed, rounds))
lines = "".join(json.dumps(case["request"]) + "\n" for case in asked)
answers = subprocess.run([program], input=lines, text=True, capture_output=True, check=True)
answers = [json.loads(line) for line in answers.stdout.splitlines()]
assert len(answers) == len(asked)

wrong = 0
for case, got in zip(asked, answers):
    for name, expected in case["expected"].items():
        mine = flat(got[name])
        if len(mine) == len(flat(expected)) and all(map(cases.agrees, flat(expected), mine)):
            continue
        wrong += 1
        if wrong <= 10:
            print(f"{name}: scipy {expected}, mlopsctl {got[name]}, of {json.dumps(case)[:1000]}")
print(f"{len(asked)} cases, seed {seed}, scipy {scipy.__version__}, numpy {numpy.__version__}: "
      f"{wrong} differ")
sys.exit(1 if wrong else 0)
