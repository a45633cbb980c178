r"""Binomial quantiles as a series in one over the standard deviation (Cornish and Fisher).

With mean $\mu=mp$, variance $\sigma^2=mpq$, $s=q-p$ and $y=z/\sigma$, the smallest $k$ with
$P(N\le k)\ge\Phi(z)$ is the smallest whole number that is at least $X(z)-\tfrac12$, where
$$X(z)=\mu+\sum_{g}\sigma^{2-2g}\sum_i c_{gi}(s)\,y^i.$$
The cumulants of a binomial are $\sigma^2$ times polynomials in $s$; those of even order are lowered by
those of a uniform number, which is what summing over whole numbers instead of integrating amounts to
(Euler and Maclaurin). The coefficients follow from them by Hill and Davis, Ann. Math. Statist. 39, 1968.
"""

from typing import Any

import jax.numpy as jnp

#: `_SERIES[g][i]` holds the coefficients of $c_{gi}$ at $s^e, s^{e+2},\dots$ with $e=1$ for even i.
_SERIES = (
    (
        (1 / 1,),
        (1 / 6,),
        (
            -1 / 48,
            1 / 144,
        ),
        (
            1 / 240,
            -1 / 2160,
        ),
        (
            -13 / 23040,
            -1 / 1280,
            1 / 69120,
        ),
        (
            5 / 12096,
            13 / 90720,
            1 / 544320,
        ),
        (
            -97 / 2580480,
            -2507 / 12902400,
            -997 / 38707200,
            -139 / 348364800,
        ),
        (
            143 / 2903040,
            641 / 8709120,
            13 / 2903040,
            1 / 26127360,
        ),
        (
            -25307 / 7431782400,
            -209101 / 5573836800,
            -813217 / 33443020800,
            -37277 / 50164531200,
            -571 / 601974374400,
        ),
        (
            197 / 30412800,
            51701 / 2395008000,
            34861 / 4790016000,
            839 / 7185024000,
            -281 / 775982592000,
        ),
    ),
    (
        (-1 / 6,),
        (
            1 / 48,
            -7 / 144,
        ),
        (
            7 / 720,
            -7 / 6480,
        ),
        (
            -1 / 1920,
            -59 / 17280,
            1 / 2430,
        ),
        (
            43 / 48384,
            97 / 120960,
            -1 / 26880,
        ),
        (
            -1283 / 23224320,
            -72343 / 116121600,
            -58283 / 348364800,
            -1451 / 3135283200,
        ),
        (
            5029 / 43545600,
            40363 / 130636800,
            4397 / 130636800,
            769 / 1175731200,
        ),
        (
            -587 / 92897280,
            -334651 / 2786918400,
            -1054937 / 8360755200,
            -33121 / 5016453120,
            -1087 / 10749542400,
        ),
        (
            259477 / 15328051200,
            15125863 / 172440576000,
            2227349 / 49268736000,
            91651 / 73903104000,
            49271 / 7981535232000,
        ),
    ),
    (
        (
            -1 / 45,
            1 / 405,
        ),
        (
            181 / 23040,
            349 / 34560,
            -433 / 622080,
        ),
        (
            -493 / 48384,
            -2591 / 1088640,
            -923 / 6531840,
        ),
        (
            34817 / 23224320,
            266929 / 38707200,
            608771 / 1045094400,
            289517 / 9405849600,
        ),
        (
            -234431 / 87091200,
            -130391 / 37324800,
            -1723 / 12441600,
            -151 / 111974400,
        ),
        (
            418603 / 1592524800,
            222821 / 83607552,
            74117639 / 50164531200,
            91739 / 3135283200,
            -30469 / 60197437440,
        ),
        (
            -29094377 / 45984153600,
            -995707043 / 517321728000,
            -566952223 / 1034643456000,
            -2747779 / 517321728000,
            997903 / 7981535232000,
        ),
    ),
    (
        (
            1 / 756,
            -37 / 17010,
            23 / 102060,
        ),
        (
            -4511 / 7741440,
            158167 / 116121600,
            1107901 / 1045094400,
            289717 / 9405849600,
        ),
        (
            4679 / 29030400,
            -672181 / 261273600,
            -332777 / 783820800,
            -104989 / 7054387200,
        ),
        (
            -164149 / 2786918400,
            9097429 / 8360755200,
            17866567 / 8360755200,
            32635717 / 225740390400,
            219257 / 169305292800,
        ),
        (
            -12312623 / 91968307200,
            -1964693237 / 1034643456000,
            -2618743657 / 2069286912000,
            -126628703 / 3103930368000,
            101251277 / 335224479744000,
        ),
    ),
    (
        (
            229 / 226800,
            1409 / 2041200,
            -827 / 6123600,
            281 / 55112400,
        ),
        (
            -3203131 / 7431782400,
            -3704663 / 1114767360,
            -8526181 / 14332723200,
            4618003 / 64497254400,
            1500053 / 216710774784,
        ),
        (
            66998879 / 30656102400,
            180537629 / 38320128000,
            552683563 / 2069286912000,
            -406446329 / 9311791104000,
            -96026707 / 143667634176000,
        ),
    ),
    (
        (
            -5749 / 29937600,
            83029 / 336798000,
            251807 / 2020788000,
            46799 / 9093546000,
            -2375801 / 982102968000,
        ),
    ),
)
#: The highest order in one over the standard deviation that is known.
HIGHEST = 9


def excess(z: Any, skew: Any, deviation: Any, order: int) -> Any:
    r"""$X(z)-\mu$, to the given order in $1/\sigma$.

    **Arguments:**

    - `z`: standard normals.
    - `skew`: $s=1-2p$.
    - `deviation`: $\sigma>0$.
    - `order`: at most `HIGHEST`.
    """
    per_deviation = 1 / deviation
    y = z * per_deviation
    square = skew * skew
    value = jnp.zeros_like(z)
    for g in range(len(_SERIES) - 1, -1, -1):
        # sigma^(2 - 2 g) y^i is of order i + 2 g - 1.
        rows = _SERIES[g][: max(0, order - 2 * g + 2 - (g == 0))]
        if not rows:
            continue
        value = value * (per_deviation * per_deviation) + _row(rows, y, skew, square, int(g == 0))
    return value * (deviation * deviation)


def _row(rows: Any, y: Any, skew: Any, square: Any, first: int) -> Any:
    value = jnp.zeros_like(y)
    for i in range(len(rows) - 1, -1, -1):
        inner = _horner(rows[i], square)
        value = value * y + (inner * skew if (i + first) % 2 == 0 else inner)
    return value * y if first else value


def _horner(coefficients: Any, x: Any) -> Any:
    value = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value
