"""Measures tracking: mlopsctl beside MLflow's Python client on its SQLite store, and raw SQLite.

usage: tracking.py BIN-FOLDER [--quick]

Every figure is a median of several runs unless it says otherwise; a ratio compares two figures of the
same call on the same machine.
"""

import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

BIN = os.path.abspath(sys.argv[1])
QUICK = "--quick" in sys.argv
MLOPSCTL = os.path.join(BIN, "mlopsctl")
PYTHON = sys.executable
WORK = tempfile.mkdtemp(prefix="mlopsctl-bench-")
ENV = dict(os.environ, MLFLOW_DISABLE_TELEMETRY="true", CI="true", GIT_PYTHON_REFRESH="quiet",
           MLFLOW_TRACKING_URI=f"sqlite:///{WORK}/mlflow.db", LC_ALL="C.UTF-8", HOME=WORK)
rows = []


def row(what, reach, ours, theirs="", ratio=""):
    rows.append((what, reach, ours, theirs, ratio))
    print(f"{what:58} {reach:22} {ours:26} {theirs:34} {ratio}", flush=True)


def peak(argv, cwd=WORK):
    """Peak resident memory of a process in MB."""
    return int(output([os.path.join(BIN, "bench_peak")] + argv, cwd)) / 1024


def times(argv, count, cwd=WORK, warm=3):
    """Wall seconds of whole processes, and the peak resident memory of one of them in MB."""
    taken = []
    for i in range(count + warm):
        begin = time.perf_counter()
        subprocess.run(argv, cwd=cwd, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        end = time.perf_counter()
        if i >= warm:
            taken.append(end - begin)
    return statistics.median(taken)


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def output(argv, cwd=WORK, **kwargs):
    return subprocess.run(argv, cwd=cwd, env=ENV, check=True, capture_output=True, text=True, **kwargs).stdout.strip()


def python(code):
    return [PYTHON, "-c", code]


def startup():
    count = 20 if QUICK else 200
    mlflow = [os.path.join(os.path.dirname(PYTHON), "mlflow"), "--version"]
    version, rss = times([MLOPSCTL, "--version"], count), peak([MLOPSCTL, "--version"])
    peer, peer_rss = times(mlflow, 3 if QUICK else 5, warm=1), peak(mlflow)
    row("--version", "<= 5 ms, <= 12 MB", f"{ms(version)}, {rss:.0f} MB", f"mlflow --version {ms(peer)}, {peer_rss:.0f} MB",
        f"{peer / version:.0f}x")
    helped, rss = times([MLOPSCTL, "--help"], count), peak([MLOPSCTL, "--help"])
    row("--help", "<= 5 ms, <= 12 MB", f"{ms(helped)}, {rss:.0f} MB")
    ENV["MLOPSCTL_COMPLETE"] = "2"
    completed, rss = times([MLOPSCTL, "run", "show", ""], count), peak([MLOPSCTL, "run", "show", ""])
    del ENV["MLOPSCTL_COMPLETE"]
    row("completion of run ids", "<= 5 ms, <= 12 MB", f"{ms(completed)}, {rss:.0f} MB")


MLFLOW_RUN = ""


def log_one():
    global MLFLOW_RUN
    run = output([MLOPSCTL, "run", "start"])
    ours = times([MLOPSCTL, "run", "log", run, "loss=0.5"], 20 if QUICK else 200)
    MLFLOW_RUN = output(python("import mlflow\nwith mlflow.start_run() as r: print(r.info.run_id)")).split()[-1]
    code = f"from mlflow import MlflowClient\nimport time\nMlflowClient().log_metric('{MLFLOW_RUN}','loss',0.5,int(time.time()*1000),1)"
    theirs = times(python(code), 3 if QUICK else 5, warm=1)
    row("run log of one metric, whole process", "<= 6 ms", ms(ours), f"MLflow client {ms(theirs)}", f"{theirs / ours:.0f}x")
    db = sqlite3.connect(f"{WORK}/raw.db")
    db.execute("create table m(run text, key text, step int, ts int, value real)")
    db.commit()
    raw = times(["sqlite3", f"{WORK}/raw.db", "insert into m values('r','loss',1,1,0.5)"], 20 if QUICK else 100)
    row("  beside: sqlite3, one insert, whole process", "", ms(raw))


def exec_overhead():
    count = 10 if QUICK else 50
    bare = times(["true"], count)
    ours = times([MLOPSCTL, "run", "exec", "--no-packages", "--", "true"], count)
    row("run exec -- true, overhead without packages", "<= 40 ms", ms(ours - bare))


def ingest():
    points = 100_000 if QUICK else 1_000_000
    path = f"{WORK}/points.jsonl"
    with open(path, "w") as out:
        for i in range(points):
            out.write('{"step":%d,"loss":%.6f,"time":%d}\n' % (i, 1 / (i + 1), 1763880000000 + i))
    taken, sizes, rss_all = [], [], []
    for i in range(3 if QUICK else 5):
        home = f"{WORK}/ingest{i}"
        os.mkdir(home)
        output([MLOPSCTL, "init", "--project", home])
        run = output([MLOPSCTL, "run", "start", "--project", home])
        log = [MLOPSCTL, "run", "log", "--project", home, run, "--from", path]
        seconds = times(log, 1, warm=0)
        db = sqlite3.connect(f"{home}/.mlopsctl/runs.db")
        db.execute("pragma wal_checkpoint(truncate)")
        assert db.execute("select count(*) from points").fetchone()[0] == points
        db.close()
        taken.append(points / seconds)
        sizes.append(os.path.getsize(f"{home}/.mlopsctl/runs.db") / points)
        if i == 0:  # the points again: all of them are repeats, which takes the same way
            rss_all.append(peak(log))
    rate = statistics.median(taken)
    # MLflow: log_batch of 1000, its largest; fewer points, because it is slow.
    theirs_points = 5_000 if QUICK else 20_000
    code = f"""
from mlflow import MlflowClient
from mlflow.entities import Metric
import time
c = MlflowClient(); r = c.create_run('0').info.run_id
b = time.perf_counter()
for i in range(0, {theirs_points}, 1000):
    c.log_batch(r, [Metric('loss', 1/(j+1), 1763880000000+j, j) for j in range(i, i+1000)])
print(time.perf_counter() - b)"""
    theirs = theirs_points / float(output(python(code)).split()[-1])
    row(f"streaming ingest of {points:,} points", ">= 500,000 points/s", f"{rate:,.0f} points/s",
        f"MLflow log_batch {theirs:,.0f} points/s", f"{rate / theirs:.0f}x")
    before = os.path.getsize(f"{WORK}/mlflow.db")
    row("  on disk", "<= 32 bytes/point", f"{statistics.median(sizes):.1f} bytes/point")
    row("  resident memory (flat)", "flat", f"{max(rss_all):.0f} MB")
    assert before > 0
    db = sqlite3.connect(f"{WORK}/raw2.db", isolation_level=None)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=normal")
    db.execute("create table m(series int, step int, ts int, value real, primary key(series, step, ts, value)) without rowid")
    values = [(1, i, 1763880000000 + i, 1 / (i + 1)) for i in range(points)]
    begin = time.perf_counter()
    for i in range(0, points, 100_000):
        db.execute("begin immediate")
        db.executemany("insert or ignore into m values(?,?,?,?)", values[i:i + 100_000])
        db.execute("commit")
    raw = points / (time.perf_counter() - begin)
    row("  beside: raw SQLite from Python, the same table, no parsing", "", f"{raw:,.0f} points/s", "", f"{rate / raw:.1f}x")


def many_writers():
    writers, each = 16, (5 if QUICK else 50)
    run = output([MLOPSCTL, "run", "start"])
    done = subprocess.run([os.path.join(BIN, "bench_writers"), MLOPSCTL, run, str(writers), str(each)], cwd=WORK, env=ENV,
                          check=True, capture_output=True, text=True)
    errors = done.stderr.splitlines()
    latencies = sorted(float(line) for line in done.stdout.split())
    shown = json.loads(output([MLOPSCTL, "run", "show", run, "--json"]))
    stored = sum(metric["points"] for metric in shown["metrics"])
    p99 = latencies[int(len(latencies) * 0.99)]
    row(f"{writers} shells calling run log at once, whole process", "p99 <= 50 ms, no loss",
        f"p50 {ms(statistics.median(latencies))}, p99 {ms(p99)}; {len(errors)} errors, {writers * each - stored} lost")
    # Long-lived writers: the commit alone, as a training loop sees it.
    children = []
    for number in range(writers):
        code = f"""
import subprocess, time, json
p = subprocess.Popen({[MLOPSCTL, 'run', 'log', run, '--from', '-', '--ack']!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
for i in range({each}):
    b = time.perf_counter()
    p.stdin.write('{{"step":%d,"s{number}":1}}\\n' % i); p.stdin.flush(); p.stdout.readline()
    print(time.perf_counter() - b)
    time.sleep(0.01)
p.stdin.close(); p.wait()"""
        children.append(subprocess.Popen(python(code), cwd=WORK, env=ENV, stdout=subprocess.PIPE, text=True))
    stream = sorted(float(line) for child in children for line in child.communicate()[0].split())
    row(f"{writers} streams, one metric every 10 ms, line to ack", "p99 <= 50 ms",
        f"p50 {ms(statistics.median(stream))}, p99 {ms(stream[int(len(stream) * 0.99)])}")
    code = f"""
import sys, time
from mlflow import MlflowClient
c = MlflowClient()
c.log_metric('{MLFLOW_RUN}', 'warm', 1.0)
for i in range({each}):
    b = time.perf_counter()
    try: c.log_metric('{MLFLOW_RUN}', 'k'+sys.argv[1], float(i), step=i); print(time.perf_counter() - b)
    except Exception as e: print('error')
    time.sleep(0.01)"""
    children = [subprocess.Popen(python(code) + [str(n)], cwd=WORK, env=ENV, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True) for n in range(writers)]
    words = [word for child in children for word in child.communicate()[0].split()]
    theirs = sorted(float(word) for word in words if word != "error")
    failed = writers * each - len(theirs)
    rows[-1] = rows[-1][:3] + (f"MLflow p50 {ms(statistics.median(theirs))}, p99 {ms(theirs[int(len(theirs) * 0.99)])}; {failed} failed",
                               f"{theirs[int(len(theirs) * 0.99)] / stream[int(len(stream) * 0.99)]:.0f}x at p99")
    print("    " + rows[-1][3], rows[-1][4])


def listing():
    runs = 2_000 if QUICK else 20_000
    home = f"{WORK}/many"
    subprocess.run([os.path.join(BIN, "bench_store"), f"{home}/.mlopsctl", str(runs), "20", "1"], check=True)
    argv = [MLOPSCTL, "run", "list", "--project", home, "metrics.metric_3 < 0.5", "--sort", "metrics.metric_7", "--columns",
            "run_id,metrics.metric_7"]
    ours = times(argv, 5 if QUICK else 30)
    full = times(argv[:-2], 5 if QUICK else 30)
    code = f"""
import sqlite3, time, uuid
from mlflow import MlflowClient
c = MlflowClient('sqlite:///{WORK}/many.db')
c.search_experiments()
db = sqlite3.connect('{WORK}/many.db')
columns = [d[0] for d in db.execute('select * from latest_metrics').description]
for r in range({runs}):
    u = uuid.uuid4().hex
    db.execute("insert into runs(run_uuid,name,source_type,source_name,entry_point_name,user_id,status,start_time,end_time,source_version,lifecycle_stage,artifact_uri,experiment_id) values(?,?,'LOCAL','','','b','FINISHED',?,?,'','active','',0)", (u, 'run-%d' % r, 1763880000000+r*1000, 1763880100000+r*1000))
    db.executemany("insert into latest_metrics(key,value,timestamp,step,is_nan,run_uuid) values(?,?,1763880000000,0,0,?)", [('metric_%d' % m, ((r*7919+m*104729) % 1000)/1000, u) for m in range(20)])
db.commit()
db.execute('analyze')
t = []
for i in range(4):
    b = time.perf_counter()
    found = c.search_runs(['0'], 'metrics.metric_3 < 0.5', order_by=['metrics.metric_7 ASC'], max_results=50)
    t.append(time.perf_counter() - b)
assert len(found) == 50
print(sorted(t)[1])"""
    theirs = float(output(python(code)).split()[-1])
    row(f"run list, metric filter and sort, {runs:,} runs x 20", "<= 30 ms", ms(ours), f"MLflow search_runs, in process {ms(theirs)}",
        f"{theirs / ours:.0f}x")
    row("  with all columns", "", ms(full))


def comparing():
    home = f"{WORK}/compare"
    points = 1_000 if QUICK else 5_000
    subprocess.run([os.path.join(BIN, "bench_store"), f"{home}/.mlopsctl", "10", "20", str(points)], check=True)
    names = [f"run-{i}" for i in range(10)]
    ours = times([MLOPSCTL, "run", "compare", "--project", home] + names, 5 if QUICK else 30)
    row(f"run compare of 10 runs, {10 * 20 * points:,} points", "<= 30 ms", ms(ours))


def main():
    output([MLOPSCTL, "init", "--project", WORK])
    versions = f"mlopsctl {output([MLOPSCTL, '--version']).split()[1]}, MLflow {output(python('import mlflow; print(mlflow.__version__)'))}"
    versions += f", Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    for part in (startup, log_one, exec_overhead, ingest, many_writers, listing, comparing):
        part()
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    print(f"\nMachine: {len(model)} x {model[0]}, Linux {platform.release()}. {versions}.\n")
    print("| what | reach | mlopsctl | beside | ratio |\n| --- | --- | --- | --- | --- |")
    for one in rows:
        print("| " + " | ".join(cell.replace("<=", "≤").replace(">=", "≥").strip() for cell in one) + " |")


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
