"""Bad input: refused with its name, its value and what is allowed, before anything is computed."""

import jax
import numpy as np
import pytest

from modelcollapse.sims import simulate
from modelcollapse.sims.simulate import _check_memory, _in_flight
from modelcollapse.theory import (
    Accumulate,
    AccumulateSubsample,
    Categorical,
    Fresh,
    Gaussian,
    Loop,
    Mixture,
    Replace,
)
from modelcollapse.theory.observables import LogVariance, Support

GAUSSIAN = Loop(Gaussian(), Replace(n=10))
SOUND = {"loop": GAUSSIAN, "generations": 3, "chains": 10, "key": jax.random.key(0)}

BAD_RUNS = [
    ({"chains": 0}, ("`chains`", "0", "at least 1")),
    ({"chains": -3}, ("`chains`", "-3", "at least 1")),
    ({"chains": 2.5}, ("`chains`", "2.5", "whole")),
    ({"chains": True}, ("`chains`", "True", "whole")),
    ({"chains": 2**32}, ("`chains`", str(2**32), "below")),
    ({"generations": -1}, ("`generations`", "-1", "at least 1")),
    ({"generations": 0}, ("`generations`", "0", "at least 1")),
    ({"dtype": "float16"}, ("`dtype`", "float16", "float64")),
    ({"record": [0, 4]}, ("`record`", "4", "0..3")),
    ({"record": [-1, 2]}, ("`record`", "-1", "0..3")),
    ({"record": [2, 2]}, ("`record`", "increase", "2")),
    ({"record": "every"}, ("`record`", "every", "all")),
    ({"record": []}, ("`record`", "sequence")),
    ({"record": [0.5]}, ("`record`", "0.5", "whole")),
    ({"path": "fast"}, ("`path`", "fast", "raw")),
    ({"path": "counts"}, ("`path='counts'`", "Gaussian", "auto")),
    ({"path": "items"}, ("`path='items'`", "Gaussian", "Categorical under Replace")),
    ({"loop": Loop(Categorical.zipf(5), Fresh(2, 3)), "path": "items"}, ("`path='items'`", "Fresh", "Replace")),
    ({"loop": Loop(Gaussian(), AccumulateSubsample(5)), "path": "statistic"}, ("`path='statistic'`", "AccumulateSubsample")),
    ({"loop": Loop(Categorical.zipf(5), Accumulate(5)), "path": "ancestors"}, ("`path='ancestors'`", "Accumulate", "Replace")),
    ({"chunk": 0}, ("`chunk`", "0", "at least 1")),
    ({"memory": 10.0}, ("`memory`", "10", "bytes")),
    ({"generations": 50, "memory": 5e3}, ("`memory`", "5e+03", "1 of", "raise it to")),
    ({"chains": 5000, "memory": 3e6}, ("`memory`", "3e+06", "raise it")),
    ({"chains": 10**6, "memory": 1e6, "trajectories": True}, ("`memory`", "1e+06", "trajectories")),
    ({"observables": ()}, ("`observables`", "at least one")),
    ({"memory": float("inf")}, ("`memory`", "inf", "finite")),
    ({"trajectories": "yes"}, ("`trajectories`", "'yes'", "True or False")),
    ({"progress": "yes"}, ("`progress`", "'yes'", "True or False")),
    ({"quantiles": [0.5]}, ("`quantiles`", "[0.5]", "`run.quantile`")),
    ({"record": [1, 3], "quantiles": [2]}, ("`quantiles`", "got 2", "nearest is 1", "`record`")),
    ({"path": "jump", "dtype": "float64"}, ("`path='jump'`", "`dtype` is float64", "statistic")),
    ({"observables": "support"}, ("`observables`", "'support'", "sequence")),
    ({"observables": Support()}, ("`observables`", "Support()", "sequence")),
    ({"observables": [Support]}, ("`observables`", "Support", "such as [observables.Variance()]")),
    ({"observables": (Support(),)}, ("`observables`", "support", "Gaussian")),
    ({"loop": Loop(Gaussian(), Replace(n=2**24 + 2)), "dtype": "float32"}, (str(2**24), str(2**24 + 2), "float64")),
    ({"loop": Loop(Gaussian(), Replace(n=2**30 + 1)), "path": "jump"}, (str(2**30), "path='statistic'", "float64")),
    ({"loop": Loop(Categorical.zipf(5), Replace(n=2**31))}, (str(2**31 - 1), str(2**31))),
    ({"loop": Loop(Gaussian(), Replace(n=(5, 5)))}, ("n", "2", "3")),
]  # fmt: skip


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(("change", "words"), BAD_RUNS, ids=lambda part: "-".join(map(str, part)))
def test_bad_runs_are_refused_before_anything_is_computed(change, words, compilations):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are checked below
        simulate(**{**SOUND, **change})
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    assert compilations() == 0


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    "key",
    [0, jax.random.PRNGKey(0), np.zeros(2, np.uint32), None, jax.random.split(jax.random.key(0))],
    ids=["int", "legacy", "words", "none", "batch"],
)
def test_only_one_typed_key_is_a_key(key):
    with pytest.raises(TypeError, match="`key` must be"):
        simulate(GAUSSIAN, 3, 10, key=key)


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize("loop", [Gaussian(), None, Replace(n=10)])
def test_only_a_loop_is_a_loop(loop):
    with pytest.raises(TypeError, match="`loop` must be a Loop"):
        simulate(loop, 3, 10, key=jax.random.key(0))


def test_a_key_is_required():
    with pytest.raises(TypeError, match="key"):
        simulate(GAUSSIAN, 3, 10)


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Loop(Gaussian(), Replace(n=1)), ("1", "at least 2", "Gaussian")),
        (lambda: Replace(n=0), ("`Replace(n=...)`", "0", "at least 1")),
        (lambda: Replace(n=2.5), ("`Replace(n=...)`", "2.5", "whole")),
        (lambda: Replace(n=float("nan")), ("`Replace(n=...)`", "nan", "integer")),
        (lambda: Gaussian(variance=-1.0), ("`Gaussian(variance=...)`", "-1", "above 0")),
        (lambda: Gaussian(variance=0.0), ("`Gaussian(variance=...)`", "0", "above 0")),
        (lambda: Gaussian(mean=float("inf")), ("`Gaussian(mean=...)`", "inf", "finite")),
        (lambda: Gaussian(estimator="map"), ("`Gaussian(estimator=...)`", "map", "unbiased")),
        (lambda: Categorical([0.5, 0.4]), ("`Categorical(probabilities=...)`", "0.9", "one")),
        (
            lambda: Categorical([1.5, -0.5]),
            ("`Categorical(probabilities=...)`", "-0.5", "between 0 and 1"),
        ),
        (lambda: Categorical([]), ("`Categorical(probabilities=...)`", "(0,)", "K >= 1")),
        (lambda: Categorical.from_counts([0, 0]), ("counts", "0", "positive")),
        (
            lambda: Mixture(n=5, real_share=1.5),
            ("`Mixture(real_share=...)`", "1.5", "between 0 and 1"),
        ),
    ],
    ids=lambda part: "-".join(part) if isinstance(part, tuple) else "",
)
def test_bad_loops_cannot_be_made(make, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are checked below
        make()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.usefixtures("unhooked")
def test_what_a_run_is_asked_for_must_be_an_observable(key):
    run = simulate(GAUSSIAN, 1, 4, key=key, observables=(LogVariance(),))
    for asked in (run.mean, run.standard_error, lambda of: run.quantile(of, 0.5)):
        with pytest.raises(TypeError, match=r"such as LogVariance\(\); got 'log_variance'"):
            asked("log_variance")


def test_moments_of_what_was_not_recorded(key):
    run = simulate(GAUSSIAN, 1, 4, key=key, observables=(LogVariance(),))
    for column, generation in (("variance", 1), ("log_variance", 7)):
        with pytest.raises(KeyError, match=f"'{column}' at generation {generation}"):
            run.moments(column, generation)


@pytest.mark.parametrize("devices", [1, 3, 8])
@pytest.mark.parametrize("budget", [2_000.0, 5_500.0])
def test_advice_about_memory_can_be_taken(devices, budget):
    """Blocks of 64 chains and 300 bytes, beside 100 bytes that are kept."""

    def check(budget, chunk):
        at_once = _in_flight(20, chunk, 64, devices, (budget - 100) / 300)
        _check_memory(budget, 300, devices * at_once, devices, 64, 100)

    with pytest.raises(ValueError, match="does not hold the blocks in flight") as caught:
        check(budget, 64 * 20 * devices)
    advice = str(caught.value).split("; ")[1]
    if advice.startswith("`chunk="):
        check(budget, int(advice.split("=")[1].split("`")[0]))
    else:
        check(float(advice.split()[3].replace(",", "")), 1)
