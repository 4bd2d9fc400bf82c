"""Columns of real data sets with a known difference between two groups of rows: drift.md's goldens."""
import numpy as np
from scipy import stats
from scipy.spatial import distance

import cases


def groups(with_statsmodels):
    """(name, reference, current)"""
    from sklearn.datasets import load_breast_cancer, load_digits, load_wine

    cancer = load_breast_cancer()
    names = list(cancer.feature_names)
    malignant = cancer.target == 0
    for name in ("mean radius", "mean texture", "mean smoothness", "fractal dimension error",
                 "symmetry error"):
        column = cancer.data[:, names.index(name)]
        yield f"breast cancer, malignant to benign, {name}", column[malignant], column[~malignant]
    radius = cancer.data[:, 0]
    yield "breast cancer, first to second half, mean radius", radius[:284], radius[284:]
    digits = load_digits()
    small = digits.target < 5
    for pixel in (28, 0):
        column = digits.data[:, pixel]
        yield f"digits, 0-4 to 5-9, pixel {pixel}", column[small], column[~small]
    wine = load_wine()
    alcohol = wine.data[:, 0]
    yield "wine, class 0 to 1, alcohol", alcohol[wine.target == 0], alcohol[wine.target == 1]
    if not with_statsmodels:
        return
    from statsmodels.datasets import elnino, nile, randhie

    flow = nile.load_pandas().data
    yield ("nile, to 1898 and after", flow.volume[flow.year <= 1898].to_numpy(),
           flow.volume[flow.year > 1898].to_numpy())
    june = elnino.load_pandas().data
    yield ("el niño, June, to 1979 and after", june.JUN[june.YEAR <= 1979].to_numpy(),
           june.JUN[june.YEAR > 1979].to_numpy())
    health = randhie.load_pandas().data
    for name in ("mdvis", "lncoins"):
        column = health[name].to_numpy()
        yield f"randhie, first 10000 rows to the rest, {name}", column[:10000], column[10000:]


def compact(values):
    distinct, counts = np.unique(values, return_counts=True)
    return {"values": distinct.tolist(), "counts": counts.tolist()}


def real_cases(with_statsmodels):
    for name, a, b in groups(with_statsmodels):
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        sides = {"reference": compact(a), "current": compact(b)}
        both = np.concatenate([a, b])
        edges = np.histogram_bin_edges(both, "sturges")
        p, q = (np.histogram(x, edges)[0] / len(x) for x in (a, b))
        answers = [("ks", cases.ks(a, b)), ("psi", {"statistic": cases.psi(a, b)}),
                   ("wasserstein", {"statistic": float(stats.wasserstein_distance(a, b))}),
                   ("sturges_jensen_shannon", {"statistic": float(distance.jensenshannon(p, q))}),
                   ("mann_whitney", cases.result(stats.mannwhitneyu(a, b)))]
        if np.ptp(both) > 0:
            r = stats.cramervonmises_2samp(a, b)
            answers.append(("cramer_von_mises", {"statistic": r.statistic, "p": r.pvalue}))
            r = stats.anderson_ksamp([a, b])
            answers.append(("anderson_darling", {"statistic": r.statistic, "p": r.pvalue}))
            answers.append(("student", cases.result(stats.ttest_ind(a, b))))
        for function, expected in answers:
            yield {"name": name, "request": {"function": function, **sides}, "expected": expected,
                   "deviation": float(np.std(a))}
