"""Random questions to the statistics of gates with scipy's and numpy's answers.

A case is {"request": what tests/support/gate_values.cpp understands, "expected": {name: number}}.
Used with a fixed scipy to make the golden file (make.py) and with a current one by
tests/interop/gate_statistics_test.sh. The bootstraps draw by a generator that is written here
again, so that not only their law but every digit is checked.
"""
import math
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")
MASK = (1 << 64) - 1


class Xoshiro:
    """xoshiro256** 1.0 seeded by splitmix64, https://prng.di.unimi.it"""

    def __init__(self, seed):
        self.s = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.s.append(z ^ (z >> 31))

    def next(self):
        def rotl(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK

        s = self.s
        result = (rotl((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def below(self, limit):
        return ((self.next() >> 32) * limit) >> 32


def interval(replicates, confidence):
    tail = (1 - confidence) / 2
    return {"low": float(np.quantile(replicates, tail)), "high": float(np.quantile(replicates, 1 - tail))}


def bootstrap_mean(values, groups, options):
    random = Xoshiro(options["seed"])
    if groups is None:
        clusters = [(v, 1) for v in values]
    else:
        clusters = [(sum(v for v, g in zip(values, groups) if g == group), groups.count(group))
                    for group in sorted(set(groups))]
    replicates = []
    for _ in range(options["resamples"]):
        drawn = [clusters[random.below(len(clusters))] for _ in clusters]
        replicates.append(sum(s for s, _ in drawn) / sum(c for _, c in drawn))
    return interval(replicates, options["confidence"])


def bootstrap_ratio(reference, current, q, options):
    random = Xoshiro(options["seed"])
    before, now = sorted(reference), sorted(current)
    replicates = []
    for _ in range(options["resamples"]):
        divisor = np.quantile([before[random.below(len(before))] for _ in before], q)
        replicates.append(np.quantile([now[random.below(len(now))] for _ in now], q) / divisor)
    return interval(replicates, options["confidence"])


def holm(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted, most = [0.0] * len(p), 0.0
    for k, i in enumerate(order):
        most = max(most, (len(p) - k) * p[i])
        adjusted[i] = min(most, 1.0)
    return adjusted


def differences(rng):
    n = int(rng.integers(1, 90))
    kind = rng.integers(0, 5)
    if kind == 0:
        return rng.normal(rng.uniform(-0.3, 0.6), 1, n)
    if kind == 1:
        return rng.integers(-3, 4, n) * 1.0
    if kind == 2:
        return rng.choice([-0.5, 0.0, 0.5], int(rng.integers(1, 13)))
    if kind == 3:
        return np.round(rng.normal(0.4, 1, int(rng.integers(1, 13))), 1)
    return np.abs(rng.normal(0, 1, n))


def cases(seed, rounds):
    rng = np.random.default_rng(seed)

    def case(function, expected, **request):
        return {"request": {"function": function, **request}, "expected": expected}

    for _ in range(rounds):
        losses, wins = (int(x) for x in rng.integers(0, rng.choice([4, 30, 3000]), 2))
        if losses + wins > 0:
            worse = stats.binomtest(losses, losses + wins, alternative="greater").pvalue
            both = stats.binomtest(losses, losses + wins).pvalue
            yield case("mcnemar", {"worse": float(worse), "two_sided": float(both)}, losses=losses,
                       wins=wins)
        d = [round(float(x), 6) for x in differences(rng)]
        if any(d):
            test = stats.wilcoxon(d, alternative="greater", correction=False, method="auto")
            yield case("wilcoxon", {"statistic": float(test.statistic), "greater": float(test.pvalue)},
                       differences=d)
        p = [round(float(x), 6) for x in rng.uniform(0, 1, int(rng.integers(1, 9))) ** 3]
        yield case("holm", {"adjusted": holm(p)}, p=p)
        values = [round(float(x), 5) for x in rng.lognormal(0, 1, int(rng.integers(1, 60)))]
        q = float(rng.choice([0, 0.5, 0.9, 0.99, 1]))
        yield case("quantile", {"value": float(np.quantile(values, q))}, values=values, q=q)
        yield case("median_deviation", {"value": float(stats.median_abs_deviation(values))}, values=values)
        z, probability = float(rng.normal(0, 4)), float(rng.uniform(0, 1)) ** 4
        yield case("normal", {"tail": float(stats.norm.sf(z)), "point": float(stats.norm.ppf(probability))},
                   z=z, probability=probability)
        a = [round(float(x), 4) for x in rng.lognormal(0, 0.1, int(rng.integers(5, 40)))]
        b = [round(float(x), 4) for x in rng.lognormal(0.03, 0.1, int(rng.integers(5, 40)))]
        test = stats.mannwhitneyu(a, b, alternative="less", method="auto")
        yield case("mann_whitney", {"statistic": float(test.statistic), "p": float(test.pvalue)},
                   reference=a, current=b)
    for _ in range(max(3, rounds // 10)):
        options = {"resamples": 200, "seed": int(rng.integers(0, 1 << 30)),
                   "confidence": float(rng.choice([0.9, 0.95]))}
        n = int(rng.integers(2, 40))
        values = [float(x) for x in rng.integers(-1, 2, n)]
        yield case("bootstrap_mean", bootstrap_mean(values, None, options), values=values, **options)
        groups = [int(x) for x in rng.integers(0, max(2, n // 3), n)]
        yield case("bootstrap_mean", bootstrap_mean(values, groups, options), values=values, groups=groups,
                   **options)
        a = [round(float(x), 4) for x in rng.lognormal(0, 0.1, int(rng.integers(2, 40)))]
        b = [round(float(x), 4) for x in rng.lognormal(0, 0.1, int(rng.integers(2, 40)))]
        q = float(rng.choice([0.5, 0.9]))
        yield case("bootstrap_ratio", bootstrap_ratio(a, b, q, options), reference=a, current=b, q=q, **options)


def agrees(expected, got):
    """tests/gate/golden_test.cpp judges the same way."""
    if expected == got:
        return True
    return math.isfinite(expected) and abs(expected - got) <= 1e-9 * max(abs(expected), 1e-6)
