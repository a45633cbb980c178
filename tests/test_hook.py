"""The checks that the suite leans on are switched on: shapes, seeds, warnings."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from modelcollapse.theory import Categorical, Gaussian


def test_shapes_are_checked_at_run_time():
    wrong = jnp.zeros((2, 3))
    with pytest.raises(TypeCheckError):
        Gaussian().statistic(wrong, jnp.ones((2, 3), bool))


@pytest.mark.parametrize(
    "model", [Gaussian(), Categorical([0.5, 0.25, 0.25])], ids=["gaussian", "categorical"]
)
def test_models_pass_under_jit_and_vmap(model, key):
    @eqx.filter_jit
    def refit(model, key):
        values = model.draw(key, 8)
        return model.fit(model.statistic(values, jnp.ones(8, bool)))

    model = model.astype(jnp.float32)
    keys = jax.random.split(key, 3)
    batch = eqx.filter_vmap(refit, in_axes=(None, 0))(model, keys)
    assert all(leaf.shape[0] == 3 for leaf in jax.tree.leaves(batch))


def test_warnings_are_errors():
    with pytest.raises(UserWarning):
        warnings.warn("a warning", stacklevel=1)


def test_each_test_has_its_own_key(key, seed):
    assert jax.random.key_data(key).tolist() == jax.random.key_data(jax.random.key(seed)).tolist()
