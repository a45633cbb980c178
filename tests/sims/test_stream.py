"""The stream: the published cipher, and random numbers that are uniform, independent and have tails.

Every p-value here must exceed 1e-6 divided by the number of tests in the file (some forty), so a sound
generator fails this file once in a million seeds.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import special, stats

from modelcollapse.sims.samplers.normals import REACH, normals
from modelcollapse.sims.samplers.stream import Stream, below, below_each, threefry2x32, uniform
from modelcollapse.theory import x64

uniform, normals = (jax.jit(function, static_argnums=1) for function in (uniform, normals))
below = jax.jit(below)

LEAST = 1e-6 / 40
DRAWS, MANY = 2**20, 2**18


def u32(*values):
    return [np.uint32(value) for value in values]


# The Random123 distribution's kat_vectors, threefry2x32 with 20 rounds: counter, key, output.
@pytest.mark.parametrize(
    ("counter", "key", "output"),
    [
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(counter, key, output):
    with x64():
        found = threefry2x32(*(jnp.asarray(v) for v in u32(*key, *counter)))
    assert [int(word) for word in found] == list(output)


def test_equals_the_generator_that_jax_ships(seed):
    rng = np.random.default_rng(seed)
    key = rng.integers(2**32, size=2, dtype=np.uint32)
    counters = rng.integers(2**32, size=(2, 1000), dtype=np.uint32)
    reference = np.asarray(threefry_2x32(tuple(jnp.asarray(key)), jnp.asarray(counters.ravel())))
    with x64():
        found = np.stack([np.asarray(w) for w in threefry2x32(*key, *counters)])
    np.testing.assert_array_equal(found, reference.reshape(2, -1))


def stream_of(seed):
    return Stream.of(jax.random.bits(jax.random.key(seed), (2,), "uint32"))


def test_folding_is_addressing(seed):
    """A chain's stream does not depend on which chains it is folded with."""
    with x64():
        root = stream_of(seed)
        together, alone = root.fold(jnp.arange(100)), root.fold(jnp.arange(37, 38))
    assert int(together.key0[37]) == int(alone.key0[0])
    assert int(together.key1[37]) == int(alone.key1[0])


def test_tags_and_attempts_are_apart(seed):
    with x64():
        root = stream_of(seed)
        pairs = [root.words(slot, attempt) for slot in range(50) for attempt in range(50)]
        pairs += [(s.key0, s.key1) for s in (root.fold(7, tag) for tag in (3, 51, 52))]
    # The key words of fold(7, 3) are the words at slot 7 and attempt 3: one address, one number.
    assert len({(int(a), int(b)) for a, b in pairs}) == 2500 + 2


def addresses(seed, axis):
    """Words at `DRAWS` addresses that differ in the slot, the attempt, the chain or the generation."""
    return _addresses(stream_of(seed), axis)


@functools.partial(jax.jit, static_argnums=1)
def _addresses(root, axis):
    index = jnp.arange(DRAWS, dtype=jnp.uint32)
    if axis == "slot":
        return root.words(index)
    if axis == "attempt":
        return root.words(5, index)
    if axis == "chain":
        return root.fold(index).fold(3).words(0)
    return root.fold(11).fold(index).words(0)


AXES = pytest.mark.parametrize("axis", ["slot", "attempt", "chain", "generation"])


@AXES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniforms_are_uniform_and_neighbours_independent(seed, axis, dtype):
    with x64():
        values = np.asarray(uniform(addresses(seed, axis), dtype), np.float64)
    assert 0 < values.min() < values.max() < 1
    cells = np.bincount((values * 1024).astype(int), minlength=1024)
    assert stats.chisquare(cells).pvalue > LEAST
    pairs = np.bincount(
        32 * (values[:-1:2] * 32).astype(int) + (values[1::2] * 32).astype(int), minlength=1024
    )
    assert stats.chisquare(pairs).pvalue > LEAST
    assert stats.kstest(values[: 2**16], "uniform").pvalue > LEAST


@AXES
def test_every_bit_is_fair_and_both_words_independent(seed, axis):
    with x64():
        words = [np.asarray(w) for w in addresses(seed, axis)]
    bits = np.stack([(w[:MANY, None] >> np.arange(32, dtype=np.uint32)) & 1 for w in words])
    z = (bits.mean(axis=1) - 0.5) * 2 * np.sqrt(MANY)
    agree = ((bits[0] == bits[1]).mean(axis=0) - 0.5) * 2 * np.sqrt(MANY)
    flips = ((bits[:, 1:] == bits[:, :-1]).mean(axis=1) - 0.5) * 2 * np.sqrt(MANY)
    p = 2 * special.ndtr(-np.abs(np.concatenate([z.ravel(), agree, flips.ravel()])))
    assert p.min() > LEAST / p.size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normals_are_normal_in_the_body_and_in_the_tails(seed, dtype):
    with x64():
        words = addresses(seed, "slot")
        values = np.concatenate([np.asarray(z, np.float64) for z in normals(words, dtype)])
    assert stats.kstest(values[: 2**17], "norm").pvalue > LEAST
    cells = np.bincount((special.ndtr(values) * 1024).astype(int), minlength=1024)
    assert stats.chisquare(cells).pvalue > LEAST
    for level in (3.0, 4.0, 4.5):
        for side in (1, -1):
            beyond = int((side * values > level).sum())
            assert stats.binomtest(beyond, values.size, special.ndtr(-level)).pvalue > LEAST
    lag = np.corrcoef(values[:-1], values[1:])[0, 1] * np.sqrt(values.size)
    assert 2 * special.ndtr(-abs(lag)) > LEAST


def test_the_ends_of_the_words():
    """The extreme words give finite numbers, equally far out on both sides, and never 0 or 1."""
    lowest, highest = u32(0, 0), u32(0xFFFFFFFF, 0xFFFFFFFF)
    middle = u32(0x7FFFFFFF, 0xFFFFFFFF), u32(0x80000000, 0)
    with x64():
        for dtype in ("float32", "float64"):
            ends = [float(uniform(tuple(map(jnp.asarray, w)), dtype)) for w in (lowest, highest)]
            assert 0 < ends[0] < ends[1] < 1
        far, near, also_near, also_far = (
            float(normals(tuple(map(jnp.asarray, w)), "float64")[0])
            for w in (lowest, middle[0], highest, middle[1])
        )
    assert far == -also_far
    assert abs(far) > 8.2
    assert max(abs(near), abs(also_near)) < 1e-12


def test_pairs_of_normals_are_box_and_mullers(seed):
    """Against the definition in float64, at random words and at the extreme ones."""
    words = np.stack([np.asarray(w)[:MANY] for w in addresses(seed, "slot")])
    few = np.array([0, 1, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**32 - 1], np.uint32)
    words = np.concatenate([words, np.stack(np.meshgrid(few, few)).reshape(2, -1)], axis=1)
    first, second = words.astype(np.float64)
    u = (np.floor(first / 2) + 0.5) / 2**31
    radius = np.sqrt(-2 * np.log(np.minimum(u, 1 - 2.0**-24)))
    within = (second * 4) % 2**32
    within -= np.where(within >= 2**31, 2.0**32, 0)
    # Turned by quarters without rounding.
    quarters = np.array([1, 1j, -1, -1j])[(second // 2**30).astype(int)]
    pair = radius * quarters * np.exp(1j * np.pi * (within + 2) / 2**33)
    found = normals(tuple(jnp.asarray(w) for w in words), "float32")
    for z, exact in zip(found, (pair.real, pair.imag), strict=True):
        error = np.abs(np.asarray(z, np.float64) - exact)
        assert np.all(error <= 5e-7 * np.abs(exact) + 4e-8 * np.abs(exact) / radius**2)
        assert np.all(np.asarray(z) != 0)
        assert 6.6 < np.abs(np.asarray(z)).max() <= REACH


@pytest.mark.parametrize("bound", [1, 2, 7, 1000, 2**31 - 1])
def test_below_is_uniform_on_the_integers(seed, bound):
    with x64():
        values = np.asarray(below(addresses(seed, "slot"), bound))
    assert values.dtype == np.int32
    assert 0 <= values.min() <= values.max() < bound
    cells = np.bincount((values.astype(np.int64) * min(bound, 1000)) // bound)
    if cells.size > 1:
        assert stats.chisquare(cells).pvalue > LEAST


@pytest.mark.parametrize(("bound", "count"), [(7, 4), (1000, 3), (2**17, 2), (2**31 - 1, 2)])
def test_below_each_takes_the_leading_digits_of_64_bits(seed, bound, count):
    """To the base `bound`, as Python's whole numbers have them."""
    with x64():
        words = addresses(seed, "slot")
        found = [np.asarray(digit).ravel() for digit in below_each(words, bound, count)]
    high, low = (np.ravel(word) for word in words)
    for i in range(500):
        leading = ((int(high[i]) << 32) + int(low[i])) * bound**count >> 64
        digits = [leading // bound**place % bound for place in reversed(range(count))]
        assert [int(digit[i]) for digit in found] == digits


def test_key_serves_the_generators_of_jax(seed):
    with x64():
        draws = np.asarray(jax.random.normal(stream_of(seed).fold(2).key(), (1000,)))
    assert stats.kstest(draws, "norm").pvalue > LEAST
