"""How far a polynomial is from sine or cosine on a symmetric interval, proved."""

from collections.abc import Sequence

from flint import arb, fmpq

_TERMS = 12
_PIECES = 2048


def sine_error(coefficients: Sequence[float], reach: float) -> float:
    r"""An upper bound of $|xP(x^2)/\sin x-1|$ for $0<x\le$ `reach` < 3/2, P with these coefficients,
    lowest power first."""
    return _error(coefficients, reach, 1)


def cosine_error(coefficients: Sequence[float], reach: float) -> float:
    r"""An upper bound of $|P(x^2)/\cos x-1|$ for $|x|\le$ `reach` < 3/2, P with these coefficients, lowest
    power first."""
    return _error(coefficients, reach, 0)


def _error(coefficients: Sequence[float], reach: float, odd: int) -> float:
    """In balls around pieces of the interval of y = x^2, the difference from Taylor's polynomial: its
    coefficients are small, so that wide balls lose little."""
    taylor, term = [], fmpq(1)
    for k in range(_TERMS + 1):
        taylor.append(term)
        term = -term / ((2 * k + 1 + odd) * (2 * k + 2 + odd))
    first_omitted = abs(arb(term))
    given = [arb(float(c)) for c in coefficients]
    gaps = [(given[k] if k < len(given) else arb(0)) - arb(taylor[k]) for k in range(_TERMS + 1)]
    worst = arb(0)
    for piece in range(_PIECES):
        half = arb(float(reach)) ** 2 / (2 * _PIECES)
        y = arb((2 * piece + 1) * half, half.upper())
        rest = arb(0, (first_omitted * abs(y) ** (_TERMS + 1)).upper())
        gap = _value(gaps, y) - rest
        whole = _value([arb(c) for c in taylor], y) + rest
        worst = worst.max(abs(gap / whole))
    return float(worst.upper())


def _value(coefficients: Sequence[arb], y: arb) -> arb:
    value = arb(0)
    for coefficient in reversed(coefficients):
        value = value * y + coefficient
    return value
