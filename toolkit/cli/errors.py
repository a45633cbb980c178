"""Bad input: one clear line on standard error, exit status 2."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any


class BadInputError(Exception):
    """The user asked for something that cannot be done; the message is the one line they see."""


def outside(argument: str, value: Any, allowed: str) -> BadInputError:
    """An argument whose value is not allowed."""
    return BadInputError(f"{argument} must be {allowed}; got {value!r}.")


def unknown(argument: str, value: str, known: Iterable[str]) -> BadInputError:
    """A name that is not among the known ones, with the nearest of them."""
    names = list(known)
    near = difflib.get_close_matches(value, names, n=3, cutoff=0.4)
    listed = near or names
    shown = ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
    return BadInputError(
        f"{argument} {value!r} is not known; " + (f"near: {shown}." if near else f"one of {shown}.")
    )


def whole(argument: str, low: int, high: int) -> Callable[[Any], int]:
    """A parser of whole numbers `low <= value < high`."""

    def parse(text: Any) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value < high:
            raise outside(argument, text, f"a whole number from {low} to {high - 1}")
        return value

    return parse
