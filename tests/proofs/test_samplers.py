"""The constants of the fast samplers are the ones that the page on samplers derives."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from modelcollapse.proofs.algebra import samplers
from modelcollapse.proofs.certified.trigonometry import cosine_error, sine_error
from modelcollapse.sims.samplers import binomial_quantile, cornish_fisher, normals, quantile_map
from modelcollapse.sims.samplers.chi_square import _log_acceptance
from modelcollapse.theory import x64


def written(series):
    """The coefficients of `cornish_fisher`, under (g, power of y, power of s)."""
    return {
        (g, i, 2 * place + (i % 2 == 0)): value
        for g, rows in enumerate(series)
        for i, row in enumerate(rows, start=int(g == 0))
        for place, value in enumerate(row)
    }


def derived():
    found = samplers.binomial_series(cornish_fisher.HIGHEST)
    return {at: float(Fraction(str(value))) for at, value in found.items()}


def test_every_coefficient_of_the_binomial_series_is_the_one_derived():
    found = written(cornish_fisher._SERIES)
    assert len(found) == 125
    assert found == derived()


def test_a_changed_coefficient_is_seen():
    exact = derived()
    for at, value in written(cornish_fisher._SERIES).items():
        assert np.nextafter(value, np.inf) != exact[at]


@pytest.mark.parametrize("order", [1, 4, 9])
def test_the_series_is_evaluated_as_it_is_written(order):
    """`excess` against a plain sum; an order leaves out what is beyond."""
    z, skew, deviation = 1.7, 0.3, 11.0
    terms = [
        float(Fraction(str(c))) * deviation ** (2 - 2 * g) * (z / deviation) ** i * skew**e
        for (g, i, e), c in samplers.binomial_series(order).items()
    ]
    with x64():
        found = cornish_fisher.excess(
            jnp.asarray(z), jnp.asarray(skew), jnp.asarray(deviation), order
        )
    assert float(found) == pytest.approx(sum(terms), rel=1e-13)


def chi_square_excess(z, degrees):
    r = np.sqrt(2 / degrees)
    series = samplers.chi_square_series(4)
    return sum(float(Fraction(str(c))) * r**j * z**i for (j, i), c in series.items())


def test_the_chi_square_series_is_the_one_derived(monkeypatch):
    """At 50 degrees of freedom, where every term counts, though the sampler uses it from 1e5 on."""
    z = np.linspace(-2, 2, 41)
    monkeypatch.setattr(quantile_map, "_SERIES_FROM", 0)
    found = np.expm1(quantile_map.log_quantile(z, 50)) / np.sqrt(2 / 50)
    np.testing.assert_allclose(found, chi_square_excess(z, 50), rtol=0, atol=2e-14)


def test_the_first_term_left_out_of_the_chi_square_series_is_its_error():
    reach, r = normals.REACH, np.sqrt(2 / quantile_map._SERIES_FROM)
    fifth = [(c, i) for (j, i), c in samplers.chi_square_series(5).items() if j == 5]
    left_out = sum(float(Fraction(str(c))) * reach**i for c, i in fifth) * r**5
    assert 4e-12 < left_out < 5e-12


def test_the_acceptance_of_a_chi_square_is_the_one_derived():
    y = np.array([-0.0999, -0.05, -1e-3, 1e-3, 0.05, 0.0999])
    exact = np.array([float(_acceptance(value)) for value in y])
    with x64():
        found = np.asarray(_log_acceptance(jnp.ones(y.size), jnp.asarray(y)))
    np.testing.assert_allclose(found, exact, rtol=0, atol=3e-13)


def _acceptance(y):
    """$y^2\\sum_{k\\ge4}(-1)^{k+1}y^{k-4}/(3k)$ to many more terms than are used."""
    return y**2 * sum((-1) ** (k + 1) * y ** (k - 4) / (3 * k) for k in range(4, 60))


def test_sine_and_cosine_of_the_normals_are_as_close_as_they_say():
    sine, cosine = (np.float32(c).tolist() for c in (normals._SINE, normals._COSINE))
    reach = float(np.float32(np.pi / 4)) * (1 + 2**-22)
    for error, coefficients, claim in ((sine_error, sine, 9e-9), (cosine_error, cosine, 2e-10)):
        assert error(coefficients, reach) < claim
        for place in range(len(coefficients)):
            other = list(coefficients)
            other[place] *= 1.001
            assert error(other, reach) > claim


def test_the_normal_of_the_binomial_is_as_close_as_it_says():
    z = np.linspace(0, 5.3, 200_001)
    radius = np.sqrt(-2 * special.log_ndtr(-z))
    size = radius - np.polynomial.polynomial.polyval(1 / (radius + 2), binomial_quantile._NORMAL)
    assert np.abs(size - z).max() < 4e-7
    within = z < binomial_quantile._REACH
    assert np.abs(size - z)[within].max() < 2e-8
