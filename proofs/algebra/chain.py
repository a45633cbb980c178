r"""Spectra of the Wright-Fisher chain over the rationals: the whole matrix, and nothing rounded."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly

from modelcollapse.proofs.algebra.pooling import Residuals

#: Draws a generation of the two-label chains and of the three-label chains.
TWO_LABELS = (2, 3, 5, 10, 20)
THREE_LABELS = (2, 3, 4)


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    for cuts in itertools.combinations(range(total + parts - 1), parts - 1):
        edges = (-1, *cuts, total + parts - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(edges))


def transition(n: int, labels: int) -> tuple[list[tuple[int, ...]], Any]:
    """The states, counts of `labels` that sum to n, and the matrix of one generation of replace."""
    states = list(_compositions(n, labels))

    def chance(old: tuple[int, ...], new: tuple[int, ...]) -> Any:
        ways, weight = math.factorial(n), 1
        for before, after in zip(old, new, strict=True):
            ways //= math.factorial(after)
            weight *= before**after
        return fmpq(ways * weight, n**n)

    return states, fmpq_mat(
        len(states), len(states), [chance(a, b) for a in states for b in states]
    )


def eigenvalue(n: int, j: int) -> Any:
    r"""$\lambda_j=\prod_{i<j}(1-i/n)$."""
    value = fmpq(1)
    for i in range(j):
        value *= fmpq(n - i, n)
    return value


def _claimed(n: int, labels: int) -> Any:
    polynomial = fmpq_poly([1])
    for j in range(n + 1):
        for _ in range(math.comb(labels + j - 2, j)):
            polynomial *= fmpq_poly([-eigenvalue(n, j), 1])
    return polynomial


def spectrum() -> Residuals:
    r"""The characteristic polynomial is $\prod_j(x-\lambda_j)^{\mu_j}$, $\lambda_j=\prod_{i<j}(1-i/n)$ for
    $j=0..n$, with multiplicity $\mu_j=\binom{K+j-2}{j}$ for K labels: one each for two labels, and K times
    the value one, for the K absorbing states (Feller 1951)."""
    sizes = [(n, 2) for n in TWO_LABELS] + [(n, 3) for n in THREE_LABELS]
    residuals = {}
    for n, labels in sizes:
        _, matrix = transition(n, labels)
        left = matrix.charpoly() - _claimed(n, labels)
        residuals[f"n = {n}, K = {labels}"] = sum((abs(c) for c in left.coeffs()), fmpq(0))
    return residuals


def decay() -> Residuals:
    r"""$P^th=(1-1/n)^th$ for $h=1-\sum_kp_k^2$, at t = 25, state by state; and
    $\mathbb E(1-p_t)^n=\mathbb E(1-p)^{A_t}$ from every state, through the occupancy matrix."""
    residuals = {}
    for n, labels in ((10, 2), (20, 2), (4, 3)):
        states, matrix = transition(n, labels)
        h = fmpq_mat(len(states), 1, [1 - sum(fmpq(c * c, n * n) for c in s) for s in states])
        left = matrix**25 * h - fmpq(n - 1, n) ** 25 * h
        residuals[f"diversity, n = {n}, K = {labels}"] = _size(left)
    n, generations = 8, 6
    states, matrix = transition(n, 2)
    thrown = fmpq_mat(
        n + 1,
        n + 1,
        [
            fmpq(_surjections(a, b) * math.comb(n, b), n**a)
            for a in range(n + 1)
            for b in range(n + 1)
        ],
    )
    # Going back, n lineages become fewer: the powers of q = 1 - p are the dual functions.
    powers = fmpq_mat(
        n + 1, len(states), [fmpq(s[1], n) ** a for a in range(n + 1) for s in states]
    )
    forward = matrix**generations * powers.transpose()
    backward = thrown**generations * powers
    return residuals | {"duality": _size(forward.transpose() - backward)}


def _surjections(balls: int, bins: int) -> int:
    """Maps of the balls onto all of the bins."""
    return sum((-1) ** i * math.comb(bins, i) * (bins - i) ** balls for i in range(bins + 1))


def _size(matrix: Any) -> Any:
    return sum((abs(entry) for entry in matrix.entries()), fmpq(0))
