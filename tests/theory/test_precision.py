"""Theorems are float64 in any process, and transform inside one context."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from modelcollapse import theory
from modelcollapse.theory import float64, x64


@float64
def decay(n, t, *, word: str = "", flag: bool = False):
    """(1 - 1/n)^t."""
    return jnp.exp(t * jnp.log1p(-1 / n))


def test_plain_numbers_and_integers_give_float64():
    value = decay(100, np.arange(4))
    assert isinstance(value, np.ndarray)
    assert value.dtype == np.float64
    np.testing.assert_allclose(value, 0.99 ** np.arange(4), rtol=1e-15)
    assert decay(n=100, t=2, word="x", flag=True) == pytest.approx(0.9801, rel=1e-15)


def test_transformations_inside_the_context():
    with x64():
        slope = jax.grad(decay)(100.0, 50.0)
        many = jax.jit(jax.vmap(decay, in_axes=(None, 0)))(100.0, jnp.arange(3.0))
    step = 1e-4
    numeric = (decay(100 + step, 50) - decay(100 - step, 50)) / (2 * step)
    np.testing.assert_allclose(slope, numeric, rtol=1e-8)
    np.testing.assert_allclose(many, 0.99 ** np.arange(3.0), rtol=1e-14)


def test_a_32_bit_trace_is_refused():
    with pytest.raises(TypeError, match="`decay` was traced in 32 bits"):
        jax.grad(decay)(100.0, 50.0)


def test_the_process_keeps_its_own_flag():
    code = (
        "import jax, jax.numpy as jnp, modelcollapse.theory as theory;"
        "theory.gaussian.replace.variance(n=10, t=3);"
        "print(jax.config.jax_enable_x64, jnp.ones(1).dtype)"
    )
    out = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["False", "float32"]


def test_float32_callers_see_no_truncation(recwarn):
    assert theory.gaussian.replace.variance(n=np.float32(10), t=np.int32(3)).dtype == np.float64
    assert not recwarn.list
