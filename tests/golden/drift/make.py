"""Writes random.jsonl, real.jsonl and p_values.jsonl beside itself. README.md names the versions."""
import json
import pathlib

import numpy as np
from scipy import stats

import cases
import real

here = pathlib.Path(__file__).parent


def write(name, lines):
    with open(here / name, "w") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def real_data():
    """The sides once a data set, the functions beside them."""
    sets = {}
    for case in real.real_cases(with_statsmodels=True):
        request = case["request"]
        one = sets.setdefault(case["name"], {"name": case["name"], "reference": request["reference"],
                                             "current": request["current"], "expected": {}})
        one["expected"][request["function"]] = case["expected"]
    return sets.values()


def exact(n1, n2, h):
    """scipy's p of a statistic h/lcm, exact unless that ends outside of [0, 1]."""
    g = int(np.gcd(n1, n2))
    d = h / (n1 // g * n2)
    ok, _, p = stats._stats_py._attempt_exact_2kssamp(n1, n2, g, d, "two-sided")
    if not ok:
        p = stats.kstwo.sf(d, np.round(n1 * n2 / (n1 + n2)))
    return d, min(max(float(p), 0.0), 1.0)


def p_values():
    for n1, n2 in ((1, 1), (1, 2), (2, 3), (5, 6), (8, 8), (10, 15), (28, 72), (59, 71), (100, 100),
                   (212, 357), (284, 285), (901, 896), (2000, 3000), (10000, 10000), (10000, 20)):
        lcm = n1 // int(np.gcd(n1, n2)) * n2
        for h in sorted({1, *(int(lcm * x) for x in (.005, .01, .03, .06, .1, .2, .4, .7)), lcm}):
            if h == 0 or min(n1, n2) > 1000 and 0.2 < h / lcm < 1 and n1 != n2:
                continue
            d, p = exact(n1, n2, h)
            yield {"request": {"function": "ks_p", "n1": n1, "n2": n2, "d": d, "method": "exact"},
                   "expected": {"p": p}}
    for n in (1, 2, 3, 10, 50, 139, 140, 141, 200, 999, 1000, 1001, 3000, 10000, 20000, 20001, 100000,
              500000, 999999, 1000001, 2000000):
        slow = 200000 < n <= 1000000
        for z in (.1, .3, .5, .8, .87, 1, 1.48, 1.49, 2, 2.5, 5, 10, 15):
            x = z / n**.5
            if x <= 1 and not (slow and z in (1.48, 2.5, 15)):
                yield {"request": {"function": "kstwo_sf", "n": n, "x": x},
                       "expected": {"p": float(stats.kstwo.sf(x, n))}}


write("random.jsonl", cases.cases(seed=1, rounds=40))
write("real.jsonl", real_data())
write("p_values.jsonl", p_values())
