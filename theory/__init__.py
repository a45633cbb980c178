"""What is true: families, regimes, observables and theorems. No chain is run here."""

from modelcollapse.theory.categorical.family import Categorical as Categorical
from modelcollapse.theory.channel import AbstractChannel as AbstractChannel
from modelcollapse.theory.channel import Faithful as Faithful
from modelcollapse.theory.family import AbstractFamily as AbstractFamily
from modelcollapse.theory.family import AbstractStatistic as AbstractStatistic
from modelcollapse.theory.gaussian.family import Gaussian as Gaussian
from modelcollapse.theory.ledger import cite as cite
from modelcollapse.theory.ledger import find as find
from modelcollapse.theory.ledger import theorem as theorem
from modelcollapse.theory.loop import Loop as Loop
from modelcollapse.theory.precision import float64 as float64
from modelcollapse.theory.precision import x64 as x64
from modelcollapse.theory.regimes import AbstractRegime as AbstractRegime
from modelcollapse.theory.regimes import Accumulate as Accumulate
from modelcollapse.theory.regimes import AccumulateSubsample as AccumulateSubsample
from modelcollapse.theory.regimes import FixedReal as FixedReal
from modelcollapse.theory.regimes import Fresh as Fresh
from modelcollapse.theory.regimes import Mixture as Mixture
from modelcollapse.theory.regimes import Replace as Replace
