"""Measures drift: mlopsctl beside scipy, numpy, pandas and Evidently.

usage: drift.py BIN-FOLDER [--quick]

Figures are medians of whole processes with warm files unless a row says otherwise. What a peer needs
too long for is measured on some features and extrapolated, which the row says. Memory is what a
process holds besides mapped files (RssAnon), for those are the system's to keep or to drop.
"""
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import pandas
import scipy
import scipy.stats

BIN = os.path.abspath(sys.argv[1])
QUICK = "--quick" in sys.argv
DEVICE = os.environ.get("MLOPSCTL_DEVICE", "cpu")
ROWS, WIDTH, PEERS = (50_000, 64, 2) if QUICK else (1_000_000, 768, 6)
TABLE_ROWS, TABLE_WIDTH = (100_000, 50) if QUICK else (3_000_000, 50)
EVIDENTLY_ROWS, EVIDENTLY_WIDTH = (5_000, 10) if QUICK else (100_000, 50)
MMD_ROWS = 500 if QUICK else 4000
WORK = tempfile.mkdtemp(prefix="mlopsctl-bench-drift-")
ENV = dict(os.environ, HOME=WORK, XDG_CONFIG_HOME=WORK, LC_ALL="C.UTF-8")
PANEL_MB = 512


def row(what, reach, ours, theirs="", ratio=""):
    print(f"| {what} | {reach} | {ours} | {theirs} | {ratio} |", flush=True)


def tool(name, *arguments, codes=(0,), prefix=()):
    """Seconds, largest RssAnon in MB and standard output of one process."""
    argv = [*prefix, os.path.join(BIN, name), *map(str, arguments)]
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen(argv, cwd=WORK, env=ENV, stdout=out, stderr=subprocess.PIPE)
        most = 0
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                    for line in status:
                        if line.startswith("RssAnon"):
                            most = max(most, int(line.split()[1]))
            except OSError:
                pass
            time.sleep(0.002)
        seconds = time.perf_counter() - begin
        assert process.returncode in codes, (argv, process.returncode, process.stderr.read().decode())
        out.seek(0)
        return seconds, most / 1024, out.read().decode()


def check(*arguments, count=3):
    """The median of some checks: they end with 0 or 3."""
    runs = [tool("mlopsctl", "drift", "check", *arguments, "--json", codes=(0, 3))
            for _ in range(count)]
    return (statistics.median(run[0] for run in runs), max(run[1] for run in runs),
            json.loads(runs[0][2]))


def matrix(name, shift, seed):
    random = numpy.random.default_rng(seed)
    file = numpy.lib.format.open_memmap(os.path.join(WORK, name), "w+", numpy.float32, (ROWS, WIDTH))
    for first in range(0, ROWS, 10_000):
        part = file[first:first + 10_000]
        random.standard_normal(out=(block := numpy.empty(part.shape, numpy.float32)),
                               dtype=numpy.float32)
        part[:] = block + numpy.float32(shift)
    file.flush()
    return file


def timed(action):
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def matrices():
    reference, current = matrix("a.npy", 0, 1), matrix("b.npy", 0.003, 2)

    def features():
        for column in range(PEERS):
            a = reference[:, column].astype(numpy.float64)
            b = current[:, column].astype(numpy.float64)
            scipy.stats.ks_2samp(a, b)
            both = min(a.min(), b.min()), max(a.max(), b.max())
            numpy.histogram(a, 10, both)
            numpy.histogram(b, 10, both)

    taken, memory, report = check("a.npy", "b.npy", "--device", DEVICE)
    theirs = timed(features)[0] / PEERS * WIDTH
    size = f"{ROWS:,} x {WIDTH} float32 against the same"
    row(f"{size}: KS, p, PSI; {report['drifted_features']} drifted", "≤ 4 s on 2 cores", f"{taken:.2f} s",
        f"scipy ks_2samp and numpy.histogram, {PEERS} features, extrapolated: {theirs:.0f} s",
        f"{theirs / taken:.0f}x")
    row("its memory besides the mapped files", f"≤ {1.5 * PANEL_MB + 256:.0f} MB", f"{memory:.0f} MB")
    balanced, _, _ = check("a.npy", "b.npy", "--preset", "balanced", "--device", DEVICE, count=1)
    row("the same, preset balanced", "", f"{balanced:.2f} s")
    page, _, _ = check("a.npy", "b.npy", "--html", "page.html", "--device", DEVICE, count=1)
    row(f"the same with a page of all {WIDTH} features", "≤ 1 MB",
        f"{page:.2f} s, {os.path.getsize(os.path.join(WORK, 'page.html')) / 1e6:.2f} MB")
    taken, memory, _ = tool("mlopsctl", "drift", "profile", "a.npy", "-o", "a.profile", "--json")
    row("its profile", "", f"{taken:.2f} s, {memory:.0f} MB",
        f"file {os.path.getsize(os.path.join(WORK, 'a.profile')) / 1e6:.1f} MB "
        f"instead of {os.path.getsize(os.path.join(WORK, 'a.npy')) / 1e6:.0f} MB")
    taken, memory, _ = check("a.profile", "b.npy", count=1)
    row("a check against the profile", "", f"{taken:.2f} s, {memory:.0f} MB")

    ours = float(tool("bench_p_values", ROWS, WIDTH)[2].split()[0])
    n = round(ROWS / 2)
    some = [(1.5 + 1.5 * i / PEERS) / n**0.5 for i in range(PEERS)]
    theirs = timed(lambda: [scipy.stats.kstwo.sf(d, n) for d in some])[0] / PEERS * WIDTH
    row(f"KS p-values of {WIDTH} features of {ROWS:,} rows that drifted a little", "",
        f"{ours * 1000:.1f} ms", f"scipy kstwo.sf, {PEERS} values, extrapolated: {theirs:.1f} s",
        f"{theirs / max(ours, 1e-9):.0f}x")

    for name, shift in (("m1", 0), ("m2", 0.001)):
        tool("bench_compute", "make", name, MMD_ROWS, WIDTH, shift)
    taken, memory, _ = tool("bench_compute", "mmd", DEVICE, 1, "m1", "m2", MMD_ROWS, WIDTH, 1000)
    row(f"MMD of {MMD_ROWS} + {MMD_ROWS} x {WIDTH}, 1000 permutations", "",
        f"{taken:.2f} s, {memory:.0f} MB")
    for name in ("a.npy", "b.npy", "a.profile", "page.html"):
        os.remove(os.path.join(WORK, name))


def tables():
    for name, shift in (("a.csv", 0), ("b.csv", 0.003)):
        tool("bench_table", "make", name, TABLE_ROWS, TABLE_WIDTH, shift)
    path = os.path.join(WORK, "a.csv")
    megabytes = os.path.getsize(path) / 1e6
    size = f"CSV of {TABLE_ROWS:,} x {TABLE_WIDTH} numbers, {megabytes:.0f} MB"
    one = [json.loads(tool("bench_table", "read", "a.csv", 1, prefix=("taskset", "-c", "0"))[2])
           for _ in range(3)]
    ours = statistics.median(run["megabytes_per_second"] for run in one)
    theirs = megabytes / timed(lambda: pandas.read_csv(path))[0]
    row(f"reading {size}, one core, in process", "≥ 300 MB/s", f"{ours:.0f} MB/s",
        f"pandas.read_csv {theirs:.0f} MB/s", f"{ours / theirs:.1f}x")
    taken, memory, _ = check("a.csv", "b.csv")
    row(f"{size}, against the same", "", f"{taken:.2f} s, {memory:.0f} MB")
    taken, memory, _ = tool("mlopsctl", "drift", "profile", "a.csv", "-o", "a.profile", "--json")
    row("its profile", "", f"{taken:.2f} s, {memory:.0f} MB")
    for name in ("a.csv", "b.csv", "a.profile"):
        os.remove(os.path.join(WORK, name))


def evidently():
    for name, shift in (("a.csv", 0), ("b.csv", 0.003)):
        tool("bench_table", "make", name, EVIDENTLY_ROWS, EVIDENTLY_WIDTH, shift)
    code = """
import sys, time
begin = time.perf_counter()
import pandas
from evidently import Report
from evidently.presets import DataDriftPreset
start = time.perf_counter()
a, b = pandas.read_csv("a.csv"), pandas.read_csv("b.csv")
report = Report([DataDriftPreset()]).run(b, a)
report.json()
done = time.perf_counter()
report.save_html("evidently.html")
print(done - start, time.perf_counter() - start)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=WORK, env=dict(ENV, DO_NOT_TRACK="1"),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    work, with_page = map(float, done.stdout.split())
    ours, _, _ = check("a.csv", "b.csv", "--preset", "evidently")
    size = f"CSV of {EVIDENTLY_ROWS:,} x {EVIDENTLY_WIDTH} against the same"
    row(f"{size}, Evidently's tests", "", f"{ours:.2f} s",
        f"Evidently's DataDriftPreset, without its imports: {work:.1f} s", f"{work / ours:.0f}x")
    page, _, _ = check("a.csv", "b.csv", "--preset", "evidently", "--html", "ours.html")
    mb = [os.path.getsize(os.path.join(WORK, name)) / 1e6 for name in ("ours.html", "evidently.html")]
    row("the same with a page", "", f"{page:.2f} s, {mb[0]:.2f} MB", f"{with_page:.1f} s, {mb[1]:.1f} MB",
        f"{with_page / page:.0f}x")


try:
    import importlib.metadata
    print(f"{os.cpu_count()} x {platform.processor() or platform.machine()}, Linux {platform.release()}, "
          f"Python {platform.python_version()}, scipy {scipy.__version__}, numpy {numpy.__version__}, "
          f"pandas {pandas.__version__}, Evidently {importlib.metadata.version('evidently')}; "
          f"device {DEVICE}\n")
    row("what", "reach", "mlopsctl", "beside", "ratio")
    row("---", "---", "---", "---", "---")
    matrices()
    tables()
    evidently()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
