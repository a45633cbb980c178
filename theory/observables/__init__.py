"""Observables: what is read off a model."""

from modelcollapse.theory.observables.abstract import AbstractObservable as AbstractObservable
from modelcollapse.theory.observables.derived import AtMost as AtMost
from modelcollapse.theory.observables.derived import Power as Power
from modelcollapse.theory.observables.divergence import CrossEntropy as CrossEntropy
from modelcollapse.theory.observables.divergence import Entropy as Entropy
from modelcollapse.theory.observables.divergence import KLFromTruth as KLFromTruth
from modelcollapse.theory.observables.divergence import KLToTruth as KLToTruth
from modelcollapse.theory.observables.diversity import Frequencies as Frequencies
from modelcollapse.theory.observables.diversity import Heterozygosity as Heterozygosity
from modelcollapse.theory.observables.diversity import Returned as Returned
from modelcollapse.theory.observables.diversity import Support as Support
from modelcollapse.theory.observables.diversity import SurvivalByRank as SurvivalByRank
from modelcollapse.theory.observables.diversity import SurvivingMass as SurvivingMass
from modelcollapse.theory.observables.diversity import rank_bins as rank_bins
from modelcollapse.theory.observables.diversity import rank_order as rank_order
from modelcollapse.theory.observables.location_scale import LogVariance as LogVariance
from modelcollapse.theory.observables.location_scale import MeanError as MeanError
from modelcollapse.theory.observables.location_scale import TotalSecondMoment as TotalSecondMoment
from modelcollapse.theory.observables.location_scale import Variance as Variance
from modelcollapse.theory.observables.location_scale import W2Balance as W2Balance
from modelcollapse.theory.observables.location_scale import W2Squared as W2Squared
