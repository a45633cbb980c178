"""Whether two paths draw from one law: two-sample tests on the values of all chains.

Kolmogorov-Smirnov for continuous values, chi-square for counts, and Spearman's for how two observables
go together. Every p-value must exceed `LEAST`, 1e-6 divided by the number of tests in a file.
"""

import numpy as np
from scipy import stats

from modelcollapse.sims import simulate

LEAST = 1e-6 / 150
CHAINS = 10_000
GENERATIONS = (1, 4)


def trajectories(loop, path, key, observables, chains=CHAINS):
    run = simulate(
        loop, GENERATIONS[-1], chains, key=key, path=path, observables=observables,
        record=GENERATIONS, dtype="float64", trajectories=True,
    )  # fmt: skip
    return run.data["trajectory"].values


def assert_same_law(values, others):
    """Each column at each generation, and the rank correlations between columns and generations."""
    for t in range(len(GENERATIONS)):
        for column in range(values.shape[2]):
            mine, theirs = values[:, t, column], others[:, t, column]
            assert same(mine, theirs) > LEAST, (GENERATIONS[t], column)
    for (t, a), (s, b) in [((0, 0), (1, 0)), ((1, 0), (1, -1))]:
        if np.ptp(values[:, s, b]) and np.ptp(values[:, t, a]):
            mine = stats.spearmanr(values[:, t, a], values[:, s, b]).statistic
            theirs = stats.spearmanr(others[:, t, a], others[:, s, b]).statistic
            # Fisher's transformation; its variance for ranks is at most 1.5/n at such correlations.
            mine, theirs = np.arctanh(np.clip([mine, theirs], -0.999, 0.999))
            z = (mine - theirs) / np.sqrt(1.5 / len(values) + 1.5 / len(others))
            assert 2 * stats.norm.sf(abs(z)) > LEAST, ((t, a), (s, b))


def same(mine, theirs):
    """The p-value that two samples have one law."""
    levels = np.unique(np.concatenate([mine, theirs]).round(9))
    if levels.size == 1:
        return 1.0
    if levels.size > 50:
        return stats.ks_2samp(mine, theirs, method="asymp").pvalue
    table = np.stack([[(x.round(9) == level).sum() for level in levels] for x in (mine, theirs)])
    rare = table.sum(axis=0) < 20
    pooled = np.concatenate([table[:, ~rare], table[:, rare].sum(axis=1, keepdims=True)], axis=1)
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    return stats.chi2_contingency(pooled).pvalue if pooled.shape[1] > 1 else 1.0
