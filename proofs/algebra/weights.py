r"""Weighting instead of pooling: the optimal weight is a Kalman gain, and golden when sizes agree."""

import sympy as sp

from modelcollapse.proofs.algebra.pooling import Residuals, zero


def golden() -> Residuals:
    r"""With weight w on m real draws and $1-w$ on n draws of the latest model, the error of the mean
    obeys $e'=w^2/m+(1-w)^2(e+1/n)$. Its stationary value is least at $w^*=(\sqrt{k^2+4k}-k)/2$,
    $k=m/n$, where it is $w^*/m$ exactly; the best weight each time is $w=me'$ with
    $1/e'=1/(e+1/n)+m$ (Kalman). For $m=n$, $w^*$ is the golden ratio less one. Pooling, $w=k/(1+k)$,
    leaves $1/(m(1+\beta))$, $\beta=n/(m+n)$."""
    w, k, m, n, e = sp.symbols("w k m n e", positive=True)
    best = (sp.sqrt(k**2 + 4 * k) - k) / 2
    step = w**2 / m + (1 - w) ** 2 * (e + 1 / n)
    stationary = (w**2 / m + (1 - w) ** 2 / n) / (w * (2 - w))
    at_ratio = sp.together(stationary.subs(n, m / k))
    slope = sp.numer(sp.together(sp.diff(at_ratio, w)))
    quadratic = w**2 + k * w - k
    quotient, remainder = sp.div(sp.Poly(sp.expand(slope), w), sp.Poly(quadratic, w))
    kalman = 1 / (1 / (e + 1 / n) + m)
    beta = n / (m + n)
    # On (0, 1) the other factor has one sign, and the quadratic rises: one minimum.
    other = sp.factor(quotient.as_expr() / sp.denom(sp.together(sp.diff(at_ratio, w))))
    return {
        "stationary": zero(stationary - step.subs(e, stationary)),
        "slope": remainder.as_expr(),
        "sign": zero(other - 2 / (m * w**2 * (2 - w) ** 2)),
        "best weight": zero(quadratic.subs(w, best)),
        "least error": sp.radsimp(sp.simplify(at_ratio.subs(w, best) - best / m)),
        "golden": sp.nsimplify(best.subs(k, 1) - (sp.GoldenRatio - 1).expand(func=True)),
        "Kalman step": zero(step.subs(w, m * kalman) - kalman),
        "Kalman slope": zero(sp.diff(step, w).subs(w, m * kalman)),
        "Kalman stationary": zero(
            sp.radsimp(sp.simplify(kalman.subs(n, m / k).subs(e, best / m) - best / m))
        ),
        "pooling": zero(stationary.subs(w, m / (m + n)) - 1 / (m * (1 + beta))),
    }
