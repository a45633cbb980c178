"""Compiled programs: kept while there is room for them, and the turns of their loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from modelcollapse.sims import blocks, simulate
from modelcollapse.sims.paths import gaussian
from modelcollapse.sims.paths.abstract import unrolled
from modelcollapse.theory import Categorical, Gaussian, Loop, Replace


def test_programs_are_forgotten_before_memory_mappings_run_out(monkeypatch, compilations):
    def run(labels):
        before = compilations()
        loop = Loop(Categorical.zipf(labels), Replace(n=6))
        simulate(loop, 2, 4, key=jax.random.key(0))
        return compilations() - before

    assert run(5) > 0
    assert run(5) == 0
    monkeypatch.setattr(blocks, "_MOST_MAPPINGS", 0)
    assert run(6) > 0
    monkeypatch.undo()
    assert run(5) > 0
    assert run(6) == 0


def test_turns_of_any_length_make_the_same_chains(monkeypatch):
    """A schedule tells the generations apart; between those looked at lie 0, 1, 0, 9, and 4 of them."""
    loop = Loop(Gaussian(), Replace(n=tuple(range(10, 30))))

    def run(turn):
        monkeypatch.setitem(gaussian.TURNS, "cpu", turn)
        seen = simulate(
            loop, 20, 64, key=jax.random.key(5), record=[0, 1, 3, 4, 14, 19], trajectories=True
        )
        return seen.data["trajectory"].values

    own = run(1)
    for turn in (3, 4, 8):
        np.testing.assert_array_equal(run(turn), own)


@pytest.mark.parametrize("unroll", [1, 2, 5])
@pytest.mark.parametrize("steps", [0, 1, 4, 5, 13])
def test_turns_take_every_step_once_and_in_order(unroll, steps):
    def place(i, digits):
        return digits.at[i].set(digits.max() + 1)

    found = jax.jit(lambda stop: unrolled(3, stop, place, jnp.zeros(20, int), unroll))(3 + steps)
    assert found[3 : 3 + steps].tolist() == list(range(1, steps + 1))
    assert found.sum() == steps * (steps + 1) // 2
