r"""One generation by its definition: the mean and the variance of a pooled sample.

[`pooled`][] knows no normal law, only that n independent draws have a mean of variance v/n. So each
result holds twice: for the Gaussian's $(\mathbb E\,\sigma_t^2, \mathbb E(\mu_t-\mu_0)^2)$, and, with
the indicator of a label for the variable, for the categorical's $(\mathbb E H_t, H_0-\mathbb E H_t)$.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import sympy as sp

Residuals = dict[str, Any]

#: Initial variance and the draws of a generation, and how many of them are real and synthetic.
S, n, n_real, n_synthetic = sp.symbols("S n n_r n_s", positive=True)
#: Present values of the variance and of the squared mean error, expected, and a share of real draws.
V, M, share = sp.symbols("V M a", positive=True)
#: The latest model's mean error and variance, given.
m, U = sp.symbols("m U", real=True)
t, s = sp.symbols("t s", integer=True, positive=True)


@dataclasses.dataclass(frozen=True)
class Group:
    """Draws with a mean (counted from the truth's) and a variance; `kept` if their values are given,
    so that they add no new noise."""

    size: Any
    mean: Any
    variance: Any
    kept: bool = False


def pooled(groups: Sequence[Group]) -> tuple[Any, Any]:
    r"""$\mathbb E(\hat\mu-\mu_0)^2$ and $\mathbb E\hat\sigma^2$ of the pooled sample, given the past.

    $\hat\sigma^2$ is the mean square about $\mu_0$ less $(\hat\mu-\mu_0)^2$."""
    total = sum(g.size for g in groups)
    mean = sum(g.size * g.mean for g in groups) / total
    noise = sum(g.size * g.variance for g in groups if not g.kept) / total**2
    square = sum(g.size * (g.variance + g.mean**2) for g in groups) / total
    return mean**2 + noise, square - mean**2 - noise


def expected(given: Any) -> Any:
    """A polynomial of degree one in m^2 and U, averaged over the past."""
    return sp.expand(given).subs({m**2: M, U: V})


def zero(expression: Any) -> Any:
    """The expression, simplified: zero if it vanishes identically."""
    return sp.simplify(sp.powsimp(sp.expand(expression), force=True))


def conservation() -> Residuals:
    r"""$\mathbb E\,\sigma_t^2+\mathbb E(\mu_t-\mu_0)^2=\sigma_0^2$ for any pool of three groups that
    each obey it; and with it $\mathbb E W_2^2=2\sigma_0(\sigma_0-\mathbb E\sigma_t)$ and
    $-\mathbb E\int p_t\log p_0=H(p_0)$, since $\log p_0$ is linear in what is conserved."""
    sizes, means = sp.symbols("n_1:4", positive=True), sp.symbols("m_1:4", real=True)
    groups = [
        Group(size, mean, S - mean**2, kept)
        for size, mean, kept in zip(sizes, means, (True, False, False), strict=True)
    ]
    error, variance = pooled(groups)
    root, deviation = sp.symbols("sigma_0 sigma", positive=True)
    w2_squared = m**2 + (deviation - root) ** 2
    conserved = {m**2: root**2 - deviation**2}
    surprise = (sp.log(2 * sp.pi * root**2) + (deviation**2 + m**2) / root**2) / 2
    entropy = (sp.log(2 * sp.pi * root**2) + 1) / 2
    # The categorical model's cross-entropy is linear in its probabilities, whose means stay p.
    models, truths = sp.symbols("q_1:4", positive=True), sp.symbols("p_1:4", positive=True)
    crossed = -sum(q * sp.log(p) for q, p in zip(models, truths, strict=True))
    parts = sum(
        -q * sp.log(q) + q * (sp.log(q) - sp.log(p)) for q, p in zip(models, truths, strict=True)
    )
    own = -sum(p * sp.log(p) for p in truths)
    return {
        "conserved": zero(error + variance - S),
        "w2": zero(sp.expand(w2_squared).subs(conserved) - 2 * root * (root - deviation)),
        "cross-entropy": zero(sp.expand(surprise).subs(conserved) - entropy),
        "entropy and divergence": zero(parts - crossed),
        "categorical": zero(crossed.subs(dict(zip(models, truths, strict=True))) - own),  # pyright: ignore[reportAttributeAccessIssue]
    }


def unbiased_mean() -> Residuals:
    r"""$\mathbb E\,\mu_t=\mu_0$ in every regime and for both estimators, and so, with the indicator of a
    label for the variable, $\mathbb E\,p_{t,k}=p_k$.

    Given the past, the fitted mean is expected to be an average of the truth's mean, the latest
    model's and the pool's, with weights that sum to one: if each of them has mean $\mu_0$, so has it.
    A uniform subsample of a pool has the pool's mean."""
    truth, latest, pool = sp.symbols("mu_0 mu mu_P", real=True)
    size = sp.symbols("N", positive=True)

    def mean(*parts: tuple[Any, Any]) -> Any:
        return sum(count * value for count, value in parts) / sum(count for count, _ in parts)

    fits = {
        "replace": mean((n, latest)),
        "accumulate": mean((size, pool), (n, latest)),
        "fresh": mean((n_real, truth), (n_synthetic, latest)),
        "fixed real": mean((n_real, pool), (n_synthetic, latest)),
        "mixture": share * truth + (1 - share) * latest,
        "a subsample of three": (pool + pool + pool) / 3,
    }
    everywhere = {latest: truth, pool: truth}
    return {name: zero(fit.subs(everywhere) - truth) for name, fit in fits.items()}
