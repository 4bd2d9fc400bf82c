"""Random questions to two-sample statistics with scipy's and numpy's answers.

A case is {"request": what tests/support/drift_values.cpp understands, "expected": {name: number}}.
Used with a fixed scipy to make the golden file (make.py) and with a current one by
tests/interop/drift_statistics_test.sh.
"""
import math
import warnings

import numpy as np
from scipy import stats
from scipy.spatial import distance

warnings.simplefilter("ignore")
np.seterr(all="ignore")


def spelled(value):
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def finite(values):
    return np.array([x for x in values if not isinstance(x, str)], dtype=np.float64)


def samples(rng):
    """Two samples of one of the kinds that break things; strings are what is dropped first."""
    n1, n2 = (int(x) for x in rng.integers(1, 40, 2))
    kind = rng.integers(0, 9)
    if kind == 0:  # untied
        a, b = rng.normal(0, 1, n1), rng.normal(rng.uniform(0, 1.5), rng.uniform(0.5, 2), n2)
    elif kind == 1:  # ties
        a, b = rng.integers(0, 4, n1) * 1.0, rng.integers(0, 5, n2) * 1.0
    elif kind == 2:  # constants, perhaps the same
        a, b = np.full(n1, 5.0), np.full(n2, float(rng.integers(5, 7)))
    elif kind == 3:  # tiny
        a, b = rng.normal(0, 1, rng.integers(1, 4)), rng.normal(0, 1, rng.integers(1, 4))
    elif kind == 4:  # equal sizes, half tied
        a, b = np.round(rng.normal(0, 1, n1), 1), np.round(rng.normal(0.5, 1, n1), 1)
    elif kind == 5:  # disjoint
        a, b = rng.uniform(0, 1, n1), rng.uniform(2, 3, n2)
    elif kind == 6:  # large against small, both scales
        a, b = rng.lognormal(0, 2, 120), rng.lognormal(0.5, 2, n2)
    elif kind == 7:  # signed zeros
        a, b = rng.choice([-0.0, 0.0, 1.0, -1.0], n1), rng.choice([-0.0, 0.0, 1.0], n2)
    else:  # missing and infinite values
        a, b = rng.normal(0, 1, n1 + 1), rng.normal(0, 1, n2 + 1)
    a = [round(float(x), 4) for x in a]
    b = [round(float(x), 4) for x in b]
    if kind == 8:
        a[1:1] = ["NaN", "Infinity"]
        b[1:1] = ["-Infinity"]
    return a, b


def counts(rng):
    k = int(rng.integers(1, 8))
    a, b = rng.integers(0, 60, k), rng.integers(0, 60, k)
    if rng.random() < 0.4:  # new and lost categories
        a[rng.integers(0, k)] = 0
        b[rng.integers(0, k)] = 0
    if a.sum() == 0:
        a[0] = 1
    if b.sum() == 0:
        b[0] = 1
    return a.tolist(), b.tolist()


def result(r):
    return {"statistic": spelled(r[0]), "p": spelled(r[1])}


def ks(a, b, **options):
    """Ask scipy for sizes as they are; its answer holds sign and location where it has them."""
    r = stats.ks_2samp(a, b, **options)
    return {"statistic": float(r.statistic), "p": float(r.pvalue), "sign": int(r.statistic_sign),
            "location": float(r.statistic_location) + 0.0}


def psi(a, b):
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    p = np.histogram(a, 10, (low, high))[0] / len(a)
    c = np.histogram(b, 10, (low, high))[0] / len(b)
    p[p == 0] = 0.0001
    c[c == 0] = 0.0001
    return float(np.sum((c - p) * np.log(c / p)))


def of_samples(rng):
    """Every function of samples, on one pair."""
    raw_a, raw_b = samples(rng)
    a, b = finite(raw_a), finite(raw_b)
    method = ["auto", "auto", "exact", "asymp"][rng.integers(0, 4)]
    alternative = ["two-sided", "two-sided", "less", "greater"][rng.integers(0, 4)]
    answers = [
        ("ks", ks(a, b, method=method, alternative=alternative),
         {"method": method, "alternative": alternative}),
        ("psi", {"statistic": psi(a, b)}, {}),
        ("wasserstein", {"statistic": stats.wasserstein_distance(a, b)}, {}),
        ("energy", {"statistic": stats.energy_distance(a, b)}, {}),
        ("mann_whitney", result(stats.mannwhitneyu(a, b, alternative=alternative)),
         {"alternative": alternative}),
    ]
    if min(len(a), len(b)) > 1:
        r = stats.cramervonmises_2samp(a, b)
        answers.append(("cramer_von_mises", {"statistic": r.statistic, "p": r.pvalue}, {}))
        if len(np.unique(np.concatenate([a, b]))) > 1 and not (np.ptp(a) == 0 and np.ptp(b) == 0):
            answers.append(("student", result(stats.ttest_ind(a, b)), {}))
            answers.append(("welch", result(stats.ttest_ind(a, b, equal_var=False)), {}))
    if len(np.unique(np.concatenate([a, b]))) > 1 and len(a) + len(b) > 3:
        r = stats.anderson_ksamp([a, b])
        answers.append(("anderson_darling", {"statistic": r.statistic, "p": r.pvalue}, {}))
    if min(len(a), len(b)) >= 5 and stats.iqr(np.hstack([a, b])) > 0 and is_regular(a, b):
        answers.append(("epps_singleton", result(stats.epps_singleton_2samp(a, b)), {}))
    for function, expected, options in answers:
        yield {"request": {"function": function, "reference": raw_a, "current": raw_b, **options},
               "expected": {k: v if k == "sign" else spelled(v) for k, v in expected.items()}}


def is_regular(a, b):
    """Few distinct values make Epps and Singleton's covariance singular, and the rank a matter of the
    last bit."""
    return min(len(np.unique(a)), len(np.unique(b))) > 10


def of_integers(rng):
    base = int(rng.integers(2**53, 2**62))
    a = [base + int(x) for x in rng.integers(0, 12, rng.integers(1, 30))]
    b = [base + int(x) for x in rng.integers(0, 12, rng.integers(1, 30))]
    expected = ks(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64))
    yield {"request": {"function": "ks", "reference": a, "current": b, "integers": True},
           "expected": expected}


def of_counts(rng):
    a, b = counts(rng)
    p, q = np.array(a) / sum(a), np.array(b) / sum(b)
    p4, q4 = np.where(p == 0, 0.0001, p), np.where(q == 0, 0.0001, q)
    answers = [
        ("jensen_shannon", {"statistic": distance.jensenshannon(p, q)}),
        ("jensen_shannon2", {"statistic": distance.jensenshannon(p, q, base=2)}),
        ("kullback_leibler", {"statistic": stats.entropy(p4, q4)}),
        ("hellinger", {"statistic": np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / math.sqrt(2)}),
        ("total_variation", {"statistic": np.abs(p - q).sum() / 2}),
        ("l_infinity", {"statistic": np.abs(p - q).max()}),
    ]
    table = np.array([a, b])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] > 1:
        answers.append(("chi_square", result(stats.chi2_contingency(table)[:2])))
        answers.append(("g_test", result(
            stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")[:2])))
        expected = table[0] * (table[1].sum() / table[0].sum())
        answers.append(("goodness_of_fit", result(stats.chisquare(table[1], expected))))
    for function, expected in answers:
        yield {"request": {"function": function, "reference": a, "current": b},
               "expected": {k: spelled(v) for k, v in expected.items()}}


def hypergeometric_tail(a, b, c, d):
    """Fisher's two-sided p in integers: scipy compares rounded probabilities, and so at times leaves
    out tables that are exactly as likely."""
    row, column, n = a + b, a + c, a + b + c + d

    def ways(x):
        return math.comb(row, x) * math.comb(n - row, column - x)

    support = range(max(0, row + column - n), min(row, column) + 1)
    return sum(ways(x) for x in support if ways(x) <= ways(a)) / math.comb(n, column)


def of_pairs(rng):
    a, b, c, d = (int(x) for x in rng.integers(0, 40, 4))
    if min(a + b, c + d, a + c, b + d) > 0:
        odds = a * d / (b * c) if b * c else math.inf
        yield {"request": {"function": "fisher", "reference": [a, b], "current": [c, d]},
               "expected": {"statistic": spelled(odds), "p": hypergeometric_tail(a, b, c, d)}}
    n1, n2 = a + b + 1, c + d + 1
    pooled = (a + c) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    z = (a / n1 - c / n2) / math.sqrt(variance) if variance > 0 else 0.0
    yield {"request": {"function": "two_proportions", "reference": [a, n1], "current": [c, n2]},
           "expected": {"statistic": z, "p": 2 * stats.norm.sf(abs(z))}}
    interval = stats.binomtest(a, n1).proportion_ci(0.95, "wilson")
    yield {"request": {"function": "wilson", "hits": a, "n": n1, "confidence": 0.95},
           "expected": {"low": float(interval.low), "high": float(interval.high)}}


def of_bins(rng):
    n = int(rng.choice([1, 2, 3, 8, 50, 64, 200]))
    values = rng.normal(0, 1, n) if rng.random() < 0.5 else rng.integers(0, 30, n) / 10
    values = sorted(round(float(x), 4) for x in values)
    bins = int(rng.integers(1, 20))
    edges = np.histogram_bin_edges(values, bins)
    yield {"request": {"function": "equal_width", "values": values, "bins": bins},
           "expected": {"edges": edges.tolist(), "counts": np.histogram(values, bins)[0].tolist()}}
    yield {"request": {"function": "bins", "values": values},
           "expected": {rule: len(np.histogram_bin_edges(values, rule)) - 1
                        for rule in ("sturges", "doane")}}
    quantiles = np.quantile(values, np.linspace(0, 1, bins + 1))
    if len(np.unique(quantiles)) == len(quantiles):
        yield {"request": {"function": "quantile_edges", "values": values, "bins": bins},
               "expected": {"edges": quantiles.tolist()}}


def of_p_values(rng):
    """Asymptotic and exact p-values by sizes and difference, every branch."""
    n = int(np.exp(rng.uniform(0, np.log(3e4))))
    x = rng.uniform(0.1, 4) / math.sqrt(n)
    yield {"request": {"function": "kstwo_sf", "n": n, "x": x},
           "expected": {"p": float(stats.kstwo.sf(x, n))}}
    n1, n2 = (int(np.exp(x)) for x in rng.uniform(0, np.log(300), 2))
    if rng.random() < 0.3:
        n2 = n1
    a = np.arange(n1) * 1.0
    b = np.sort(rng.uniform(-1, n1 * rng.uniform(1, 1.6), n2))
    r = stats.ks_2samp(a, b, method="exact")
    yield {"request": {"function": "ks_p", "n1": n1, "n2": n2, "d": float(r.statistic)},
           "expected": {"p": float(r.pvalue)}}


def cases(seed, rounds):
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        for make in (of_samples, of_integers, of_counts, of_pairs, of_bins, of_p_values):
            yield from make(rng)
