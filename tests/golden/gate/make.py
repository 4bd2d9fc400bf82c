"""Writes statistics.jsonl beside itself. ../README.md names the versions."""
import json
import pathlib

import cases

with open(pathlib.Path(__file__).parent / "statistics.jsonl", "w") as file:
    for case in cases.cases(seed=1, rounds=60):
        file.write(json.dumps(case, separators=(",", ":")) + "\n")
