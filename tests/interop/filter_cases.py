"""Every run filter that MLflow accepts is accepted by `mlopsctl run list`, and finds the same runs.

    filter_cases.py MLOPSCTL [CASES [SEED]]        needs mlflow-skinny

Filters are put together from pieces that include wrong ones; MLflow's own parser says which of them
are filters, and its in-memory search which runs they find.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

from mlflow.entities import Metric, Param, Run, RunData, RunInfo, RunInputs, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.search_utils import SearchUtils

KEYS = ["a", "loss", "a.b", "`a b`", '"a/b"', "x1", "`1st`", "status", "run_name", '"Run name"',
        "start_time", "created", "end_time", "run_id", "user_id", "name"]
ENTITIES = ["metrics", "metric", "params", "parameter", "tags", "`tags`", "attributes", "run", ""]
COMPARATORS = ["=", "!=", ">", "<", ">=", "<=", "LIKE", "ILIKE", "iLike", "IN", "NOT IN",
               "IS NULL", "is not null"]
VALUES = ["'x'", '"x"', "''", "'X%'", "'%a%'", "'_'", "'*'", "'[a]'", "1", "-1", "0.5", ".5", "1e5",
          "1E-5", "'FINISHED'", "'F%'", "('x')", "('x', \"y\",)", "x", "'1'"]
TEXTS = ["x", "X", "a", "", "xa", "%a_", "*", "[a]", "?", "1", "0.5"]


def comparison(rng):
    entity, key = rng.choice(ENTITIES), rng.choice(KEYS)
    comparator, value = rng.choice(COMPARATORS), rng.choice(VALUES)
    if "NULL" in comparator.upper():
        value = ""
    return f"{entity}.{key} {comparator} {value}" if entity else f"{key} {comparator} {value}"


def is_filter(text):
    try:
        for part in SearchUtils.parse_search_filter(text):
            kind, key, comparator = part["type"], part["key"], part["comparator"].upper()
            _ = (SearchUtils.is_metric(kind, comparator) or SearchUtils.is_param(kind, comparator)
                 or SearchUtils.is_tag(kind, comparator)
                 or SearchUtils.is_attribute(kind, key, comparator))
            # Its parser lets "run_id LIKE ('x')" through; its search then fails.
            if isinstance(part["value"], tuple) and comparator not in ("IN", "NOT IN"):
                return False
        return True
    except MlflowException:
        return False


class Store:
    def __init__(self, binary, folder):
        self.binary = binary
        self.environment = dict(os.environ, MLOPSCTL_HOME=os.path.join(folder, "home"),
                                XDG_CONFIG_HOME=folder)
        self.folder = folder

    def call(self, *arguments, stdin=""):
        return subprocess.run([self.binary, *arguments], input=stdin, capture_output=True, text=True,
                              env=self.environment, cwd=self.folder, check=False)

    def add(self, rng):
        """Makes a run and returns what MLflow would know of it."""
        keys = ["a", "loss", "a.b", "a b", "a/b", "x1", "1st"]
        params = {k: rng.choice(TEXTS) for k in keys if rng.random() < 0.5}
        tags = {k: rng.choice(TEXTS) for k in keys if rng.random() < 0.5}
        metrics = {k: rng.choice([0.0, 1.0, -1.0, 0.5, 1e5, 1e-5]) for k in keys if rng.random() < 0.5}
        started = self.call("run", "start", "--name", rng.choice(["x", "X", "xa", "FINISHED"]))
        assert started.returncode == 0, started.stderr
        run = started.stdout.split()[-1]
        line = json.dumps({"params": params, "tags": tags, "step": 1, **metrics})
        logged = self.call("run", "log", run, "--from", "-", stdin=line + "\n")
        assert logged.returncode == 0, logged.stderr
        if rng.random() < 0.7:
            assert self.call("run", "finish", run).returncode == 0
        shown = json.loads(self.call("run", "list", f"run_id = '{run}'", "--json", "--columns",
                                     "run_id,run_name,status,user_id,start_time,end_time").stdout)
        return run, params, tags, metrics, shown

    def find(self, text):
        found = self.call("run", "list", text, "--columns", "run_id", "--limit", "1000")
        return found.returncode, {word for word in found.stdout.split() if len(word) == 32}, found.stderr


def main():
    binary = os.path.abspath(sys.argv[1])
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(binary, folder)
        assert store.call("init", "--project", ".").returncode == 0
        runs = []
        for _ in range(20):
            run, params, tags, metrics, shown = store.add(rng)
            row = next(v for v in shown.values() if isinstance(v, list))[0]
            info = RunInfo(run, "0", row["user_id"], row["status"], 1, None, "active", "", row["run_name"])
            runs.append(Run(info, RunData([Metric(k, v, 0, 1) for k, v in metrics.items()],
                                          [Param(k, v) for k, v in params.items()],
                                          [RunTag(k, v) for k, v in tags.items()]), RunInputs([])))
        failures = checked = 0
        while checked < wanted:
            text = " AND ".join(comparison(rng) for _ in range(rng.choice([1, 1, 2, 3])))
            if not is_filter(text):
                continue
            checked += 1
            code, found, message = store.find(text)
            timed = any(word in text for word in ("_time", "created"))
            theirs = set() if timed else {run.info.run_id for run in SearchUtils.filter(runs, text)}
            if code != 0 or (not timed and found != theirs):
                failures += 1
                print(f"{text}\n  exit code {code}, found {len(found)}, MLflow {len(theirs)} {message}")
        print(f"{checked} filters that MLflow accepts, {failures} differences")
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
