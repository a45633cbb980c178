"""Moments from cumulants, and what a test of a mean needs to know of its summands."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np


def raw_moments(cumulants: Sequence[Any]) -> list[Any]:
    r"""$m_k=\sum_{j=1}^k\binom{k-1}{j-1}\kappa_j m_{k-j}$ for $k=0,1,\dots$, from
    $\kappa_1,\kappa_2,\dots$"""
    moments: list[Any] = [jnp.ones_like(jnp.asarray(cumulants[0]))]
    for k in range(1, len(cumulants) + 1):
        moments.append(
            sum(
                math.comb(k - 1, j - 1) * cumulants[j - 1] * moments[k - j] for j in range(1, k + 1)
            )
        )
    return moments


def variance_and_skewness(first: Any, second: Any, third: Any) -> tuple[np.ndarray, np.ndarray]:
    """Variance and skewness from three raw moments; the skewness of a constant is zero."""
    first, second, third = (np.asarray(m, dtype=np.float64) for m in (first, second, third))
    # Late generations overflow or underflow, to infinity or to NaN for the skewness: no test is
    # certified there.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        variance = np.maximum(second - first**2, 0)
        central = third - 3 * first * second + 2 * first**3
        spread = np.where(variance > 0, variance, 1)
        return variance, np.where(variance > 0, central / spread**1.5, 0.0)
