"""Nouns as plain data and back: what identifies a loop, and what a saved run knows of its making."""

import dataclasses
from typing import Any, cast

import equinox as eqx
import numpy as np


def encode(value: Any, generations: int, arrays: dict[str, np.ndarray] | None = None) -> Any:
    """Names, numbers, lists and dictionaries for a noun.

    A schedule given by a function is written out for `generations`. Arrays stay in place or, if
    `arrays` is given, move there and leave the name that stands for them."""
    if isinstance(value, eqx.Module):
        fields = {
            field.name: encode(getattr(value, field.name), generations, arrays)
            for field in dataclasses.fields(value)
        }
        return {"type": type(value).__name__, **fields}
    if callable(value):
        return [int(cast(Any, value)(t)) for t in range(1, generations + 1)]
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    array = np.asarray(value)
    if array.ndim == 0:
        return array.item()
    if arrays is None:
        return array
    name = f"array_{len(arrays)}"
    arrays[name] = array
    return {"array": name}


def decode(data: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The noun that `encode` made plain; its type is looked up among the package's own."""
    if isinstance(data, list):
        return tuple(data)
    if not isinstance(data, dict):
        return data
    if "array" in data:
        return np.asarray(arrays[data["array"]])
    fields = {name: decode(value, arrays) for name, value in data.items() if name != "type"}
    return _noun(data["type"])(**fields)


def _noun(name: str) -> type[eqx.Module]:
    from modelcollapse import theory
    from modelcollapse.theory import observables

    noun = getattr(theory, name, None) or getattr(observables, name, None)
    if not (isinstance(noun, type) and issubclass(noun, eqx.Module)):
        raise ValueError(f"{name!r} is not a noun of this version of modelcollapse.")
    return noun
