"""Bad arguments of plain functions: refused by name, whichever function they are given to."""

import ast
import importlib
import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from modelcollapse.theory import x64
from modelcollapse.theory.arguments import require, require_number, require_probabilities

MODULES = {
    "gaussian": "accumulate fixed_real fresh log_variance mixture replace subsample weighted",
    "categorical": "accumulate fresh lineage moments subsample survival vocabulary",
    "regression": "accumulate fresh replace weighted",
}
GOOD = {
    "t": 3,
    "n": 6,
    "n_real": 4,
    "n_synthetic": 5,
    "real_share": 0.3,
    "weight": 0.6,
    "features": 2,
    "design": "fresh",
    "noise": "mle",
    "variance": 1.5,
    "initial": 0.5,
    "probabilities": [0.5, 0.3, 0.2, 0.0],
    "p": [0.3],
    "sources": 5,
    "epsilon": 0.1,
    "order": 2,
    "power": 2,
    "bins": 2,
    "at": 2,
    "q": 0.5,
    "x": 0.0,
    "u": 1.0,
    "estimator": "mle",
    "mass": False,
    "method": "closure",
}
BAD = {
    "t": (-3, math.nan, math.inf, [1, -1], "late"),
    "n": (0, -2, math.nan, [5, 0], "many"),
    "n_real": (-1, math.nan, "many"),
    "n_synthetic": (-1, math.nan, "many"),
    "real_share": (-0.1, 1.5, math.nan, "a"),
    "weight": (-0.1, 0.0, 1.5, math.nan, "a"),
    "features": (0, 1.5, math.nan, "a"),
    "design": ("random",),
    "noise": ("map",),
    "variance": (-1.0, 0.0, math.nan, "wide"),
    "initial": (-0.1, 1.1, math.nan),
    "probabilities": ([0.5, 0.9], [1.5, -0.5], [math.nan, 1.0], [[1.0]], []),
    "p": ([-0.1], [1.5], [math.nan]),
    "sources": (-1, math.nan),
    "epsilon": (0, -0.1, 2, math.nan),
    "order": (0, 1.5, math.nan),
    "power": (0, 1.5, math.nan),
    "bins": (0, 2.5),
    "at": (math.nan,),
    "q": (math.nan,),
    "x": (math.nan,),
    "estimator": ("ml",),
    "method": ("guess",),
}


def plain_functions():
    """Every function under `@float64`, by its source: the import hook wraps all functions."""
    for family, names in MODULES.items():
        for name in names.split():
            module = importlib.import_module(f"modelcollapse.theory.{family}.{name}")
            for node in ast.parse(inspect.getsource(module)).body:
                if isinstance(node, ast.FunctionDef) and any(
                    getattr(decorator, "id", "") == "float64" for decorator in node.decorator_list
                ):
                    yield f"{family}.{name}.{node.name}", getattr(module, node.name)


FUNCTIONS = dict(plain_functions())


def arguments(function):
    return {name: GOOD[name] for name in inspect.signature(function).parameters}


def test_none_is_left_out():
    assert len(FUNCTIONS) > 45
    assert {name for f in FUNCTIONS.values() for name in arguments(f)} <= set(GOOD)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_bad_arguments_are_named(function):
    good = arguments(function)
    for name in good:
        for bad in BAD.get(name, ()):
            with pytest.raises((ValueError, TypeError), match=f"`{name}"):
                function(**{**good, name: bad})


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (-1, {"least": 0}, "`x` must be at least 0; got -1."),
        (0, {"least": 0, "beyond_least": True}, "`x` must be above 0; got 0."),
        (2, {"least": 0, "most": 1}, "`x` must be between 0 and 1; got 2."),
        (0, {"least": 0, "most": 1, "beyond_least": True}, "above 0 and at most 1; got 0."),
        (2, {"most": 1}, "`x` must be at most 1; got 2."),
        ([1, 2.5], {"whole": True}, "`x` must be a whole number; got [1.0, 2.5]."),
        (math.inf, {"finite": True}, "`x` must be finite; got inf."),
        (math.nan, {}, "`x` must be numbers, none of them NaN; got nan."),
        ([], {"least": 0}, "`x` must be at least 0; got no number."),
    ],
)
def test_the_message_says_what_is_allowed(values, kind, message):
    with pytest.raises(ValueError, match="must be") as caught:
        require(values, "x", **kind)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", ["3", None, object(), [[1], [1, 2]], np.datetime64("2020")])
def test_what_is_no_number_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="`x` must be"):
        require_number(value, "x")


def test_probabilities_may_be_padded_and_rounded():
    require_probabilities([0.0, 1.0, 0.0])
    require_probabilities(np.full(50_000, 1 / 50_000, np.float32))
    require_probabilities(jnp.asarray([0.1, 0.2, 0.7], "bfloat16"))


def test_traced_values_pass_and_known_ones_beside_them_do_not():
    replace = importlib.import_module("modelcollapse.theory.gaussian.replace")
    with x64():
        assert np.isfinite(jax.grad(lambda n: replace.variance(n, 3))(10.0))
        with pytest.raises(ValueError, match="`t` must be"):
            jax.grad(lambda n: replace.variance(n, -3))(10.0)
