"""Compiled programs: kept while there is room for them."""

import jax

from modelcollapse.sims import blocks, simulate
from modelcollapse.theory import Categorical, Loop, Replace


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
