"""Sign-flip permutation test of the mean of paired differences over subjects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DECIMALS", "EXACT_SUBJECTS", "sign_flip_p_value"]

# Up to this number of subjects the test is exact, as in MOABB: all 2 ** 13 = 8192 patterns of signs
# are enumerated. For more subjects the same number of patterns is drawn at random.
EXACT_SUBJECTS = 13
# Decimal places of scores and their differences in tests: further digits are rounding errors, which
# would separate values that are equal, such as 0.7 - 0.6 and 0.8 - 0.7.
DECIMALS = 12


def sign_flip_p_value(differences: NDArray[np.float64], alternative: str) -> float:
    """Return the p-value of a sign-flip permutation test of the mean.

    Parameters
    ----------
    differences : ndarray, shape (n_subjects,)
        One difference for each subject, at least two.
    alternative : {"greater", "two-sided"}
        Whether the mean is greater than zero, or differs from zero.

    Returns
    -------
    float
        Exact for up to 13 subjects. For more subjects it is estimated from patterns of signs that
        are drawn with a fixed seed.

    See Also
    --------
    scipy.stats.permutation_test : Computes the test.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.evaluation.statistics.sign_flips import sign_flip_p_value
    >>> sign_flip_p_value(np.array([0.1, 0.2, 0.1, 0.3]), "greater")
    0.0625
    """
    from scipy.stats import permutation_test

    test = permutation_test(
        (differences,),
        lambda sample, axis: sample.mean(axis=axis).round(DECIMALS),
        permutation_type="samples",
        alternative=alternative,
        vectorized=True,
        n_resamples=2**EXACT_SUBJECTS,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)
