"""Errors of the categorical model's float64 functions."""

from modelcollapse.proofs.certified import categorical, vocabulary
from modelcollapse.proofs.certified.cases import SCHEDULE, SIZES, TIMES, Case, each, grid
from modelcollapse.theory.categorical import (
    accumulate,
    fresh,
    lineage,
    moments,
    subsample,
    survival,
)
from modelcollapse.theory.categorical import vocabulary as words

_LISTED = [0, 1, 2, 3, 4, 5, 8]
_SIZED = (
    *grid(each("n", 1, *SIZES), each("t", TIMES)),
    *grid(each("n", SCHEDULE), each("t", _LISTED)),
)
_SCALED = tuple(row | {"initial": 0.7} for row in _SIZED)
_P = [0.45, 0.25, 0.15, 0.1, 0.05 - 1e-3, 1e-3]
_SMALL = (
    *grid(each("n", 1, 2, 3, 12, 40), each("t", [0, 1, 2, 3, 10])),
    *grid(each("n", [4, 7, 5, 9, 2, 30]), each("t", [0, 1, 2, 3, 6])),
)
_EITHER = (
    *grid(each("n", 2, 3, 12), each("t", [0, 1, 2, 3, 5, 7, 10])),
    *grid(each("n", 1000, 10**6), each("t", [0, 1, 2, 3, 10, 100, 1000])),
    *grid(each("n", SCHEDULE), each("t", _LISTED)),
)
_PAIRS = (
    *grid(each("n_real", 1, 5, 100), each("n_synthetic", 1, 6, 10_000), each("t", TIMES)),
    *grid(each("n_real", 3), each("n_synthetic", SCHEDULE), each("t", _LISTED)),
)
_FEW_PAIRS = (
    *grid(each("n_real", 1, 5), each("n_synthetic", 2, 9), each("t", [0, 1, 2, 5])),
    *grid(each("n_real", [3, 1, 2]), each("n_synthetic", [5, 9, 4]), each("t", [0, 1, 3])),
)
_SHARED = (
    *grid(
        each("n", 2, 10, 1000), each("real_share", 0.01, 0.3, 1.0), each("t", [0, 1, 2, 10, 100])
    ),
    *grid(each("n", SCHEDULE), each("real_share", 0.25), each("t", _LISTED)),
)
_FEW_SHARED = (
    *grid(each("n", 2, 10), each("real_share", 0.01, 0.3, 1.0), each("t", [0, 1, 2, 5])),
    *grid(each("n", [4, 7, 5]), each("real_share", 0.25), each("t", [0, 1, 3])),
)


def _methods(rows: tuple, *methods: str) -> tuple:
    return grid(each("probabilities", _P), rows, each("method", *methods))


def _grouped(what: str):
    return lambda probabilities, n, t, method: categorical.grouped(
        probabilities, n, t, method, what
    )


DIVERSITY = (
    Case(moments.heterozygosity, categorical.heterozygosity, _SCALED, 5e-13),
    Case(accumulate.heterozygosity, categorical.accumulate_heterozygosity, _SCALED, 5e-15),
    Case(
        accumulate.limit,
        categorical.accumulate_limit,
        grid(each("n", *SIZES), each("initial", 0.7)),
        1e-15,
    ),
    Case(
        accumulate.first_sample_support,
        lambda probabilities, **given: categorical.first_sample_support(probabilities, **given),
        grid(
            each("probabilities", _P),
            each("n", 1, 7, 1000),
            each("t", [0, 1, 9]),
            each("mass", False, True),
        ),
        5e-16,
    ),
    Case(subsample.heterozygosity, categorical.subsample_heterozygosity, _SCALED, 1e-14),
    Case(fresh.inbreeding, categorical.inbreeding, _PAIRS, 5e-13),
    Case(
        fresh.stationary_inbreeding,
        categorical.stationary_inbreeding,
        grid(each("n_real", 1, 5, 100), each("n_synthetic", 1, 6, 10_000)),
        1e-15,
    ),
    Case(fresh.mixture_inbreeding, categorical.mixture_inbreeding, _SHARED, 1e-14),
    Case(fresh.fixed_real_inbreeding, categorical.fixed_real_inbreeding, _PAIRS, 5e-14),
    Case(
        moments.frequency,
        categorical.frequency,
        grid(each("p", _P), _EITHER, each("power", 1, 3, 6)),
        5e-13,
    ),
    Case(
        moments.heterozygosity_second,
        lambda probabilities, n, t: categorical.heterozygosity_second(probabilities, n, t),
        grid(each("probabilities", _P), _EITHER),
        2e-13,
        bits=2000,
    ),
)

LINEAGE = (
    Case(lineage.cumulants, categorical.cumulants, _EITHER, 1e-11, floor=1.0, bits=2000),
    Case(lineage.clock, categorical.clock, grid(each("t", TIMES)), 2e-15),
    Case(lineage.law, categorical.law, _SMALL, 2e-15, floor=1.0),
    Case(
        lineage.sandwich,
        categorical.sandwich,
        grid(each("p", _P), _EITHER),
        5e-14,
        bits=2000,
    ),
    Case(
        lineage.alive,
        categorical.alive,
        (
            *grid(each("p", _P), _SMALL, each("method", "exact")),
            *grid(each("p", _P), _EITHER, each("method", "closure")),
        ),
        5e-13,
        bits=2000,
    ),
    Case(
        survival.support,
        _grouped("support"),
        (*_methods(_SMALL, "exact"), *_methods(_EITHER, "closure", "lower", "upper")),
        5e-13,
        bits=2000,
    ),
    Case(
        survival.surviving_mass,
        _grouped("mass"),
        (*_methods(_SMALL, "exact"), *_methods(_EITHER, "closure", "lower", "upper")),
        5e-13,
        bits=2000,
    ),
    Case(
        survival.by_rank,
        _grouped("rank"),
        (*_methods(_SMALL, "exact"), *_methods(_EITHER, "closure")),
        5e-13,
        bits=2000,
    ),
    Case(
        survival.support_cdf,
        lambda probabilities, **given: categorical.support_cdf(probabilities, **given),
        grid(each("probabilities", _P), _SMALL, each("at", 1, 2, 3)),
        2e-14,
        floor=1.0,
    ),
)

WORDS = (
    Case(words.fresh_alive, vocabulary.fresh_alive, grid(each("p", _P), _FEW_PAIRS), 5e-13),
    Case(words.mixture_alive, vocabulary.mixture_alive, grid(each("p", _P), _FEW_SHARED), 1e-12),
    Case(words.fresh_sources, vocabulary.fresh_sources, _PAIRS, 5e-13),
    Case(words.mixture_sources, vocabulary.mixture_sources, _SHARED, 2e-14),
    Case(
        words.support,
        vocabulary.support,
        grid(each("probabilities", _P), each("sources", [0.5, 3.0, 1000.0])),
        5e-16,
    ),
)

#: Every case of this module.
CASES = (*DIVERSITY, *LINEAGE, *WORDS)
