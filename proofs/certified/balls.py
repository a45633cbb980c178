r"""Balls: numbers with a proved radius, and how far a float is from the number in a ball.

Arb computes with midpoints and radii and rounds outwards, so that a ball holds the true value whatever
was rounded on the way.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from flint import acb, arb


def ball(value: Any) -> Any:
    """A ball of radius zero: a whole number or a float, exactly."""
    return (
        value
        if isinstance(value, arb | acb)
        else arb(value if isinstance(value, int) else float(value))
    )


def distance(value: Any, true: Any, floor: float = 0.0) -> float:
    r"""An upper bound of $|v-x|/\max(|x|,\text{floor})$ for a float v and the number x in a ball; infinity
    if the ball is too wide to tell, or only one of the two is infinite."""
    if isinstance(true, acb):
        number = acb(float(value.real), float(value.imag))
    elif math.isinf(value) or not true.is_finite():
        return 0.0 if math.isinf(value) and true == arb.pos_inf() else math.inf
    else:
        number = arb(float(value))
    gap = abs(number - true)
    if gap == 0:
        return 0.0
    bound = (gap / abs(true).max(arb(floor))).upper()
    return math.nextafter(float(bound), math.inf) if bound.is_finite() else math.inf


def worst(values: Iterable[Any], balls: Iterable[Any], floor: float = 0.0) -> float:
    """The largest [`distance`][] of floats from the balls that belong to them."""
    return max(distance(v, b, floor) for v, b in zip(values, balls, strict=True))


def products(factors: Sequence[Any]) -> list[Any]:
    """Products of the first 0, 1, 2, ... factors."""
    values = [arb(1)]
    for factor in factors:
        values.append(values[-1] * factor)
    return values


def sums(terms: Sequence[Any]) -> list[Any]:
    """Sums of the first 0, 1, 2, ... terms."""
    values = [arb(0)]
    for term in terms:
        values.append(values[-1] + term)
    return values


def sizes_of(n: Any, last: int) -> list[int]:
    """The sizes of generations 1, ..., last, from a number or a list."""
    return [int(n)] * last if isinstance(n, int) else [int(size) for size in n[:last]]
