"""Regimes: how each generation's training set is put together."""

from modelcollapse.theory.regimes.abstract import AbstractRegime as AbstractRegime
from modelcollapse.theory.regimes.accumulate import Accumulate as Accumulate
from modelcollapse.theory.regimes.accumulate import AccumulateSubsample as AccumulateSubsample
from modelcollapse.theory.regimes.fresh import FixedReal as FixedReal
from modelcollapse.theory.regimes.fresh import Fresh as Fresh
from modelcollapse.theory.regimes.fresh import Mixture as Mixture
from modelcollapse.theory.regimes.replace import Replace as Replace
from modelcollapse.theory.regimes.weighted import Weighted as Weighted
