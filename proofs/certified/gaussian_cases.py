"""Errors of the Gaussian's float64 functions."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import ctx

from modelcollapse.proofs.certified import gaussian, real_data
from modelcollapse.proofs.certified.balls import ball
from modelcollapse.proofs.certified.cases import (
    ESTIMATORS,
    LISTED,
    SCHEDULE,
    SIZES,
    TIMES,
    Case,
    each,
    first,
    grid,
    second,
)
from modelcollapse.theory import x64
from modelcollapse.theory.gaussian import (
    accumulate,
    fixed_real,
    fresh,
    log_gamma,
    log_variance,
    mixture,
    replace,
    subsample,
)

_CONSTANT = grid(each("n", *SIZES), each("t", TIMES), each("estimator", *ESTIMATORS))
_LISTED = grid(each("n", SCHEDULE), each("t", LISTED), each("estimator", *ESTIMATORS))
_BOTH = (*_CONSTANT, *_LISTED)
_BRIEF = tuple(row for row in _BOTH if row["n"] in (2, 5, 10_000, SCHEDULE))
_SCALED = (*_BOTH, *(row | {"variance": 0.3} for row in _BRIEF))
_N = grid(each("n", *SIZES), each("estimator", *ESTIMATORS))
#: Accumulate's factors are integrals: fewer of them.
_FEW = (
    *grid(each("n", 2, 4, 100), each("t", [0, 1, 2, 3, 4, 5, 8]), each("estimator", *ESTIMATORS)),
    *_LISTED,
)
_REAL = (
    *grid(
        each("n_real", 2, 5, 100),
        each("n_synthetic", 0, 6, 10_000),
        each("t", TIMES),
        each("estimator", *ESTIMATORS),
    ),
    *grid(each("n_real", 3), each("n_synthetic", SCHEDULE), each("t", LISTED)),
)
_SHARES = (
    *grid(
        each("n", 2, 10, 1000),
        each("real_share", 0.0, 0.01, 0.3, 1.0),
        each("t", [0, 1, 2, 10, 100]),
        each("estimator", *ESTIMATORS),
    ),
    *grid(each("n", SCHEDULE), each("real_share", 0.25), each("t", LISTED)),
)


def _in_64_bits(core: Callable[..., Any]) -> Callable[..., Any]:
    """A core as a caller in float64 sees it."""

    @functools.wraps(core)
    def run(**given: Any) -> Any:
        with x64():
            return np.asarray(core(**given))

    return run


def _order(rows: tuple, name: str, *values: Any) -> tuple:
    return grid(rows, each(name, *values))


REPLACE = (
    Case(replace.variance, gaussian.variance, _SCALED, 5e-13),
    Case(
        replace.variance_moment,
        gaussian.variance_moment,
        _order(
            tuple(row | {"t": [0, 1, 2, 3, 4, 5, 8]} for row in _BOTH), "q", -1.0, 0.3, 0.5, 2.0
        ),
        2e-13,
    ),
    Case(replace.mean_error_second_moment, gaussian.mean_error_second_moment, _SCALED, 2e-15),
    Case(replace.w2_squared, gaussian.w2_squared, _SCALED, 1e-14),
    Case(replace.kl_to_truth, gaussian.kl_to_truth, _BOTH, 5e-15),
    Case(
        replace.kl_from_truth,
        gaussian.kl_from_truth,
        (
            *grid(
                each("n", 3, 4, 10, 100, 10_000),
                each("t", [0, 1, 2, 10, 100]),
                each("estimator", *ESTIMATORS),
            ),
            *grid(
                each("n", [4, 7, 5, 9, 30]), each("t", [0, 1, 2, 5]), each("estimator", *ESTIMATORS)
            ),
        ),
        5e-14,
    ),
)

LOG_VARIANCE = (
    Case(
        log_variance.lyapunov_exponent,
        lambda n, estimator: gaussian.digamma_step(n, estimator),
        _N,
        5e-15,
    ),
    Case(log_variance.half_life, gaussian.half_life, _N, 5e-15),
    Case(
        log_variance.collapse_time, gaussian.collapse_time, _order(_N, "epsilon", 0.5, 1e-6), 5e-15
    ),
    Case(
        log_variance.cumulant,
        gaussian.cumulant,
        (*_order(_BRIEF, "order", 1, 4), *_order(_BOTH, "order", 2)),
        5e-15,
    ),
    Case(log_variance.mean, lambda **given: gaussian.cumulant(order=1, **given), _BOTH, 5e-15),
    Case(log_variance.second_moment, gaussian.second_moment, _BOTH, 1e-14),
    Case(
        log_variance.characteristic_function,
        gaussian.characteristic_function,
        grid(
            each("n", 2, [4, 7, 5, 9]),
            each("t", [0, 1, 2, 4]),
            each("u", 0.7, 5.0),
            each("estimator", "mle"),
        ),
        5e-14,
    ),
    Case(
        log_variance.cdf,
        gaussian.cdf,
        (
            *grid(
                each("x", -3.0, -0.5, 0.4),
                each("n", 2, 5),
                each("t", [0, 1, 3]),
            ),
            *grid(
                each("x", -1.5, -0.5, 0.0),
                each("n", 5),
                each("t", [0, 1, 10]),
                each("estimator", "unbiased"),
            ),
            *grid(each("x", -0.1, 0.1), each("n", 100), each("t", [0, 1, 3])),
            *grid(each("x", -1.0, 0.0), each("n", [4, 7, 5, 9]), each("t", [1, 2, 4])),
        ),
        1e-15,
        floor=1.0,
    ),
    Case(
        _in_64_bits(log_gamma.log_gamma_ratio),
        gaussian.log_gamma_ratio,
        grid(
            each("x", 0.5, 1.0, 4.5, 50.0, 5000.0),
            each("q", 0.3, 0.5, 2.0, 10.0, -0.25, 0.25 + 1j, 3j, 40j),
        ),
        2e-14,
    ),
    Case(
        _in_64_bits(log_gamma.digamma_less_log),
        lambda x: ball(x).digamma() - ball(x).log(),
        grid(each("x", 0.5, 1.0, 4.5, 31.9, 32.0, 1e4, 1e9)),
        5e-15,
    ),
)

ACCUMULATE = (
    Case(accumulate.variance, gaussian.accumulate_variance, _SCALED, 2e-15),
    Case(accumulate.variance_limit, gaussian.accumulate_limit, _N, 1e-14),
    Case(
        accumulate.variance_moment,
        gaussian.accumulate_moment,
        _order(_BRIEF, "order", 2, 3),
        5e-14,
    ),
    Case(accumulate.mean_error_second_moment, gaussian.accumulate_mean_error, _SCALED, 5e-15),
    Case(accumulate.standard_deviation, gaussian.accumulate_standard_deviation, _FEW, 2e-15),
    Case(accumulate.log_variance, gaussian.accumulate_log_variance, _FEW, 5e-15),
    Case(accumulate.w2_squared, gaussian.accumulate_w2_squared, _FEW, 5e-15),
    Case(accumulate.kl_to_truth, gaussian.accumulate_kl_to_truth, _FEW, 5e-15),
)


def _stationary(regime: str, *names: str):
    return lambda estimator="mle", **given: list(
        real_data.stationary(regime, given[names[0]], given[names[1]], estimator)
    )


_PAIRS = grid(
    each("n_real", 2, 5, 100), each("n_synthetic", 0, 6, 10_000), each("estimator", *ESTIMATORS)
)

REAL_DATA = (
    Case(fresh.variance, second(real_data.fresh), _REAL, 5e-13, bits=2000),
    Case(fresh.mean_error_second_moment, first(real_data.fresh), _REAL, 5e-13, bits=2000),
    Case(fresh.stationary, _stationary("fresh", "n_real", "n_synthetic"), _PAIRS, 1e-15),
    Case(
        fresh.one_migrant,
        lambda n_real: 1 / (1 + 2 * ball(n_real)),
        grid(each("n_real", 1, 3, 10_000)),
        5e-16,
    ),
    Case(
        fresh.effective_real_size,
        lambda n_real, n_synthetic: 1 / real_data.stationary("fresh", n_real, n_synthetic)[0],
        grid(each("n_real", 1, 3, 10_000), each("n_synthetic", 1, 50, 10_000)),
        5e-16,
    ),
    Case(fixed_real.variance, second(real_data.fixed_real), _REAL, 1e-12, bits=2000),
    Case(fixed_real.mean_error_second_moment, first(real_data.fixed_real), _REAL, 2e-13, bits=2000),
    Case(fixed_real.stationary, _stationary("fixed_real", "n_real", "n_synthetic"), _PAIRS, 1e-15),
    Case(mixture.variance, second(real_data.mixture), _SHARES, 2e-14),
    Case(mixture.mean_error_second_moment, first(real_data.mixture), _SHARES, 1e-13),
    Case(
        mixture.stationary,
        _stationary("mixture", "n", "real_share"),
        grid(
            each("n", 2, 10, 1000),
            each("real_share", 0.25, 0.3, 1.0),
            each("estimator", *ESTIMATORS),
        ),
        5e-15,
    ),
    Case(subsample.variance, second(real_data.subsample), _BOTH, 5e-14),
    Case(subsample.mean_error_second_moment, first(real_data.subsample), _BOTH, 2e-14),
)

#: A quantile q is right to delta if the certified law passes the level between q - delta and q + delta.
QUANTILES = grid(
    each("n", 2, 5, 100),
    each("t", 1, 3),
    each("p", 1e-3, 0.5, 0.999),
    each("estimator", "mle"),
)
QUANTILE_CLAIM = 1e-9


def quantile_is_right(n: int, t: int, p: float, estimator: str) -> bool:
    """Whether [`QUANTILE_CLAIM`][] encloses the quantile, for certain."""
    value = float(log_variance.quantile(p, n, t, estimator=estimator))
    with ctx.workprec(100):
        low, high = (
            gaussian.cdf(value + sign * QUANTILE_CLAIM, n, [t], estimator)[0] for sign in (-1, 1)
        )
    return math.isfinite(value) and bool(low < p) and bool(high > p)


#: Every case of this module.
CASES = (*REPLACE, *LOG_VARIANCE, *ACCUMULATE, *REAL_DATA)
