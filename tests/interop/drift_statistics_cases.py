"""Compares mlopsctl's drift statistics with the installed scipy and numpy.

usage: drift_statistics_cases.py DRIFT_VALUES [SEED [ROUNDS]]
"""
import json
import math
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden" / "drift"))

import numpy
import scipy

import cases
import real


def flat(value):
    return [float(x) for x in value] if isinstance(value, list) else [float(value)]


def agrees(function, name, expected, got):
    """As tests/unit/drift_golden_test.cpp judges."""
    if math.isnan(expected):
        return math.isnan(got)
    if expected == got:
        return True
    difference = abs(expected - got)
    if name != "p":
        return difference <= 1e-9 * max(abs(expected), 1e-3)
    if difference > 1e-9:
        return False
    return function == "cramer_von_mises" or difference <= 1e-6 * expected or expected < 1e-300


program = sys.argv[1]
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261124
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
asked = list(cases.cases(seed, rounds)) + list(real.real_cases(with_statsmodels=False))
lines = "".join(json.dumps(case["request"]) + "\n" for case in asked)
answers = subprocess.run([program], input=lines, text=True, capture_output=True, check=True)
answers = [json.loads(line) for line in answers.stdout.splitlines()]
assert len(answers) == len(asked)

wrong = 0
for case, got in zip(asked, answers):
    function = case["request"]["function"]
    for name, expected in case["expected"].items():
        pairs = list(zip(flat(expected), flat(got[name])))
        if len(pairs) == len(flat(got[name])) and all(
                agrees(function, name, e, g) for e, g in pairs):
            continue
        wrong += 1
        if wrong <= 10:
            print(f"{name}: scipy {expected}, mlopsctl {got[name]}, of {json.dumps(case)[:1000]}")
print(f"{len(asked)} cases, seed {seed}, scipy {scipy.__version__}, numpy {numpy.__version__}: "
      f"{wrong} differ")
sys.exit(1 if wrong else 0)
