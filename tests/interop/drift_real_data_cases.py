"""usage: drift_real_data_cases.py MLOPSCTL [FOLDER OF FASHION-MNIST]

What the specification and the balanced preset say of real data whose answer is known. The figures of
Fashion-MNIST are those of scipy 1.10.1 and numpy 1.24.2 over all 784 pixels as doubles.
"""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
from sklearn.datasets import load_digits

program = os.path.abspath(sys.argv[1])
fashion = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else None
folder = pathlib.Path(tempfile.mkdtemp(prefix="mlopsctl-real-"))
environment = dict(os.environ, HOME=str(folder), XDG_CONFIG_HOME=str(folder))
failed = False


def check(reference, current, *options):
    numpy.save(folder / "reference.npy", reference)
    numpy.save(folder / "current.npy", current)
    done = subprocess.run([program, "drift", "check", "reference.npy", "current.npy", "--json", *options],
                          capture_output=True, cwd=folder, env=environment)
    assert done.returncode in (0, 3), done.stderr.decode()
    report = json.loads(done.stdout)
    assert (report["verdict"] == "drift") == (done.returncode == 3)
    return report


def expect(what, holds, seen=""):
    global failed
    print(f"{'ok  ' if holds else 'FAIL'} {what} {seen}")
    failed = failed or not holds


def near(got, wanted, relative=1e-8):
    return abs(got - wanted) <= max(relative * abs(wanted), 6e-11)  # they are given to ten places


digits = load_digits()
order = numpy.random.default_rng(7).permutation(len(digits.data))
first, second = digits.data[order[:900]], digits.data[order[900:]]
quiet = check(first, second, "--preset", "balanced")
expect("halves of the digits are quiet", quiet["verdict"] == "ok",
       quiet["summary"])
low, high = digits.data[digits.target < 5], digits.data[digits.target >= 5]
loud = check(low, high, "--preset", "balanced")
expect("digits 0-4 and 5-9 are loud", loud["verdict"] == "drift" and loud["severity"] == "high",
       f"{loud['drifted_features']} of {loud['tested_features']}")
expect("and by the specified rule", check(low, high)["verdict"] == "drift")
pixel = next(f for f in check(low, high)["features"] if f["name"] == "28")
expect("pixel 28 is as scipy has it", near(pixel["ks"], 0.110157860314, 1e-10) and
       near(pixel["ks_p"], 3.25589174669e-05) and near(pixel["psi"], 0.145989202958, 1e-10))

if fashion is None:
    print("skipped: Fashion-MNIST, because dataset-fashion-mnist is not installed and cannot be downloaded")
else:
    def images(name):
        with gzip.open(fashion / f"{name}-images-idx3-ubyte.gz") as file:
            return numpy.frombuffer(file.read()[16:], "u1").reshape(-1, 784)

    def labels(name):
        with gzip.open(fashion / f"{name}-labels-idx1-ubyte.gz") as file:
            return numpy.frombuffer(file.read()[8:], "u1")

    train, test, classes = images("train"), images("t10k"), labels("train")
    quiet = check(train, test, "--preset", "balanced")
    expect("Fashion-MNIST's training and test images are quiet", quiet["verdict"] == "ok",
           f"{quiet['drifted_features']} of {quiet['tested_features']}")
    brighter = numpy.minimum(test.astype("u2") + 16, 255).astype("u1")
    for what, current, reference, ks, bonferroni, bands, largest_d, largest_psi, sums in (
            ("training against test images", test, train, 7, 0, (784, 0, 0),
             (0.0163166667, "636"), (0.0029013968, "399"), (5.387833333, 0.827951571)),
            ("the first 9000 of each", test[:9000], train[:9000], 21, 0, (784, 0, 0),
             (0.0261111111, "375"), (0.0068860145, "59"), (8.044444444, 1.675305776)),
            ("classes 0-4 against 5-9", train[classes >= 5], train[classes < 5], 760, 750,
             (220, 97, 467), (0.7307333333, "39"), (3.3104336459, "474"),
             (211.903233333, 513.767437436)),
            ("16 brighter", brighter, train, 784, 784, (629, 151, 4), (0.9999833333, "0"),
             (20.2087719883, "0"), (425.354016667, 115.971528199))):
        report = check(reference, current, "--preset", "spec")
        features = report["features"]
        values = [f["psi"] for f in features]
        got = (sum(p < 0.1 for p in values), sum(0.1 <= p < 0.2 for p in values),
               sum(p >= 0.2 for p in values))
        d = max(features, key=lambda f: (f["ks"], -f["index"]))
        psi = max(features, key=lambda f: (f["psi"], -f["index"]))
        strict = check(reference, current, "--preset", "spec", "--test", "ks", "--correction",
                       "bonferroni")
        expect(f"Fashion-MNIST, {what}: as scipy has it",
               next(t for t in report["tests"] if t["test"] == "ks")["drifted"] == ks
               and strict["drifted_features"] == bonferroni and got == bands
               and near(d["ks"], largest_d[0]) and d["name"] == largest_d[1]
               and near(psi["psi"], largest_psi[0]) and psi["name"] == largest_psi[1]
               and near(sum(f["ks"] for f in features), sums[0])
               and near(sum(values), sums[1]),
               f"{got} {d['ks']:.10f} {psi['psi']:.10f}")
    loud = check(train[classes < 5], train[classes >= 5], "--preset", "balanced")
    expect("its classes 0-4 and 5-9 are loud", loud["verdict"] == "drift" and loud["severity"] == "high",
           f"{loud['drifted_features']} of {loud['tested_features']}")
shutil.rmtree(folder)
sys.exit(failed)
