r"""Exact algebra: every recursion and closed form as an identity that is reduced to zero.

Each function derives one generation from the definition of its regime, puts the claimed closed form
into it, and returns what is left over, by name. A form that is right at the start and from t to t + 1
is right at every t. An entry `proof="algebra:fresh"` in the ledger points to the function of that name,
and [`LEDGER`][] lists the theorems that each function supports, wholly or in part.

Taken for granted, besides independence: n normal draws have independent mean and sum of squares, the
latter a chi-square of n - 1 degrees of freedom times the variance.
"""

from modelcollapse.proofs.algebra.bounds import clock as clock
from modelcollapse.proofs.algebra.bounds import real_support_upper as real_support_upper
from modelcollapse.proofs.algebra.bounds import support_lower as support_lower
from modelcollapse.proofs.algebra.bounds import support_upper as support_upper
from modelcollapse.proofs.algebra.chain import decay as decay
from modelcollapse.proofs.algebra.chain import spectrum as spectrum
from modelcollapse.proofs.algebra.drift import diversity_squared as diversity_squared
from modelcollapse.proofs.algebra.drift import frequency as frequency
from modelcollapse.proofs.algebra.drift import kept as kept
from modelcollapse.proofs.algebra.drift import killing as killing
from modelcollapse.proofs.algebra.drift import lineage as lineage
from modelcollapse.proofs.algebra.drift import occupancy_moments as occupancy_moments
from modelcollapse.proofs.algebra.drift import support_law as support_law
from modelcollapse.proofs.algebra.gamma import chi_square as chi_square
from modelcollapse.proofs.algebra.gamma import distances as distances
from modelcollapse.proofs.algebra.gamma import log_chi_square as log_chi_square
from modelcollapse.proofs.algebra.gamma import replace_distances as replace_distances
from modelcollapse.proofs.algebra.gamma import reverse_kl as reverse_kl
from modelcollapse.proofs.algebra.multivariate import (
    multivariate_divergences as multivariate_divergences,
)
from modelcollapse.proofs.algebra.multivariate import projection as projection
from modelcollapse.proofs.algebra.multivariate import wishart_moments as wishart_moments
from modelcollapse.proofs.algebra.pooling import conservation as conservation
from modelcollapse.proofs.algebra.pooling import unbiased_mean as unbiased_mean
from modelcollapse.proofs.algebra.regimes import accumulate as accumulate
from modelcollapse.proofs.algebra.regimes import accumulate_lower as accumulate_lower
from modelcollapse.proofs.algebra.regimes import fixed_real as fixed_real
from modelcollapse.proofs.algebra.regimes import fresh as fresh
from modelcollapse.proofs.algebra.regimes import mixture as mixture
from modelcollapse.proofs.algebra.regimes import replace as replace
from modelcollapse.proofs.algebra.regimes import subsample as subsample
from modelcollapse.proofs.algebra.regimes import subsample_growth as subsample_growth
from modelcollapse.proofs.algebra.regression import regression_accumulate as regression_accumulate
from modelcollapse.proofs.algebra.regression import regression_fresh as regression_fresh
from modelcollapse.proofs.algebra.regression import regression_replace as regression_replace
from modelcollapse.proofs.algebra.regression import weighted as weighted
from modelcollapse.proofs.algebra.samplers import marsaglia_tsang as marsaglia_tsang
from modelcollapse.proofs.algebra.samplers import quantile_series as quantile_series
from modelcollapse.proofs.algebra.transforms import accumulate_distances as accumulate_distances
from modelcollapse.proofs.algebra.transforms import accumulate_factor as accumulate_factor
from modelcollapse.proofs.algebra.transforms import (
    accumulate_log_converges as accumulate_log_converges,
)
from modelcollapse.proofs.algebra.transforms import accumulate_transform as accumulate_transform
from modelcollapse.proofs.algebra.weights import golden as golden

#: Every proof of this layer, by the name that the ledger uses.
PROOFS = {
    proof.__name__: proof
    for proof in (
        conservation,
        unbiased_mean,
        replace,
        accumulate,
        accumulate_lower,
        accumulate_factor,
        accumulate_transform,
        accumulate_log_converges,
        accumulate_distances,
        fresh,
        mixture,
        fixed_real,
        subsample,
        subsample_growth,
        chi_square,
        log_chi_square,
        distances,
        replace_distances,
        reverse_kl,
        lineage,
        killing,
        kept,
        support_law,
        support_lower,
        support_upper,
        real_support_upper,
        clock,
        occupancy_moments,
        frequency,
        diversity_squared,
        spectrum,
        decay,
        golden,
        projection,
        wishart_moments,
        multivariate_divergences,
        regression_replace,
        regression_accumulate,
        regression_fresh,
        weighted,
        quantile_series,
        marsaglia_tsang,
    )
}

#: The theorems of the ledger that a proof supports; of the others, only lemmas.
LEDGER = {
    "conservation": ("gaussian_conservation", "gaussian_w2_balance", "entropy_balance"),
    "unbiased_mean": ("gaussian_mean_is_unbiased", "categorical_pooled_frequency"),
    "replace": ("gaussian_replace_variance", "gaussian_replace_mean_error"),
    "accumulate": (
        "gaussian_accumulate_variance",
        "gaussian_accumulate_mean_error",
        "categorical_accumulate_heterozygosity",
    ),
    "accumulate_lower": ("categorical_accumulate_heterozygosity_lower",),
    "accumulate_factor": ("gaussian_accumulate_variance_squared",),
    "accumulate_transform": ("gaussian_accumulate_standard_deviation",),
    "accumulate_log_converges": ("gaussian_accumulate_log_variance",),
    "accumulate_distances": ("gaussian_accumulate_w2_squared", "gaussian_accumulate_kl_to_truth"),
    "fresh": ("gaussian_fresh_variance", "gaussian_fresh_mean_error"),
    "mixture": ("gaussian_mixture_variance", "gaussian_mixture_mean_error"),
    "fixed_real": ("gaussian_fixed_real_variance", "gaussian_fixed_real_mean_error"),
    "subsample": ("categorical_subsample_heterozygosity", "gaussian_subsample_mean_error"),
    "subsample_growth": ("gaussian_subsample_variance",),
    "chi_square": (
        "gaussian_replace_variance_squared",
        "gaussian_replace_standard_deviation",
        "gaussian_replace_precision",
        "multivariategaussian_replace_determinant",
    ),
    "log_chi_square": (
        "gaussian_replace_log_variance",
        "gaussian_replace_log_variance_squared",
        "gaussian_replace_log_variance_cdf",
        "multivariategaussian_replace_log_determinant",
        "multivariategaussian_replace_log_determinant_squared",
        "multivariategaussian_replace_log_pivots",
        "linearregression_replace_log_noise_variance",
        "linearregression_replace_log_noise_variance_cdf",
    ),
    "replace_distances": ("gaussian_replace_w2_squared", "gaussian_replace_kl_to_truth"),
    "reverse_kl": ("gaussian_replace_kl_from_truth",),
    "projection": ("multivariategaussian_total_variance", "multivariategaussian_mean_error"),
    "wishart_moments": (
        "multivariategaussian_replace_squared_norm",
        "multivariategaussian_replace_total_variance_squared",
    ),
    "multivariate_divergences": (
        "multivariategaussian_replace_kl_to_truth",
        "multivariategaussian_replace_kl_from_truth",
    ),
    "lineage": (
        "categorical_replace_support",
        "categorical_replace_surviving_mass",
        "categorical_replace_survival_by_rank",
    ),
    "killing": ("categorical_fresh_support", "categorical_mixture_support"),
    "kept": ("categorical_kept_support", "categorical_kept_mass"),
    "support_law": ("categorical_replace_support_law",),
    "support_lower": ("categorical_replace_support_lower",),
    "support_upper": ("categorical_replace_support_upper",),
    "real_support_upper": ("categorical_real_support_upper",),
    "regression_replace": (
        "linearregression_replace_excess_risk",
        "linearregression_replace_noise_variance",
    ),
    "regression_accumulate": (
        "linearregression_accumulate_excess_risk",
        "linearregression_accumulate_noise_variance",
        "linearregression_accumulate_excess_risk_upper",
    ),
    "regression_fresh": (
        "linearregression_fresh_excess_risk",
        "linearregression_fresh_noise_variance",
    ),
    "weighted": (
        "gaussian_weighted_variance",
        "gaussian_weighted_mean_error",
        "linearregression_weighted_excess_risk",
        "linearregression_weighted_noise_variance",
    ),
    "frequency": (
        "categorical_replace_frequency_squared",
        "categorical_replace_frequency_cubed",
    ),
    "diversity_squared": ("categorical_replace_heterozygosity_squared",),
    "decay": ("categorical_replace_heterozygosity",),
}
