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
from modelcollapse.theory.multivariate.family import MultivariateGaussian as MultivariateGaussian
from modelcollapse.theory.precision import float64 as float64
from modelcollapse.theory.precision import x64 as x64
from modelcollapse.theory.regimes import AbstractRegime as AbstractRegime
from modelcollapse.theory.regimes import Accumulate as Accumulate
from modelcollapse.theory.regimes import AccumulateSubsample as AccumulateSubsample
from modelcollapse.theory.regimes import FixedReal as FixedReal
from modelcollapse.theory.regimes import Fresh as Fresh
from modelcollapse.theory.regimes import Mixture as Mixture
from modelcollapse.theory.regimes import Replace as Replace
from modelcollapse.theory.regimes import Weighted as Weighted
from modelcollapse.theory.regression.family import LinearRegression as LinearRegression

# isort: split
# The theorems last: importing them fills the ledger, and needs all of the above.
from modelcollapse.theory import identities as identities
from modelcollapse.theory.categorical import accumulate as _categorical_accumulate
from modelcollapse.theory.categorical import approximation as _categorical_approximation
from modelcollapse.theory.categorical import fresh as _categorical_fresh
from modelcollapse.theory.categorical import moments as _categorical_moments
from modelcollapse.theory.categorical import subsample as _categorical_subsample
from modelcollapse.theory.categorical import survival as _categorical_survival
from modelcollapse.theory.categorical import vocabulary as _categorical_vocabulary
from modelcollapse.theory.gaussian import accumulate as _gaussian_accumulate
from modelcollapse.theory.gaussian import fixed_real as _gaussian_fixed_real
from modelcollapse.theory.gaussian import fresh as _gaussian_fresh
from modelcollapse.theory.gaussian import log_variance as _gaussian_log_variance
from modelcollapse.theory.gaussian import mixture as _gaussian_mixture
from modelcollapse.theory.gaussian import replace as _gaussian_replace
from modelcollapse.theory.gaussian import subsample as _gaussian_subsample
from modelcollapse.theory.gaussian import weighted as _gaussian_weighted
from modelcollapse.theory.multivariate import distance as _multivariate_distance
from modelcollapse.theory.multivariate import theorems as _multivariate_theorems
from modelcollapse.theory.regression import accumulate as _regression_accumulate
from modelcollapse.theory.regression import fresh as _regression_fresh
from modelcollapse.theory.regression import replace as _regression_replace
from modelcollapse.theory.regression import weighted as _regression_weighted
