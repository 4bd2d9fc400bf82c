"""Plots as DVC collects and fills them, and as mlopsctl does.

dvc_plots_cases.py MLOPSCTL [NAME…]; each case works on a repository of its own.
"""

import json
import random
import sys

from dvc_peer import Box, Failed, expect, run_cases

CASES = []


def case(function):
    CASES.append(function)
    return function


def plots_of(text):
    """Data as they are; of errors only where they happened, because each tool has its own words."""
    read = json.loads(text or "{}")
    errors = [(e.get("name"), e["rev"], e.get("source")) for e in read.get("errors", [])]
    return read.get("data", {}), sorted(errors, key=str)


def difference(mine, theirs, path="data"):
    """Where two JSON values differ first; nothing if they are equal."""
    if isinstance(mine, dict) and isinstance(theirs, dict) and mine.keys() == theirs.keys():
        pairs = [(mine[key], theirs[key], f"{path}.{key}") for key in mine]
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        pairs = [(a, b, f"{path}[{i}]") for i, (a, b) in enumerate(zip(mine, theirs))]
    elif isinstance(mine, dict) and isinstance(theirs, dict):
        return f"{path}: keys {sorted(mine)} | {sorted(theirs)}"
    else:
        return None if json.dumps(mine) == json.dumps(theirs) else f"{path}: {str(mine)[:600]} | {str(theirs)[:600]}"
    return next(filter(None, (difference(*pair) for pair in pairs)), None)


def same(box, *argv, code=0, folder="."):
    mine = plots_of(box.program("plots", *argv, "--format", "dvc-json", code=code, folder=folder))
    theirs = plots_of(box.dvc("plots", *argv, "--json", folder=folder))
    differs = difference(mine[0], theirs[0])
    expect(differs is None, f"plots {argv} in {folder}: ours | DVC's differ at {differs}")
    expect(mine[1] == theirs[1], f"plots {argv}: errors differ\nours   {mine[1]}\nDVC's  {theirs[1]}")
    return mine[0]


def curves(seed):
    pick = random.Random(seed)
    return "epoch,loss,acc\n" + "".join(f"{i},{9 / (i + 1):.3f},{pick.random():.4f}\n" for i in range(12))


def repository(binary):
    box = Box(binary)
    box.write("train.csv", curves(1))
    box.write("logs/a.tsv", "step\tvalue\n0\t1\n5\t2.5\n10\tnan\n")
    box.write("logs/b.json", json.dumps({"run": {"points": [{"x": 1, "y": 0.5}, {"x": 2, "y": 1e-7}], "other": [1, 2]}}))
    box.write("logs/c.yaml", "- {t: 0, v: 1}\n- {t: 1, v: 1.5}\n")
    box.write("classes.csv", "actual,predicted\ncat,cat\ndog,cat\ndog,dog\nbird,dog\n")
    box.write("importance.json", json.dumps([{"name": "age", "value": 0.4}, {"name": "a.b[0]", "value": 0.6}]))
    box.write("dvc.yaml", """\
stages:
  train:
    cmd: "true"
    deps: [raw]
    plots:
    - train.csv:
        cache: false
        x: epoch
        y: acc
        title: Training
    - logs:
        cache: false
plots:
- classes.csv:
    template: confusion
    x: actual
    y: predicted
- both:
    x: epoch
    y: {train.csv: [loss, acc]}
    y_label: value
    template: smooth
- joined:
    x: {logs/c.yaml: t}
    y: {logs/c.yaml: v, logs/b.json: y}
- importance.json:
    template: bar_horizontal_sorted
    x: value
    y: name
""")
    box.write("raw", "r")
    box.commit()
    return box


@case
def what_is_declared(binary):
    box = repository(binary)
    read = same(box, "show")
    expect(set(read) >= {"train.csv", "both", "joined", "classes.csv", "importance.json", "logs/a.tsv"}, f"{set(read)}")
    same(box, "show", "both")
    same(box, "show", "train.csv", "logs/c.yaml")
    same(box, "show", "dvc.yaml::classes.csv")
    same(box, "show", folder="logs")
    same(box, "show", "a.tsv", folder="logs")


@case
def properties_of_the_command_line(binary):
    box = repository(binary)
    for argv in (["-x", "epoch", "-y", "loss", "train.csv"], ["-t", "scatter", "train.csv"],
                 ["-t", "simple", "--title", "T", "--x-label", "X", "--y-label", "Y", "classes.csv"],
                 ["-t", "confusion_normalized", "classes.csv"], ["--no-header", "train.csv", "-x", "0", "-y", "2"]):
        same(box, "show", *argv)
    for template in box.dvc("plots", "templates").split():
        same(box, "show", "-t", template, "both", "joined", "train.csv")
        theirs = json.loads(box.dvc("plots", "templates", template))
        expect(json.loads(box.program("plots", "templates", template)) == theirs, template)


@case
def revisions(binary):
    box = repository(binary)
    same(box, "diff")
    box.git("tag", "v1")
    box.write("train.csv", curves(2))
    box.write("classes.csv", "actual,predicted\ncat,cat\ndog,dog\n")
    same(box, "diff")
    box.commit()
    box.git("tag", "v2")
    (box.root / "logs/c.yaml").unlink()
    same(box, "diff", "v1", "v2")
    same(box, "diff", "v1", code=5)
    same(box, "diff", "v2", "workspace", "v1", "--targets", "train.csv")
    same(box, "diff", "v1", "v2", "--targets", "both", "-t", "linear")


@case
def what_is_wrong_is_said_at_the_same_place(binary):
    box = repository(binary)
    box.write("logs/broken.json", "{")
    box.write("notes.txt", "n")
    (box.root / "importance.json").unlink()
    same(box, "show", code=5)
    same(box, "show", "notes.txt", code=1)
    same(box, "show", "train.csv", "-y", "nothing", code=1)
    same(box, "show", "train.csv", "-x", "nothing", code=1)


@case
def data_that_only_the_cache_has(binary):
    box = Box(binary)
    box.write("d/p.csv", "a,b\n1,2\n3,4\n")
    box.dvc("add", "-q", "d")
    box.write("dvc.yaml", "plots:\n- d/p.csv:\n    x: a\n- d\n")
    box.commit()
    box.git("tag", "v1")
    box.write("d/p.csv", "a,b\n1,5\n3,6\n")
    same(box, "diff", "v1")
    same(box, "show", "d")


@case
def images(binary):
    box = Box(binary)
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    box.write("i/1.png", png)
    box.write("i/2.svg", "<svg/>")
    box.write("dvc.yaml", "plots:\n- i\n")
    box.commit()
    box.write("i/1.png", png[::-1])
    box.dvc("plots", "diff", "HEAD", "--json", "-o", "theirs")
    box.program("plots", "diff", "HEAD", "--json", "-o", "ours")
    files = [{p.name: p.read_bytes() for p in (box.root / who).iterdir()} for who in ("ours", "theirs")]
    expect(files[0] == files[1], f"{files[0].keys()} {files[1].keys()}")
    same(box, "diff", "HEAD", "-o", "both")


sys.exit(1 if run_cases(CASES) else 0)
