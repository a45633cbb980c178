"""What one least-squares fit costs, by design and by what is known of the noise."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from modelcollapse.theory.arguments import is_traced, require
from modelcollapse.theory.gaussian.steps import require_draws, size_of
from modelcollapse.theory.ledger import Wrong
from modelcollapse.theory.loop import Loop
from modelcollapse.theory.regimes import Accumulate
from modelcollapse.theory.regression.family import LinearRegression

_DESIGNS, _NOISES = ("fresh", "orthogonal", "fixed"), ("known", "mle", "unbiased")


def require_kind(design: str, noise: str) -> None:
    """`ValueError` unless the design and the noise are of the kinds that there are."""
    if design not in _DESIGNS:
        raise ValueError(f"`design` must be one of {', '.join(_DESIGNS)}; got {design!r}.")
    if noise not in _NOISES:
        raise ValueError(f"`noise` must be one of {', '.join(_NOISES)}; got {noise!r}.")


def require_rows(n: Any, features: Any, spare: int, name: str = "n") -> None:
    """`ValueError` unless every size exceeds the number of features by `spare`."""
    require(features, "features", 1, finite=True, whole=True)
    require_draws(n, int(features) + spare, name)


def require_batches(n: Any, features: Any, design: str, name: str = "n") -> None:
    """`ValueError` if a batch of an orthogonal design has fewer than p rows, but some."""
    if design == "orthogonal" and not is_traced(n):
        sizes = np.asarray(n)
        require(np.where(sizes > 0, sizes, int(features)), name, int(features))


def spare_rows(design: str, noise: str) -> int:
    """Rows beyond p that a finite mean risk takes."""
    require_kind(design, noise)
    return 2 if design != "orthogonal" else int(noise != "known")


def trace(n: Any, features: Any, design: str) -> Any:
    r"""$\mathbb E\operatorname{tr}(X^\top X)^{-1}$: $p/(n-p-1)$ for Gaussian rows, $p/n$ for an
    orthogonal design."""
    return features / (n if design == "orthogonal" else n - features - 1)


def log_shrinkage(n: Any, features: Any, noise: str) -> Any:
    r"""Logarithm of the mean factor of $\sigma^2$ in one fit: $\log(1-p/n)$ if it is refitted by maximum
    likelihood, else 0."""
    return jnp.log1p(-features / n) if noise == "mle" else jnp.zeros_like(n * 1.0)


def regression_of(loop: Loop) -> dict[str, Any]:
    """The truth's part of a plain function's arguments."""
    truth = loop.truth
    return {
        "features": truth.features,
        "noise": truth.noise,
        "variance": np.exp(np.float64(truth.log_variance)),
    }


def draws(loop: Loop, t: Any, *fields: str) -> dict[str, Any]:
    """The loop's part of a plain function's arguments."""
    return {field: size_of(loop, t, field) for field in fields} | {"t": t} | regression_of(loop)


def serves_design(loop: Loop) -> bool:
    """Whether the loop's sizes are known to allow its design: p rows in each batch of an orthogonal
    one, the same n for ever for a fixed one."""
    sizes = _listed(loop)
    if loop.truth.design == "fresh":
        return True
    if sizes is None:
        return False
    if loop.truth.design == "fixed":
        return len(sizes) == 1 and bool(np.ptp(sizes[0]) == 0)
    return all(bool(np.all(size[size > 0] >= loop.truth.features)) for size in sizes)


def has_moments(loop: Loop, least: int = 2) -> bool:
    """Whether the sizes allow the design, and every training set is known to exceed p by `least` rows
    if its rows are Gaussian."""
    sizes = _listed(loop)
    if not serves_design(loop) or sizes is None:
        return False
    if loop.truth.design == "orthogonal":
        return True
    if isinstance(loop.regime, Accumulate):
        sizes = [size[:1] for size in sizes]
    # A number serves every generation; of two schedules the shorter ends both.
    length = min((size.size for size in sizes if size.size > 1), default=1)
    total = sum(size[:length] if size.size > 1 else size for size in sizes)
    return bool(np.min(total) >= loop.truth.features + least)


def _listed(loop: Loop) -> list[np.ndarray] | None:
    """The sizes of the loop's batches; a schedule given by a function has no end, and gives None."""
    fields = ("n", "n_real", "n_synthetic")
    sizes = [getattr(loop.regime, field) for field in fields if hasattr(loop.regime, field)]
    return None if any(callable(size) for size in sizes) else [np.ravel(size) for size in sizes]


def _with(loop: Loop, **changes: Any) -> Loop:
    truth = loop.truth
    coefficients = changes.pop("coefficients", truth.coefficients)
    kinds = {"design": truth.design, "noise": truth.noise} | changes
    changed = LinearRegression(coefficients, log_variance=truth.log_variance, **kinds)
    return Loop(changed, loop.regime, channel=loop.channel)


def _of_noise(noise: str) -> Wrong:
    words = {"known": "the noise as if it were known", "mle": "the noise refitted by dividing by n",
             "unbiased": "the noise refitted without bias"}  # fmt: skip
    return Wrong(
        words[noise], lambda predict, loop, t, *at: predict(_with(loop, noise=noise), t, *at)
    )


#: The noise treated in another way.
known_noise, mle_noise, unbiased_noise = (_of_noise(noise) for noise in _NOISES)
#: An orthogonal design: n for n - p - 1.
orthogonal_design = Wrong(
    "n for n - p - 1, as with an orthogonal design",
    lambda predict, loop, t, *at: predict(_with(loop, design="orthogonal"), t, *at),
)
#: Gaussian rows where the design is orthogonal.
random_design = Wrong(
    "n - p - 1 for n, as with Gaussian rows",
    lambda predict, loop, t, *at: predict(_with(loop, design="fresh"), t, *at),
)
#: One regressor too few.
fewer_features = Wrong(
    "p - 1 for p",
    lambda predict, loop, t, *at: predict(
        _with(loop, coefficients=loop.truth.coefficients[:-1]), t, *at
    ),
)
