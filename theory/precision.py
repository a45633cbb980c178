"""Theorems are evaluated in float64, whatever precision the caller's process uses.

A *core* is a plain `jax.numpy` function. Decorated with [`float64`][], it takes plain numbers or
arrays and returns float64 NumPy. To `jit`, `vmap`, `grad` or `scan` a core, do so inside [`x64`][].
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from modelcollapse.theory.arguments import check


def x64() -> Any:
    """A context in which JAX computes in 64 bits; the process's own flag is left as it was.

    ```python
    with mc.x64():
        slope = jax.grad(theory.gaussian.replace.variance)(100.0, 50.0)
    ```
    """
    return jax.enable_x64(True)


def _is_traced(value: Any) -> bool:
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))


def float64(core: Callable) -> Callable:
    """Make a `jax.numpy` core callable with plain numbers: float64 in, float64 NumPy out.

    Strings and booleans pass through untouched. An argument that bears a name of this package's own
    (`t`, `n`, `variance`, ...) has to lie where its name says, or `ValueError` is raised. Called on tracers, the core itself runs, so it can
    be transformed inside [`x64`][]; a trace outside of it raises `TypeError`.
    """

    def convert(value: Any) -> Any:
        if value is None or isinstance(value, str | bool) or callable(value):
            return value
        return np.asarray(value, dtype=np.float64)

    names = tuple(inspect.signature(core).parameters)

    @functools.wraps(core)
    def public(*args: Any, **kwargs: Any) -> Any:
        check({**dict(zip(names, args, strict=False)), **kwargs})
        if _is_traced((args, kwargs)):
            if not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
                raise TypeError(
                    f"`{core.__name__}` was traced in 32 bits; "
                    "wrap the transformation in `with modelcollapse.x64():`."
                )
            return core(*args, **kwargs)
        with x64():
            result = core(
                *(convert(a) for a in args), **{name: convert(a) for name, a in kwargs.items()}
            )
            return jax.tree.map(lambda leaf: np.asarray(leaf), result)

    return public
