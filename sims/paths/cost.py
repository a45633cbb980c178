r"""What categorical chains under replace cost, item by item and as counts: how "auto" chooses.

Nanoseconds of one chain on one core of a Zen 4 server, observables apart:

- items: 30 for each draw of generation 1, 2 for each later one, and of a block's guide to the truth 50
  for each label;
- counts: 45 for each label in generation 1. Later 35 for each place gone through, which are the labels
  alive but no fewer than there are groups of labels, and 12 for each group and halving of groups.

Of labels alive after t generations there are about $1/(1/\min(K,n_1)+\sum_{s=2}^t 1/2n_s)$: in the end
2 n / t of them, since n draws have so many ancestors t generations back.
"""

import numpy as np

from modelcollapse.sims.samplers.multinomial import groups_of

_FIRST_ITEM, _ITEM, _GUIDE = 30, 2, 50
_FIRST_LABEL, _PLACE, _HALVED = 45, 35, 12
#: Items must be so many times as fast as counts, because constants differ between processors.
_MARGIN = 1.5
#: Below so many labels a chain costs microseconds either way, and one program of counts serves every n.
_FEW_LABELS = 256
#: Draws a generation up to which items serve a device that is no CPU.
_FEW_DRAWS = 4096


def items_cost(categories: int, sizes: np.ndarray, width: int) -> float:
    """Nanoseconds of a chain, one of `width` in a block, whose generation t draws `sizes[t - 1]` items."""
    drawn = _FIRST_ITEM * sizes[0] + _ITEM * sizes[1:].sum()
    return float(drawn + _GUIDE * categories / width)


def counts_cost(categories: int, sizes: np.ndarray) -> float:
    """The same of a chain of counts."""
    merged = np.cumsum(1 / (2 * sizes[1:]))
    alive = 1 / (1 / min(categories, int(sizes[0])) + merged)
    groups = groups_of(categories)
    halvings = groups.bit_length() - 1
    later = _PLACE * np.maximum(alive, groups) + _HALVED * groups * halvings
    return float(_FIRST_LABEL * categories + later.sum())


def items_pay(categories: int, sizes: np.ndarray, width: int, backend: str) -> bool:
    """True if "auto" draws items, `width` chains to a block, and not counts.

    On a device that is no CPU up to `_FEW_DRAWS` draws a generation. That is arithmetic, not a reading:
    no such device was at hand. A draw there is a hash and a gather, and all of a chain's are independent
    of one another; counts wait for one label group after the other, but do not grow with n."""
    if categories < _FEW_LABELS:
        return False
    if backend != "cpu":
        return int(sizes.max()) <= _FEW_DRAWS
    return counts_cost(categories, sizes) >= _MARGIN * items_cost(categories, sizes, width)
