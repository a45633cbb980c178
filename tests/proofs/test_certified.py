"""The theory's floats lie where balls of proved radius say, and so do the constants it quotes."""

import ast
import importlib
from pathlib import Path

import pytest
from flint import acb, arb, ctx

from modelcollapse.proofs import certified
from modelcollapse.proofs.certified import constants, gaussian, gaussian_cases
from modelcollapse.proofs.certified.balls import distance
from modelcollapse.proofs.certified.cases import Case, grid
from modelcollapse.proofs.certified.integrals import product_cdf
from modelcollapse.theory.gaussian import replace

#: Families whose every float64 function has its error certified.
MODULES = [
    *(
        f"gaussian.{name}"
        for name in (
            "accumulate",
            "fixed_real",
            "fresh",
            "log_variance",
            "mixture",
            "replace",
            "subsample",
        )
    ),
    *(
        f"categorical.{name}"
        for name in (
            "accumulate",
            "fresh",
            "lineage",
            "moments",
            "subsample",
            "survival",
            "vocabulary",
        )
    ),
]


@pytest.fixture(autouse=True)
def precise():
    with ctx.workprec(200):
        yield


@pytest.mark.parametrize("name", certified.CASES)
def test_error_of_the_floats(name):
    case = certified.CASES[name]
    assert case.error() <= case.claim


def test_no_claim_is_worse_than_a_hundred_thousandth_of_a_millionth_of_a_millionth():
    for name, case in certified.CASES.items():
        assert case.claim <= 1e-11, name


@pytest.mark.parametrize("module", MODULES)
def test_every_float64_function_is_certified(module):
    found = importlib.import_module(f"modelcollapse.theory.{module}")
    tree = ast.parse(Path(str(found.__file__)).read_text())
    names = {
        f"{module}.{node.name}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(getattr(decorator, "id", None) == "float64" for decorator in node.decorator_list)
    }
    assert names
    assert names - {"gaussian.log_variance.quantile"} <= set(certified.CASES)


@pytest.mark.parametrize(
    "given", gaussian_cases.QUANTILES, ids=lambda g: "-".join(map(str, g.values()))
)
def test_quantiles(given):
    assert gaussian_cases.quantile_is_right(**given)


@pytest.mark.parametrize("table", certified.CONSTANTS)
def test_constants_as_quoted(table):
    wrong = {
        name: number.str(12)
        for name, (number, quoted) in certified.CONSTANTS[table]().items()
        if not constants.rounds_to(number, quoted)
    }
    assert wrong == {}


def test_two_routes_to_a_law_meet():
    """A Mellin-Barnes integral and an incomplete gamma function, to twenty digits."""
    for n, x in ((5, -0.5), (12, 0.25), (3, -4.0)):
        whole = (arb(n) * arb(x).exp() / 2).gamma_lower(arb(n - 1) / 2, regularized=1)
        integral = product_cdf(x, [n - 1], [n])
        assert integral.overlaps(whole)
        assert integral.rad() < arb(10) ** -20


def test_two_routes_to_a_convolution_meet():
    """Two chi-squares of two degrees: the law of the product by a Bessel function."""
    z = arb(-0.7).exp() * arb(9) / 4
    root = 2 * z.sqrt()
    closed = 1 - root * acb(root).bessel_k(acb(1)).real
    assert product_cdf(-0.7, [2, 2], [3, 3]).overlaps(closed)


def test_a_wrong_constant_is_refused():
    assert constants.rounds_to(arb.pi(), "3.1416")
    assert not constants.rounds_to(arb.pi(), "3.1415")
    # A ball too wide to tell is refused too.
    assert not constants.rounds_to(arb(3.1416, 1e-3), "3.1416")


def test_a_wrong_function_is_refused():
    """n - 1 for n; the other estimator; and a float off in its eleventh digit."""
    right = certified.CASES["gaussian.replace.variance"]
    slipped = Case(
        replace.variance,
        lambda n, **given: gaussian.variance(n=n + 1, **given),
        right.grid[:4],
        1e-12,
    )
    assert slipped.error() > 1e-3
    other = Case(
        replace.w2_squared,
        lambda n, t: gaussian.w2_squared(n, t, "unbiased"),
        grid([{"n": 5, "t": [1, 2]}]),
        1e-12,
    )
    assert other.error() > 1e-3
    assert distance(0.1 * (1 + 1e-11), arb(1) / 10) > 9e-12
    assert distance(0.1, arb(1) / 10) < 1e-16


def test_a_ball_that_says_nothing_is_refused():
    assert distance(1.0, arb(1, 1)) >= 1
    assert distance(1.0, arb("nan")) == float("inf")
    assert distance(float("inf"), arb(1)) == float("inf")
    assert distance(1.0, arb.pos_inf()) == float("inf")
