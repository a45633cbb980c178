r"""How far a single chain's vocabulary strays from its mean.

Given $A=a$ lineages the labels alive are those of $a$ i.i.d. draws, and the indicators of lost labels
are negatively associated (Joag-Dev & Proschan 1983): sums of them have at most the generating function
of independent indicators. So with weights $w_k$ and $q_k=(1-p_k)^a$

$$\log\mathbb E\,e^{\lambda(X-\mathbb EX)}\le\frac{\lambda^2v}{2(1-c|\lambda|)},\qquad
v=\Bigl(1+\frac4{k_1}\Bigr)\Bigl[\sum_kw_k^2q_k(1-q_k)
+\Bigl(\sum_kw_kq_k\log(1-p_k)\Bigr)^2k_2\Bigr],\qquad c=\tfrac13\max_kw_k,$$

a *sub-gamma* law. The second term is the noise of $A$, of mean $a=k_1$ and variance $k_2$, itself a chain
of occupancy numbers, to first order. What that leaves out is of the relative order $1/k_1$ (measured
against exact laws: up to $2/k_1$), so this is used only where $k_1$ is at least `LEAST`.
"""

from typing import Any

import numpy as np

from modelcollapse.theory.categorical import lineage
from modelcollapse.theory.categorical.sizes import generations

#: Fewer lineages than these are left to tests that know nothing of the law.
LEAST = 1000.0
#: Labels that are lost with less than this probability are counted as kept: no test sees them.
_NEVER = 1e-25


def sub_gamma(probabilities: Any, weights: Any, n: Any, t: Any, edges: Any) -> Any:
    r"""Variance factor $v$ and scale $c$ of $\sum_kw_k1[k\text{ alive at }t]$ in each group of labels.

    **Arguments:** `probabilities` and `weights`, shape `(K,)`; `n`, one number or the sizes of
    generations 1, 2, ...; generations `t`; groups `edges[i]:edges[i + 1]`. **Returns:** v and c, each
    of the shape of `t` followed by the number of groups; v is at least the variance, and infinite
    where fewer than `LEAST` lineages are expected. The truth itself (t = 0) does not vary.

    Source: negative association, Joag-Dev & Proschan 1983; sub-gamma tails, Boucheron, Lugosi &
    Massart 2013, section 2.4.
    """
    p, weights = (np.asarray(x, dtype=np.float64) for x in (probabilities, weights))
    # A sure label is never lost; an impossible one never lives.
    logs = np.log1p(-np.where(p < 1, p, 0.0)) - np.where(p < 1, 0.0, 1e3)
    starts = np.asarray(edges)[:-1]
    t = generations(t)
    variances, scales = np.zeros((2, t.size, len(starts)))
    for i, (mean, noise) in enumerate(zip(*map(np.ravel, lineage.cumulants(n, t)), strict=True)):
        if not np.isfinite(mean):
            continue
        lost = np.exp(mean * logs)
        kept = -np.expm1(mean * logs)
        slope = np.add.reduceat(weights * lost * logs, starts)
        own = np.add.reduceat(weights**2 * lost * kept, starts)
        uncertain = np.where((lost > _NEVER) & (kept > 0), weights, 0.0)
        scales[i] = np.maximum.reduceat(uncertain, starts) / 3
        variances[i] = (1 + 4 / mean) * (own + slope**2 * noise) if mean >= LEAST else np.inf
    shape = (*t.shape, len(starts))
    return variances.reshape(shape), scales.reshape(shape)
