"""Writes files with numpy, pandas, pyarrow and safetensors and compares what mlopsctl reads.

usage: drift_readers_cases.py MLOPSCTL

A profile with more buckets than a column has values keeps each value exactly, so `drift profile`
says all values of a column with their counts. `drift report` reads the same files the other way,
whole: two files with the same values must not differ.
"""
import collections
import gzip
import io
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import pandas
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import safetensors.numpy

program = os.path.abspath(sys.argv[1])
folder = pathlib.Path(tempfile.mkdtemp(prefix="mlopsctl-readers-"))
environment = dict(os.environ, HOME=str(folder), XDG_CONFIG_HOME=str(folder))
wrong = checked = 0


def run(*arguments, stdin=b"", codes=(0,)):
    done = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True,
                          cwd=folder, env=environment)
    if done.returncode not in codes:
        raise RuntimeError(f"{arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout


def double(key):
    bits = key ^ (1 << 63) if key >> 63 else ~key & (2**64 - 1)
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def columns_of(*arguments, stdin=b""):
    """name -> (Counter of values, missing, infinite, kind)"""
    profile = json.loads(run("drift", "profile", *arguments, "-o", "-", "--buckets", "65536",
                             stdin=stdin))
    columns = {}
    for column in profile["columns"]:
        values, infinite = collections.Counter(), column.get("infinite", 0)
        if "labels" in column:
            assert column["hash_zeros"] == 0
            values.update(column["labels"])
        else:
            assert column["dropped_bits"] == 0, column["name"]
            key = 0
            for step, count in zip(column["buckets"][::2], column["buckets"][1::2]):
                key += step
                values[double(key)] = count
        columns[column["name"]] = (values, column["missing"], infinite, column["kind"])
    return columns


def expected(values):
    """The same of a list with None for missing values."""
    counts, missing, infinite = collections.Counter(), 0, 0
    for value in values:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            missing += 1
        elif isinstance(value, float) and math.isinf(value):
            infinite += 1
        elif isinstance(value, (bool, numpy.bool_)):
            counts["true" if value else "false"] += 1
        elif isinstance(value, str):
            counts[value] += 1
        else:
            counts[float(value) + 0.0] += 1
    return counts, missing, infinite


def check(what, columns, wanted):
    global wrong, checked
    checked += 1
    for name, values in wanted.items():
        got = columns.get(str(name))
        if got is None or got[:3] != expected(values):
            wrong += 1
            print(f"FAIL {what}, {name}: {str(got)[:300]} instead of {str(expected(values))[:300]}")
            return
    if set(columns) != {str(name) for name in wanted}:
        wrong += 1
        print(f"FAIL {what}: columns {sorted(columns)} instead of {sorted(map(str, wanted))}")


def same(what, *files):
    """Read whole, two files do not differ in any feature."""
    global wrong, checked
    checked += 1
    report = json.loads(run("drift", "report", *files, "--json", "--min-rows", "1"))
    moved = [f["name"] for f in report["features"] if f["effect_size"] not in (0, 0.0)]
    if moved or not report["features"] or report["reference_rows"] != report["current_rows"]:
        wrong += 1
        print(f"FAIL {what}: {moved} differ")


def matrix_columns(matrix):
    matrix = numpy.asarray(matrix)
    if matrix.ndim == 1:
        matrix = matrix.reshape(-1, 1)
    # float() of float16 and float32 is exact.
    return {i: [float(x) for x in matrix[:, i]] for i in range(matrix.shape[1])}


random = numpy.random.default_rng(20261129)
reals = random.normal(size=(400, 5)) * 10.0 ** random.integers(-30, 30, size=(400, 5))
reals[3, 1], reals[4, 1], reals[5, 2], reals[6, 3] = math.nan, math.inf, -math.inf, -0.0

# numpy: every type, order and byte order.
for dtype in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
    with numpy.errstate(over="ignore", under="ignore"):
        values = reals.astype(dtype)
    for order in "CF":
        path = folder / f"m{order}{dtype[1:]}{'b' if dtype[0] == '>' else ''}.npy"
        numpy.save(path, numpy.array(values, order=order))
        check(f"{path.name}", columns_of(path.name), matrix_columns(values))
for dtype in ("i1", "u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", ">i8", "<u8", "?"):
    info = numpy.iinfo(dtype) if dtype != "?" else None
    low, high = (info.min, info.max) if info else (0, 1)
    if info and info.bits == 64:  # those that a double holds
        low, high = max(low, -2**53), 2**53
    values = random.integers(low, high, size=(300, 2), dtype="u8" if low == 0 and high > 2**62 else "i8",
                             endpoint=True).astype(dtype)
    numpy.save(folder / "i.npy", values)
    check(f"npy {dtype}", columns_of("i.npy"), {i: [float(x) for x in values[:, i]] for i in range(2)})
numpy.save(folder / "v.npy", reals[:, 0])
check("npy of one dimension", columns_of("v.npy"), matrix_columns(reals[:, 0]))
numpy.save(folder / "slice.npy", reals[::3, ::2])
check("npy of a slice", columns_of("slice.npy"), matrix_columns(reals[::3, ::2]))
numpy.savez(folder / "s.npz", x=reals.astype("f4"), y=reals)
numpy.savez_compressed(folder / "z.npz", x=reals.astype("f4"), y=reals)
for name in ("s.npz", "z.npz"):
    check(f"{name} x", columns_of(name, "--array", "x"), matrix_columns(reals.astype("f4")))
    check(f"{name} y", columns_of(name, "--array", "y"), matrix_columns(reals))
check("npy on standard input", columns_of("-", "--format", "npy",
                                          stdin=(folder / "v.npy").read_bytes()),
      matrix_columns(reals[:, 0]))
with numpy.errstate(over="ignore"):
    safetensors.numpy.save_file({"a": reals, "b": reals.astype("f4"), "c": reals.astype("f2"),
                                 "d": numpy.arange(30).reshape(10, 3)}, folder / "t.safetensors")
    for name, values in {"a": reals, "b": reals.astype("f4"), "c": reals.astype("f2"),
                         "d": numpy.arange(30).reshape(10, 3)}.items():
        check(f"safetensors {name}", columns_of("t.safetensors", "--array", name),
              matrix_columns(values))
same("npy orders", "mCf8.npy", "mFf8b.npy")

# pandas: a table of every kind, with what needs quotes.
rows = 300
words = ["plain", "with, comma", 'with "quotes"', "two\nlines", "ünïcødé ✓", "tab\there"]
frame = pandas.DataFrame({
    "real": reals[:rows, 0],
    "holes": [None if i % 7 == 0 else float(x) for i, x in enumerate(numpy.arange(rows) / 7)],
    "count": random.integers(-1000, 1000, rows),
    "large": [2**53 - i for i in range(rows)],
    "flag": [bool(i % 3) for i in range(rows)],
    "word": [words[i % len(words)] for i in range(rows)],
    "gone": [None if i % 5 == 0 else words[i % 2] for i in range(rows)],
})
wanted = {name: [None if x is None or (isinstance(x, float) and math.isnan(x)) else x
                 for x in frame[name].astype(object)] for name in frame}
frame.to_csv(folder / "p.csv", index=False)
frame.to_csv(folder / "index.csv")
frame.to_csv(folder / "semicolon.csv", index=False, sep=";")
frame.to_csv(folder / "tabs.tsv", index=False, sep="\t")
frame.to_csv(folder / "crlf.csv", index=False, lineterminator="\r\n")
frame.to_csv(folder / "quoted.csv", index=False, quoting=1)
frame.to_csv(folder / "mark.csv", index=False, encoding="utf-8-sig")
frame.to_csv(folder / "packed.csv.gz", index=False)
frame.to_csv(folder / "na.csv", index=False, na_rep="NA")
for name in ("p.csv", "index.csv", "semicolon.csv", "tabs.tsv", "crlf.csv", "quoted.csv",
             "mark.csv", "packed.csv.gz", "na.csv"):
    check(f"pandas {name}", columns_of(name), wanted)
plain = (folder / "p.csv").read_bytes()
check("CSV on standard input", columns_of("-", "--format", "csv", stdin=plain), wanted)
check("CSV on standard input, packed", columns_of("-", "--format", "csv",
                                                  stdin=gzip.compress(plain)), wanted)
half = plain.index(b"\n", len(plain) // 2) + 1
check("CSV in two gzip members", columns_of("-", "--format", "csv", stdin=gzip.compress(
    plain[:half]) + gzip.compress(plain[half:])), wanted)
(folder / "noname").write_bytes(gzip.compress(plain))
check("CSV recognised by content", columns_of("noname"), wanted)

frame.to_json(folder / "p.jsonl", orient="records", lines=True, double_precision=15)
# pandas writes 15 digits: what it reads back is what it wrote.
back = pandas.read_json(io.StringIO((folder / "p.jsonl").read_text()), lines=True,
                        precise_float=True)
from_json = dict(wanted, real=[float(x) for x in back["real"]], holes=[
    None if math.isnan(x) else float(x) for x in back["holes"]])
check("pandas JSON lines", columns_of("p.jsonl"), from_json)
(folder / "p.jsonl.gz").write_bytes(gzip.compress((folder / "p.jsonl").read_bytes()))
check("pandas JSON lines, packed", columns_of("p.jsonl.gz"), from_json)
lines = "".join(json.dumps({name: wanted[name][i] for name in wanted}) + "\n" for i in range(rows))
(folder / "python.jsonl").write_text(lines)
check("Python's JSON lines", columns_of("python.jsonl"), wanted)
check("JSON lines on standard input", columns_of("-", "--format", "jsonl", stdin=lines.encode()),
      wanted)

numpy.savetxt(folder / "savetxt.csv", reals[:rows, :3], delimiter=",", header="a,b,c", comments="",
              fmt="%.18e")
check("numpy.savetxt", columns_of("savetxt.csv"),
      dict(zip("abc", matrix_columns(reals[:rows, :3]).values())))

# pyarrow and pandas through it: every compression, pages of dictionaries, several row groups.
table = pyarrow.Table.from_pandas(frame, preserve_index=False)
parquet = True
for compression in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
    for dictionary in (True, False):
        pyarrow.parquet.write_table(table, folder / "t.parquet", compression=compression,
                                    use_dictionary=dictionary, row_group_size=77,
                                    data_page_version="2.0" if dictionary else "1.0")
        try:
            got = columns_of("t.parquet")
        except RuntimeError as error:
            if "Parquet" not in str(error) or compression != "none":
                raise
            parquet = False
            print(f"Parquet is not built in here: {error}")
            break
        check(f"Parquet, {compression}, dictionary {dictionary}", got, wanted)
    if not parquet:
        break
pyarrow.csv.write_csv(table, folder / "arrow.csv")
check("pyarrow CSV", columns_of("arrow.csv"), wanted)
files = ["p.csv", "index.csv", "crlf.csv", "quoted.csv", "packed.csv.gz", "python.jsonl",
         "arrow.csv"] + (["t.parquet"] if parquet else [])
for name in files[1:]:
    same(f"p.csv and {name}", "p.csv", name)
if parquet:
    embeddings = reals[:, :3].astype("f4")
    pyarrow.parquet.write_table(pyarrow.table({"e": pyarrow.FixedSizeListArray.from_arrays(
        embeddings.reshape(-1), 3)}), folder / "e.parquet")
    check("Parquet lists", columns_of("e.parquet"), matrix_columns(embeddings))
    numpy.save(folder / "e.npy", embeddings)
    same("lists and npy", "e.npy", "e.parquet")

# Kinds by hand.
(folder / "kinds.yaml").write_text("columns:\n  count: category\n  flag: ignore\n  real: real\n")
by_hand = {name: values for name, values in wanted.items() if name != "flag"}
by_hand["count"] = [str(x) for x in wanted["count"]]
got = columns_of("p.csv", "--schema", "kinds.yaml")
check("--schema", got, by_hand)
assert got["count"][3] == "category"

print(f"{checked} comparisons, numpy {numpy.__version__}, pandas {pandas.__version__}, "
      f"pyarrow {pyarrow.__version__}: {wrong} differ")
subprocess.run(["rm", "-rf", folder])
sys.exit(wrong > 0)
