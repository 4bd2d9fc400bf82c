"""What mlopsctl makes of a pipeline, DVC calls up to date, and the reverse.

dvc_pipeline_cases.py MLOPSCTL [NAME…]; each case works on a repository of its own.
"""

import json
import os
import shutil
import sys

from dvc_peer import Box, Failed, expect, run_cases

CASES = []


def case(function):
    CASES.append(function)
    return function


def ours(box, *argv, code=0):
    return box.program(*argv, code=code)


def outcomes(box, *argv):
    report = json.loads(ours(box, "repro", "--json", *argv))
    return {stage["stage"]: stage["outcome"] for stage in report["stages"]}


def dvc_clean(box):
    text = box.dvc("status")
    expect("up to date" in text, f"dvc status: {text}")


def ours_clean(box, *argv):
    expect(set(outcomes(box, "-n", *argv).values()) == {"unchanged"}, "mlopsctl would run something")


def locks(box):
    return {str(p.relative_to(box.root)): p.read_bytes() for p in sorted(box.root.rglob("dvc.lock"))}


def runs(box):
    folder = box.root / ".dvc/cache/runs"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


PIPELINE = """\
vars:
- models: {us: {lr: 0.1}, eu: {lr: 1e-5}}
stages:
  prepare:
    cmd:
    - mkdir -p data
    - cp raw.txt data/a.txt
    deps: [raw.txt]
    outs: [data/]
  train:
    foreach: ${models}
    do:
      cmd: |
        cat ./data/a.txt > m_${key}.bin
        echo '{"acc":${item.lr},"deep":{"n":3,"list":[1]}}' > ${key}.json
      deps: [./data/a.txt, tool.sh]
      params: [size, opt.x, {p.toml: [a.x]}, {extra.json: }, {c.py: [T.z]}]
      outs: ["m_${key}.bin"]
      metrics:
      - ${key}.json:
          cache: false
  grid:
    matrix:
      x: [1, 2]
      y: [{k: a}, {k: b}]
    cmd: echo ${item.x} ${item.y.k} > g_${key}
    outs: ["g_${key}"]
metrics: [other.yaml]
params: [p.toml]
"""


def pipeline(box):
    box.write("dvc.yaml", PIPELINE)
    box.write("raw.txt", "raw\n")
    box.write("tool.sh", "true\n")
    os.chmod(box.root / "tool.sh", 0o755)
    box.write("params.yaml", "size: 3\nopt: {x: 1.0, y: [1, a]}\nunused: yes\n")
    box.write("p.toml", "[a]\nx = 1e-5\nl = [1, 2]\n")
    box.write("extra.json", '{"k": 1e-5, "z": [1, 2.0, [true]], "nul": null, "u": "\\u00e9"}')
    box.write("c.py", "class T:\n    def __init__(self):\n        self.z = (1, 'b')\n")
    box.write("other.yaml", "score: 2\n")
    box.commit()


def fresh(box):
    """As if nothing had ever run."""
    for path in locks(box):
        (box.root / path).unlink()
    shutil.rmtree(box.root / ".dvc/cache", ignore_errors=True)
    for path in [*box.root.glob("m_*"), *box.root.glob("g_*")]:
        path.unlink()
    shutil.rmtree(box.root / "data", ignore_errors=True)


@case
def both_write_the_same_locks_and_run_cache(binary):
    box = Box(binary)
    pipeline(box)
    expect(set(outcomes(box).values()) == {"ran"}, "everything runs")
    dvc_clean(box)
    expect("didn't change" in box.dvc("repro"), "DVC has nothing to run")
    our_runs = runs(box)
    our_lock = locks(box)
    expect(len(our_runs) == 3, "prepare and both trainings are kept")
    fresh(box)
    box.dvc("repro")
    ours_clean(box)
    expect(runs(box) == our_runs, "the run caches differ")

    def entries(lock):  # DVC's order of independent stages varies
        return sorted(lock["dvc.lock"].decode().split("\n  "))

    ours_sorted, theirs = entries(our_lock), entries(locks(box))
    if sorted(our_lock["dvc.lock"].splitlines()) != sorted(locks(box)["dvc.lock"].splitlines()):
        raise Failed(f"the locks differ\n{ours_sorted}\n{theirs}")


@case
def each_takes_results_from_the_others_run_cache(binary):
    box = Box(binary)
    pipeline(box)
    box.dvc("repro", "-q")
    (box.root / "dvc.lock").unlink()
    got = outcomes(box)
    expect({got["prepare"], got["train@us"]} == {"restored"}, f"not from DVC's run cache: {got}")
    dvc_clean(box)
    shutil.rmtree(box.root / ".dvc/cache/runs")
    box.write("raw.txt", "new\n")
    outcomes(box)
    (box.root / "dvc.lock").unlink()
    (box.root / "m_us.bin").unlink()
    text = box.dvc("repro")
    expect(text.count("is cached - skipping run") == 3, f"not from our run cache: {text}")
    ours_clean(box)


@case
def changes_are_seen_alike(binary):
    box = Box(binary)
    pipeline(box)
    outcomes(box)
    changes = [
        ("params.yaml", "size: 3.0\nopt: {x: 1, y: [1]}\n"),  # equal to Python
        ("params.yaml", "size: 4\nopt: {x: 1.0}\n"),
        ("p.toml", "[a]\nx = 2\n"),
        ("extra.json", '{"z": [1.0, 2, [1]], "k": 0.00001, "nul": null, "u": "é"}'),
        ("extra.json", '{"k": 1e-5, "z": [2, 1], "nul": null, "u": "é"}'),
        ("c.py", "class T:\n    z = [1, 'b']\n"),
        ("tool.sh", "false\n"),
    ]
    for name, content in changes:
        before = (box.root / name).read_bytes()
        box.write(name, content)
        text = box.dvc("status")
        theirs = {line.rstrip(":") for line in text.splitlines() if line and not line.startswith("\t")}
        theirs = {line for line in theirs if "@" in line or line == "prepare"}
        mine = {stage for stage, outcome in outcomes(box, "-n").items() if outcome == "would run"}
        expect(mine == theirs, f"{name}: {content!r}: ours {mine}, DVC's {theirs}\n{text}")
        box.write(name, before)


@case
def a_whole_round_in_turns(binary):
    box = Box(binary)
    pipeline(box)
    for i, (mine, theirs) in enumerate([(True, False), (False, True), (True, False), (False, True)]):
        box.write("params.yaml", f"size: {i}\nopt: {{x: {i}}}\n")
        outcomes(box) if mine else box.dvc("repro", "-q")
        dvc_clean(box)
        ours_clean(box)


@case
def data_and_nested_pipelines(binary):
    box = Box(binary)
    box.write("input.txt", "one\n")
    box.dvc("add", "-q", "input.txt")
    box.write("sub/dvc.yaml", "stages:\n  s:\n    wdir: w\n    cmd: cat ../../input.txt > o; echo $DVC_STAGE >> o\n"
              "    deps: [../../input.txt]\n    outs:\n    - o:\n        persist: true\n        desc: d\n")
    box.write("sub/w/.keep")
    box.write("dvc.yaml", "stages:\n  top:\n    cmd: cat sub/w/o > p\n    deps: [sub/w/o]\n    outs:\n    - p:\n"
              "        cache: false\n  cb:\n    cmd: echo\n")
    got = outcomes(box, "-P")
    expect(got["sub/dvc.yaml:s"] == "ran" and got["input.txt.dvc"] == "unchanged", f"{got}")
    expect("cb" in box.dvc("status"), "only the callback is never up to date")
    box.write("input.txt", "two\n")
    got = outcomes(box, "-P")
    expect(got["input.txt.dvc"] == "recorded" and got["top"] == "ran", f"{got}")
    text = box.dvc("status")
    expect(text.split() == ["cb:", "always", "changed"], text)
    box.write("input.txt", "three\n")
    box.dvc("repro", "-q", "-P")
    got = outcomes(box, "-P", "-n")
    expect({name for name, what in got.items() if what != "unchanged"} == {"cb"}, f"{got}")


@case
def commit_writes_the_same_lock(binary):
    locks_of = []
    for tool in ("dvc", "mlopsctl"):
        box = Box(binary)
        pipeline(box)
        box.dvc("repro", "-q")
        box.write("m_us.bin", "by hand")
        box.write("params.yaml", "size: 9\nopt: {x: 2}\n")
        box.dvc("commit", "-q", "-f") if tool == "dvc" else box.ours("commit", "--force")
        dvc_clean(box)
        ours_clean(box)
        locks_of.append(sorted(locks(box)["dvc.lock"].splitlines()))
    expect(locks_of[0] == locks_of[1], f"{locks_of[0]}\n{locks_of[1]}")


@case
def stage_add_writes_the_same_file(binary):
    argv = ["-d", "b", "-d", "a", "-p", "lr,opt.x", "-p", "q.yaml:", "-O", "o2", "-m", "m.json", "-M", "n.json",
            "--plots-no-cache", "p.csv", "--outs-persist", "o1", "--desc", "what", "-w", "sub"]
    command = ["python", "x.py", "--name", "a b"]
    texts = []
    for tool in ("dvc", "mlopsctl"):
        box = Box(binary)
        (box.root / "sub").mkdir()
        box.write("dvc.yaml", "# mine\nstages:\n  first:\n    cmd: x\n    outs:\n    - y\n")
        if tool == "dvc":
            box.dvc("stage", "add", "-q", "-n", "two", *argv, *command)
        else:
            ours(box, "stage", "add", "--name", "two", *argv, "--", *command)
            box.dvc("freeze", "first")
            ours(box, "unfreeze", "first")
            ours(box, "freeze", "two")
            box.dvc("unfreeze", "two")
        texts.append((box.read("dvc.yaml"), box.read("sub/.gitignore")))
    expect(texts[0][0] == texts[1][0], f"{texts[0][0]}\n{texts[1][0]}")
    expect(sorted(texts[0][1].split()) == sorted(texts[1][1].split()), f"{texts}")


@case
def graphs_are_the_same(binary):
    box = Box(binary)
    pipeline(box)
    box.write("sub/dvc.yaml", "stages:\n  a:\n    cmd: x\n    deps: [../m_us.bin]\n    outs: [z]\n")
    for argv in (["--dot"], ["--mermaid"], ["--mermaid", "--outs"], ["--mermaid", "train@us"],
                 ["--mermaid", "--full", "prepare"], ["--dot", "sub/dvc.yaml:a"],
                 ["--md"], ["--dot", "--outs"]):
        def lines(text):  # the order of nodes and parts is not promised
            names = {}
            for line in text.splitlines():
                if '["' in line:
                    number, name = line.strip()[:-2].split('["')
                    names[number] = name
            result = []
            for line in text.splitlines():
                if "-->" in line:
                    line = " ".join(names[node] for node in line.strip().split("-->"))
                elif '["' in line:
                    line = line.split('["')[1]
                result.append(line)
            return sorted(line for line in result if line.strip())
        mine, theirs = lines(ours(box, "dag", *argv)), lines(box.dvc("dag", *argv))
        expect(mine == theirs, f"dag {argv}\n{mine}\n{theirs}")


@case
def metrics_and_parameters_are_the_same(binary):
    box = Box(binary)
    pipeline(box)
    box.write("c.py", "class T:\n    z = [1, 'a']\n")
    outcomes(box)
    box.commit()
    box.git("tag", "v1")
    box.write("dvc.yaml", PIPELINE.replace("lr: 0.1", "lr: 0.25"))
    box.write("params.yaml", "size: 5\nopt: {x: .nan, y: [1, b]}\nfresh: true\n")
    box.write("other.yaml", "score: 2.5\ntext: hello\nnothing: null\n")
    # DVC leaves tuples out when it shows parameters; we do not.
    box.write("c.py", "class T:\n    z = [1, 'b']\n")
    outcomes(box)
    for argv in (["metrics", "show"], ["metrics", "show", "-T"], ["metrics", "diff"], ["metrics", "diff", "--all"],
                 ["metrics", "diff", "v1"], ["metrics", "show", "other.yaml"], ["params", "diff"],
                 ["params", "diff", "--all"], ["params", "diff", "--deps"], ["params", "diff", "v1", "HEAD"]):
        mine = ours(box, *argv, "--format", "dvc-json")
        theirs = box.dvc(*argv, "--json")
        # NaN is not equal to itself; as text it is.
        read = [json.dumps(json.loads(text), sort_keys=True) for text in (mine, theirs)]
        expect(read[0] == read[1], f"{argv}\n{read[0]}\n{read[1]}")


sys.exit(1 if run_cases(CASES) else 0)
