"""What the multivariate Gaussian does under replace, and what of it is one-dimensional in every regime."""

from typing import Any

import numpy as np

from modelcollapse.theory.gaussian.moments import raw_moments, variance_and_skewness
from modelcollapse.theory.gaussian.steps import size_of
from modelcollapse.theory.ledger import (
    Row,
    Where,
    Wrong,
    ahead,
    fewer_draws,
    half_exponent,
    more_draws,
    off_by_one,
    other_estimator,
    theorem,
)
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.multivariate import replace, trials
from modelcollapse.theory.multivariate.family import MultivariateGaussian, is_regular
from modelcollapse.theory.multivariate.projection import (
    in_one_dimension,
    projected,
    sum_over_directions,
)
from modelcollapse.theory.observables import (
    Determinant,
    KLFromTruth,
    KLToTruth,
    LogDeterminant,
    LogPivots,
    MeanError,
    Power,
    Rank,
    SquaredMeanError,
    SquaredNorm,
    TotalVariance,
    Variance,
)
from modelcollapse.theory.regimes import Replace


def _sizes(loop: Loop, t: Any) -> dict[str, Any]:
    return {"n": size_of(loop, t), "t": t, "estimator": loop.truth.estimator}


def _draws(loop: Loop, t: Any) -> dict[str, Any]:
    return {**_sizes(loop, t), "dimension": loop.truth.dimension}


def _where(least: int, words: str) -> Where:
    """Replace with every n above d + `least`; a schedule given by a function has no end at which to
    stop asking."""
    return Where(
        family=MultivariateGaussian,
        regime=Replace,
        also=lambda loop: (
            not callable(loop.regime.n)
            and bool(np.min(loop.regime.n) > loop.truth.dimension + least)
            and is_regular(loop)
        ),
        assuming=f"{words}, a regular truth",
    )


_REPLACE = Where(family=MultivariateGaussian, regime=Replace)
_FULL_RANK = Where(
    family=MultivariateGaussian, regime=Replace, also=is_regular, assuming="a regular truth"
)
_REGULAR = _where(0, "every n_t > d, listed")
_MORE = _where(2, "every n_t > d + 2, listed")


def _independent_fits(cumulant: Any) -> Wrong:
    """Every pivot with the degrees of freedom of the first."""
    return Wrong(
        "n - 1 degrees of freedom for every pivot",
        lambda predict, loop, t: cumulant(**_sizes(loop, t), dimension=1, order=1),
    )


_as_if_fixed = Wrong(
    "the moments of the mean covariance, as if it did not fluctuate",
    lambda predict, loop, t: (
        np.asarray(predict(loop, np.append(0, t)))[0]
        * in_one_dimension(loop, Variance(), "mean").predict(projected(loop), t) ** 2  # pyright: ignore[reportOptionalMemberAccess]
    ),
)
_without_mean_error = Wrong(
    "the mean's error forgotten",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t))
        - sum_over_directions(loop, t, MeanError(), "second moment")
        / np.trace(trials.initial_covariance(loop))
        * loop.truth.dimension
        / 2
    ),
)
_one_dimension = Wrong(
    "the divergence of one dimension, d times",
    lambda predict, loop, t: (
        loop.truth.dimension
        * (replace.kl_to_truth if predict.__name__.endswith("to_truth") else replace.kl_from_truth)(
            **_sizes(loop, t), dimension=1
        )
    ),
)
_variance_of_one = Wrong(
    "the largest variance for the sum",
    lambda predict, loop, t: (
        np.asarray(predict(loop, t))
        * np.linalg.norm(trials.initial_covariance(loop), 2)
        / np.trace(trials.initial_covariance(loop))
    ),
)


def _spread(cumulants: list[Any]) -> tuple[Any, Any]:
    return variance_and_skewness(*raw_moments(cumulants)[1:])


def _log_determinant_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    return _spread(
        [replace.log_determinant_cumulant(**_draws(loop, t), order=j) for j in (1, 2, 3)]
    )


def _log_pivots(loop: Loop, t: Any, order: int) -> Any:
    """Of the pivots that the observable keeps."""
    return replace.log_pivots_cumulant(**_draws(loop, t), order=order)[:, : LogPivots().kept]


def _log_pivots_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    return _spread([_log_pivots(loop, t, order) for order in (1, 2, 3)])


def _determinant_spread(loop: Loop, t: Any) -> tuple[Any, Any]:
    return variance_and_skewness(
        *(replace.determinant_moment(q=q, **_draws(loop, t)) for q in (1, 2, 3))
    )


@theorem(
    observable=TotalVariance(),
    where=Where(
        family=MultivariateGaussian,
        also=lambda loop: in_one_dimension(loop, Variance(), "mean") is not None,
        assuming="the same loop in one dimension has an exact mean variance",
    ),
    source=("alemohammad2024", "shumailov2024"),
    derived_here=True,
    proof="algebra:projection",
    rows=[
        *(
            Row(loop, (1, 3), (off_by_one, fewer_draws, _variance_of_one), 2**17)
            for loop in trials.REGIMES
        ),
        Row(
            Loop(trials.OTHER, trials.SCHEDULE.regime),
            (2, 3),
            (other_estimator, _variance_of_one),
            2**17,
        ),
    ],
)
def multivariategaussian_total_variance(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{tr}\,\Sigma_t=v_t\,\mathrm{tr}\,\Sigma_0$, indeed $\mathbb E\,\Sigma_t=v_t\Sigma_0$, with $v_t$ the mean variance of the same loop in one dimension with truth $N(0,1)$: every projection of the loop on a line is a loop in one dimension. Under replace $v_t=\prod_{s\le t}(1-1/n_s)$ for maximum likelihood."""
    return sum_over_directions(loop, t, Variance(), "mean")


@theorem(
    observable=SquaredMeanError(),
    where=Where(
        family=MultivariateGaussian,
        also=lambda loop: in_one_dimension(loop, MeanError(), "second moment") is not None,
        assuming="the same loop in one dimension has an exact mean square error",
    ),
    source=("alemohammad2024", "shumailov2024"),
    derived_here=True,
    proof="algebra:projection",
    rows=[
        *(
            Row(loop, (1, 3), (off_by_one, fewer_draws, _variance_of_one), 2**17)
            for loop in trials.REGIMES
        ),
        Row(
            Loop(trials.OTHER, trials.SCHEDULE.regime), (2, 3), (other_estimator, off_by_one), 2**18
        ),
    ],
)
def multivariategaussian_mean_error(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\lVert\mu_t-\mu_0\rVert^2=m_t\,\mathrm{tr}\,\Sigma_0$, indeed $\mathbb E(\mu_t-\mu_0)(\mu_t-\mu_0)^\top=m_t\Sigma_0$, with $m_t$ the mean square error of the same loop in one dimension with truth $N(0,1)$. Under replace with maximum likelihood $m_t=1-\prod_{s\le t}(1-1/n_s)$."""
    return sum_over_directions(loop, t, MeanError(), "second moment")


@theorem(
    observable=LogDeterminant(),
    where=_REGULAR,
    source=("anderson2003", "shumailov2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(trials.MLE, (1, 2, 3), (off_by_one, half_exponent, fewer_draws, _independent_fits(
            lambda **of: 3 * replace.log_determinant_cumulant(**of)))),
        Row(trials.UNBIASED, (1, 2, 3), (off_by_one, fewer_draws, other_estimator)),
        Row(trials.SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead)),
    ],
    spread=_log_determinant_spread,
)  # fmt: skip
def multivariategaussian_replace_log_determinant(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log(\det\Sigma_t/\det\Sigma_0)=\sum_{s\le t}\sum_{k=0}^{d-1}[\psi((\nu_s-k)/2)+\log(2/c_s)]$, $\nu_s=n_s-1$, every $n_s>d$; the variance is $\sum_{s\le t}\sum_k\psi_1((\nu_s-k)/2)$. No property of the truth enters."""
    return replace.log_determinant_cumulant(**_draws(loop, t), order=1)


@theorem(
    observable=LogDeterminant(),
    gives="second moment",
    where=_REGULAR,
    source=("anderson2003", "shumailov2024"),
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(trials.MLE, (1, 2), (off_by_one, half_exponent, fewer_draws)),
        Row(trials.UNBIASED, (1, 2), (off_by_one, other_estimator)),
        Row(trials.SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead)),
    ],
)
def multivariategaussian_replace_log_determinant_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\log^2(\det\Sigma_t/\det\Sigma_0)=\sum_{s\le t}\sum_k\psi_1((\nu_s-k)/2)+\big(\sum_{s\le t}\sum_k[\psi((\nu_s-k)/2)+\log(2/c_s)]\big)^2$, every $n_s>d$."""
    first, second = (replace.log_determinant_cumulant(**_draws(loop, t), order=j) for j in (1, 2))
    return second + first**2


@theorem(
    observable=LogPivots(),
    where=_REGULAR,
    source="anderson2003",
    derived_here=True,
    proof="algebra:log_chi_square",
    rows=[
        Row(trials.MLE, (1, 2, 3), (off_by_one, half_exponent, fewer_draws, _independent_fits(
            lambda **of: np.repeat(replace.log_pivots_cumulant(**of), 3, axis=1)))),
        Row(trials.UNBIASED, (1, 3), (off_by_one, fewer_draws, other_estimator)),
        Row(trials.SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead)),
    ],
    spread=_log_pivots_spread,
)  # fmt: skip
def multivariategaussian_replace_log_pivots(loop: Loop, t: Any) -> Any:
    r"""With $C_t$ the Cholesky factor of $\Sigma_t$ and $k=0,\dots,d-1$, $\mathbb E\log(C_{t,kk}^2/C_{0,kk}^2)=\sum_{s\le t}[\psi((\nu_s-k)/2)+\log(2/c_s)]$, with variance $\sum_{s\le t}\psi_1((\nu_s-k)/2)$ and independent of the other pivots, every $n_s>d$: the later a pivot, the faster it goes, and at constant n each term is a Lyapunov exponent of $\Sigma_t$."""
    return _log_pivots(loop, t, 1)


@theorem(
    observable=Determinant(),
    where=_REGULAR,
    source="anderson2003",
    derived_here=True,
    proof="algebra:chi_square",
    rows=[
        Row(trials.LARGER, (1, 2), (off_by_one, half_exponent, fewer_draws), 2**19),
        Row(trials.LARGER_UNBIASED, (1, 2), (off_by_one, other_estimator), 2**17),
        Row(trials.LARGER_SCHEDULE, (1, 2), (off_by_one, ahead), 2**17),
    ],
    spread=_determinant_spread,
)
def multivariategaussian_replace_determinant(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\det\Sigma_t=\det\Sigma_0\prod_{s\le t}\prod_{k=0}^{d-1}(\nu_s-k)/c_s$, every $n_s>d$; for the unbiased covariance too the generalised variance shrinks in the mean if $d\ge2$."""
    return replace.determinant_moment(q=1.0, **_draws(loop, t))


def _second_moments(loop: Loop, t: Any) -> Any:
    covariance = trials.initial_covariance(loop)
    return replace.second_moments(
        squared_norm=(covariance**2).sum(),
        squared_trace=np.trace(covariance) ** 2,
        **_sizes(loop, t),
    )


@theorem(
    observable=SquaredNorm(),
    where=_REPLACE,
    source="anderson2003",
    derived_here=True,
    proof="algebra:wishart_moments",
    rows=[
        Row(trials.LARGER, (1, 2), (off_by_one, other_estimator, _as_if_fixed), 2**19),
        Row(trials.LARGER_UNBIASED, (1, 2), (off_by_one, other_estimator, _as_if_fixed), 2**17),
        Row(trials.LARGER_SCHEDULE, (1, 2), (other_estimator, _as_if_fixed), 2**17),
    ],
)
def multivariategaussian_replace_squared_norm(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{tr}\,\Sigma_t^2=\tfrac13(2a+b)\prod_{s\le t}\nu_s(\nu_s+2)/c_s^2+\tfrac13(a-b)\prod_{s\le t}\nu_s(\nu_s-1)/c_s^2$ with $a=\mathrm{tr}\,\Sigma_0^2$ and $b=(\mathrm{tr}\,\Sigma_0)^2$."""
    return _second_moments(loop, t)[0]


@theorem(
    observable=Power(TotalVariance(), 2.0),
    where=_REPLACE,
    source="anderson2003",
    derived_here=True,
    proof="algebra:wishart_moments",
    rows=[
        Row(trials.LARGER, (1, 2), (off_by_one, other_estimator, _as_if_fixed), 2**17),
        Row(trials.LARGER_UNBIASED, (1, 2), (off_by_one, other_estimator, _as_if_fixed), 2**17),
        Row(trials.LARGER_SCHEDULE, (1, 2), (off_by_one, other_estimator, _as_if_fixed), 2**17),
    ],
)
def multivariategaussian_replace_total_variance_squared(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E(\mathrm{tr}\,\Sigma_t)^2=\tfrac13(2a+b)\prod_{s\le t}\nu_s(\nu_s+2)/c_s^2-\tfrac23(a-b)\prod_{s\le t}\nu_s(\nu_s-1)/c_s^2$ with $a=\mathrm{tr}\,\Sigma_0^2$ and $b=(\mathrm{tr}\,\Sigma_0)^2$: its ratio to $\mathbb E\,\mathrm{tr}\,\Sigma_t^2$ falls to 1, that of a rank of one, as $\prod_s(\nu_s-1)/(\nu_s+2)$, long before the variance is lost."""
    return _second_moments(loop, t)[1]


@theorem(
    observable=KLToTruth(),
    where=_REGULAR,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:multivariate_divergences",
    rows=[
        Row(trials.MLE, (1, 2, 3), (off_by_one, half_exponent, fewer_draws, _without_mean_error, _one_dimension)),
        Row(trials.UNBIASED, (2, 3), (off_by_one, fewer_draws, other_estimator), 2**18),
        Row(trials.SCHEDULE, (1, 2, 3), (off_by_one, fewer_draws, ahead)),
    ],
)  # fmt: skip
def multivariategaussian_replace_kl_to_truth(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_t\|p_0)=-\tfrac12\sum_{s\le t}\sum_{k=0}^{d-1}[\psi((\nu_s-k)/2)+\log(2/c_s)]$ for maximum likelihood, every $n_s>d$: linear in $t$ at constant n, and of order $d^2/n$ a generation; $\tfrac d2\sum_{s\le t}1/n_s$ is added for the unbiased covariance."""
    return replace.kl_to_truth(**_draws(loop, t))


@theorem(
    observable=KLFromTruth(),
    where=_MORE,
    source="shumailov2024",
    derived_here=True,
    proof="algebra:multivariate_divergences",
    rows=[
        Row(trials.LARGER, (1, 2), (off_by_one, half_exponent, fewer_draws, more_draws, _one_dimension), 2**18),
        Row(trials.LARGER_UNBIASED, (2,), (off_by_one, fewer_draws, other_estimator), 2**18),
        Row(trials.LARGER_SCHEDULE, (1, 2), (off_by_one, fewer_draws, ahead), 2**18),
    ],
)  # fmt: skip
def multivariategaussian_replace_kl_from_truth(loop: Loop, t: Any) -> Any:
    r"""$\mathbb E\,\mathrm{KL}(p_0\|p_t)=\tfrac12\big[\mathbb E\log\frac{\det\Sigma_t}{\det\Sigma_0}+d\,(P_t-1+\sum_{s\le t}P_t/(n_sP_{s-1}))\big]$, $P_t=\prod_{s\le t}c_s/(n_s-d-2)$, every $n_s>d+2$: it grows exponentially."""
    return replace.kl_from_truth(**_draws(loop, t))


@theorem(
    observable=Rank(),
    where=_FULL_RANK,
    source="alemohammad2024",
    derived_here=True,
    rows=[Row(trials.FEW, (1, 2, 3, 4, 5), (more_draws, off_by_one, Wrong(
        "the rank of the last fit alone",
        lambda predict, loop, t: np.minimum(
            loop.truth.dimension, loop.training_sizes(int(np.max(t)))[np.asarray(t) - 1] - 1
        ))), 4096)],
)  # fmt: skip
def multivariategaussian_replace_rank(loop: Loop, t: Any) -> Any:
    r"""The rank of $\Sigma_t$ is $\min(d,n_1-1,\dots,n_t-1)$ in almost every chain, and what is lost never returns."""
    return replace.rank(size_of(loop, t), t, loop.truth.dimension)
