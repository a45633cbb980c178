"""Counter-addressed random numbers: every draw is named by (seed, chain, generation, slot).

The generator is threefry2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, SC 2011) in plain
`jax.numpy`, so it fuses with what consumes it. A [`Stream`][] holds one pair of key words a chain;
folding in an index gives the stream below it. Because a draw's value depends on its address alone,
results do not depend on how chains are grouped, sharded, or compacted.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

#: Changes whenever an address maps to another number.
STREAM_VERSION = 4

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry2x32(key0: Any, key1: Any, counter0: Any, counter1: Any) -> tuple[Any, Any]:
    """Two 32-bit words of the 20-round threefry2x32 block cipher; all arguments uint32."""
    key2 = key0 ^ key1 ^ jnp.uint32(_PARITY)
    keys = (key0, key1, key2)
    x0, x1 = counter0 + key0, counter1 + key1
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = (x1 << jnp.uint32(rotation)) | (x1 >> jnp.uint32(32 - rotation))
            x1 = x0 ^ x1
        x0 = x0 + keys[(block + 1) % 3]
        x1 = x1 + keys[(block + 2) % 3] + jnp.uint32(block + 1)
    return x0, x1


class Stream(eqx.Module):
    """A family of random numbers under a pair of key words of any common shape."""

    key0: UInt32[Array, "*chains"]
    key1: UInt32[Array, "*chains"]

    @staticmethod
    def of(words: UInt32[Array, "2"]) -> "Stream":
        """The root stream of a seed's two words."""
        return Stream(words[0], words[1])

    def fold(self, index: Any, tag: int = 0) -> "Stream":
        """The stream below `index` (broadcast against the keys), for use `tag`."""
        return Stream(*self.words(index, tag))

    def words(self, slot: Any, attempt: Any = 0) -> tuple[Any, Any]:
        """Two independent uniform 32-bit words at (slot, attempt), broadcast against the keys."""
        slot, attempt = _word(slot), _word(attempt)
        shape = jnp.broadcast_shapes(self.key0.shape, slot.shape, attempt.shape)
        wide = (jnp.broadcast_to(x, shape) for x in (self.key0, self.key1, slot, attempt))
        return threefry2x32(*wide)

    def expand(self) -> "Stream":
        """The same streams with a trailing axis of length one, to broadcast slots along."""
        return Stream(self.key0[..., None], self.key1[..., None])

    def key(self) -> Any:
        """A typed JAX key, for the generators that JAX ships."""
        data = jnp.stack([self.key0, self.key1], axis=-1)
        return jax.random.wrap_key_data(data, impl="threefry2x32")


def _word(value: Any) -> Any:
    return jnp.asarray(value).astype(jnp.uint32)


def uniform(words: tuple[Any, Any], dtype: Any) -> Float[Array, "..."]:
    """A uniform draw on the open interval (0, 1): from one word in 32 bits, from both in 64."""
    high, low = words
    if jnp.dtype(dtype) == jnp.float32:
        # One bit fewer than the significand has, so that the half step is not rounded up to 1.
        return ((high >> jnp.uint32(9)).astype(jnp.float32) + 0.5) * jnp.float32(2**-23)
    top = (high >> jnp.uint32(6)).astype(jnp.float64) * 2.0**26
    return (top + (low >> jnp.uint32(6)).astype(jnp.float64) + 0.5) * 2.0**-52


def below(words: tuple[Any, Any], bound: Any) -> Int[Array, "..."]:
    """A uniform integer in `[0, bound)`, int32: the high word of 64 random bits times `bound`.

    The bias of a cell is below `bound / 2**64`. `bound` must be below 2**31."""
    return below_each(words, bound, 1)[0]


def below_each(words: tuple[Any, Any], bound: Any, count: int) -> list[Int[Array, "..."]]:
    """`count` independent uniform integers in `[0, bound)`, int32: the leading digits of 64 random bits
    as a fraction, to the base `bound`.

    The bias of a joint cell is below `bound**count / 2**64`. `bound` must be below 2**31."""
    high, low = (word.astype(jnp.uint64) for word in words)
    bound = jnp.asarray(bound).astype(jnp.uint64)
    shift, mask = jnp.uint64(32), jnp.uint64(2**32 - 1)
    digits = []
    for _ in range(count):
        low = low * bound
        high = high * bound + (low >> shift)
        digits.append((high >> shift).astype(jnp.int32))
        high, low = high & mask, low & mask
    return digits
