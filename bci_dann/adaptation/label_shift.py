"""Label shift: estimate the class shares of a target, and shift outputs to match them.

Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a
priori probabilities: a simple procedure", Neural Computation 14(1), 21-41, eq. 2.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, softmax

from bci_dann._validation import check_between
from bci_dann.exceptions import ConfigError

__all__ = [
    "check_target_prior",
    "estimate_prior",
    "offsets_for_decisions",
    "offsets_for_mean_probabilities",
    "prior_by_class",
    "prior_from_labels",
]

# Iterations of expectation maximisation, and of the search for offsets. A fixed number, so that
# results do not depend on a tolerance.
ITERATIONS = 200
# The estimate is shrunk towards equal shares, as if so many additional trials had equal shares.
# Empirical: a quarter of a session of 160 trials.
PSEUDO_TRIALS = 40.0
# Prior before labels are seen: the probability that classes are equally frequent by design, and,
# where they are not, the pseudo-counts of the Dirichlet prior for each class. Empirical: a prior of
# this form was compared with three others on MI-OpenBCI and three simulated datasets, knowing the
# scores.
DESIGNED_EQUAL, PSEUDO_LABELS = 0.5, 2.0
# Scores scaled to this standard deviation give probabilities near 0 or 1, that is, nearly
# decisions.
DECIDED = 4.0

Floats = NDArray[np.float64]


def check_target_prior(shares: Mapping[str, float] | None) -> None:
    """Raise unless class shares are positive and sum to one.

    Parameters
    ----------
    shares : mapping of str to float, or None
        By class name; ``None`` where they are unknown.

    Raises
    ------
    ConfigError
        When they are not, with the shares that were given.

    See Also
    --------
    prior_by_class : Returns the shares in the order of the classes.

    Examples
    --------
    >>> from bci_dann.adaptation.label_shift import check_target_prior
    >>> check_target_prior({"left_hand": 0.8, "right_hand": 0.2})
    >>> try:
    ...     check_target_prior({"left_hand": 0.8, "right_hand": 0.3})
    ... except ValueError as error:
    ...     print(error)
    target_prior must sum to 1; got {'left_hand': 0.8, 'right_hand': 0.3}.
    """
    for name, share in (shares or {}).items():
        check_between(f"the share of {name}", share, 0.0, 1.0)
    if shares is not None and not np.isclose(sum(shares.values()), 1.0):
        raise ConfigError(f"target_prior must sum to 1; got {dict(shares)}.")


def prior_by_class(shares: Mapping[str, float], classes: NDArray[Any]) -> Floats:
    """Return class shares in the order of the classes.

    Parameters
    ----------
    shares : mapping of str to float
        By class name.
    classes : ndarray, shape (n_classes,)
        Class names in the order of ``classes_``.

    Returns
    -------
    ndarray, shape (n_classes,)
        Positive, of sum 1.

    Raises
    ------
    ConfigError
        When ``shares`` does not name exactly these classes.

    See Also
    --------
    check_target_prior : Checks that they sum to one.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.label_shift import prior_by_class
    >>> prior_by_class({"rest": 0.8, "feet": 0.2}, np.array(["feet", "rest"]))
    array([0.2, 0.8])
    """
    named = {str(name): share for name, share in shares.items()}
    names = [str(name) for name in classes]
    if set(named) != set(names):
        raise ConfigError(
            f"target_prior must give a share to each of {names}; got {sorted(named)}."
        )
    return np.array([named[name] for name in names])


def prior_from_labels(labels: NDArray[np.int64], n_classes: int) -> Floats:
    """Estimate class shares from a few labels.

    Sessions are often planned with equally frequent classes. The prior is therefore a mixture: with
    probability one half the shares are equal, otherwise they follow a Dirichlet distribution with
    pseudo-counts of two for each class. A few labels that agree with equal shares hardly move the
    estimate; labels that contradict them do. See [1]_ for such mixtures of a point and a
    continuous prior.

    Parameters
    ----------
    labels : ndarray of int, shape (n_labelled,)
        Class indices of trials that were labelled in the order of recording, not selected by class.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray, shape (n_classes,)
        The posterior mean; sums to 1.

    See Also
    --------
    estimate_prior : The same without labels.

    References
    ----------
    .. [1] Kass, R. E. and Raftery, A. E. (1995). Bayes factors. Journal of the American
       Statistical Association 90(430), 773-795. doi:10.1080/01621459.1995.10476572.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.label_shift import prior_from_labels
    >>> prior_from_labels(np.array([0] * 6 + [1] * 4), n_classes=2).round(2)
    array([0.53, 0.47])
    >>> prior_from_labels(np.array([0] * 8 + [1] * 2), n_classes=2).round(2)
    array([0.65, 0.35])
    """
    counts = np.bincount(labels, minlength=n_classes)
    pseudo_counts = np.full(n_classes, PSEUDO_LABELS)
    # log-likelihoods of the labels with equal shares, and under the Dirichlet prior
    of_equal = -len(labels) * np.log(n_classes)
    of_dirichlet = _log_beta(counts + pseudo_counts) - _log_beta(pseudo_counts)
    prior_log_odds = np.log(DESIGNED_EQUAL / (1 - DESIGNED_EQUAL))
    p_equal = expit(prior_log_odds + of_equal - of_dirichlet)
    dirichlet_mean = (counts + PSEUDO_LABELS) / (len(labels) + pseudo_counts.sum())
    return np.asarray(p_equal / n_classes + (1 - p_equal) * dirichlet_mean)


def _log_beta(counts: Floats) -> float:
    """Return the logarithm of the multivariate beta function."""
    return float(gammaln(counts).sum() - gammaln(counts.sum()))


def estimate_prior(
    probabilities: Floats,
    source_prior: Floats,
    start: Floats | None = None,
    iterations: int = ITERATIONS,
) -> Floats:
    """Estimate class shares from predicted probabilities, by expectation maximisation.

    Equation 2.9 of [1]_, with shrinkage towards equal shares.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Class probabilities of the target's trials from a classifier trained on the sources.
    source_prior : ndarray, shape (n_classes,)
        Class shares in the training data of the classifier.
    start : ndarray, shape (n_classes,), optional
        Initial estimate, such as that from fewer trials; equal shares by default.
    iterations : int
        Number of iterations.

    Returns
    -------
    ndarray, shape (n_classes,)
        Positive, of sum 1; near equal shares where there are few trials.

    See Also
    --------
    offsets_for_mean_probabilities : Shifts outputs to match the shares.

    References
    ----------
    .. [1] Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a
       classifier to new a priori probabilities. Neural Computation 14(1), 21-41.
       doi:10.1162/089976602753284446.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.label_shift import estimate_prior
    >>> probabilities = np.array([[0.99, 0.01]] * 300 + [[0.01, 0.99]] * 100)
    >>> estimate_prior(probabilities, np.array([0.5, 0.5])).round(2)
    array([0.73, 0.27])
    """
    n_trials, n_classes = probabilities.shape
    prior = np.full(n_classes, 1.0 / n_classes) if start is None else start
    for _ in range(iterations):
        posterior = probabilities * (prior / source_prior)
        posterior /= posterior.sum(axis=1, keepdims=True)
        prior = (posterior.sum(axis=0) + PSEUDO_TRIALS / n_classes) / (n_trials + PSEUDO_TRIALS)
    return np.asarray(prior)


def offsets_for_mean_probabilities(scores: Floats, prior: Floats) -> Floats:
    """Return offsets that make the mean probabilities equal to given class shares.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Log-probabilities or logits.
    prior : ndarray, shape (n_classes,)
        Class shares.

    Returns
    -------
    ndarray, shape (n_classes,)
        To be added to the scores; of mean 0.

    See Also
    --------
    offsets_for_decisions : The same for decisions, where the shares are known.
    estimate_prior : Estimates the shares.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.label_shift import offsets_for_mean_probabilities
    >>> scores = np.random.default_rng(0).normal(size=(200, 2)) + [1.0, 0.0]
    >>> shifted = np.exp(scores + offsets_for_mean_probabilities(scores, np.array([0.5, 0.5])))
    >>> (shifted / shifted.sum(axis=1, keepdims=True)).mean(axis=0).round(3)
    array([0.5, 0.5])
    """
    offsets = np.zeros(len(prior))
    for _ in range(ITERATIONS):
        offsets += np.log(prior / softmax(scores + offsets, axis=1).mean(axis=0))
        offsets -= offsets.mean()
    return offsets


def offsets_for_decisions(scores: Floats, prior: Floats) -> Floats:
    """Return offsets that bring the shares of the decided classes close to given class shares.

    Where the shares are known, the decisions should match them. Matching the mean probabilities
    instead would overshoot, since the probabilities of a decoder that was trained on other subjects
    are less extreme than its accuracy justifies. Scores are therefore scaled first, to a standard
    deviation between trials at which probabilities are nearly decisions.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Log-probabilities or logits.
    prior : ndarray, shape (n_classes,)
        Class shares.

    Returns
    -------
    ndarray, shape (n_classes,)
        To be added to the scores; of mean 0.

    See Also
    --------
    offsets_for_mean_probabilities : The same for mean probabilities, where shares are estimated.
    bci_dann.RiemannianClassifier : Uses it with ``target_prior``.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.label_shift import offsets_for_decisions
    >>> scores = np.random.default_rng(0).normal(size=(200, 2)) + [1.0, 0.0]
    >>> offsets = offsets_for_decisions(scores, np.array([0.2, 0.8]))
    >>> round(float(np.mean((scores + offsets).argmax(axis=1) == 0)), 1)
    0.2
    """
    relative = scores - scores.mean(axis=1, keepdims=True)
    class_means = relative.mean(axis=0)
    relative -= class_means
    spread = relative.std() or 1.0
    offsets = offsets_for_mean_probabilities(relative * (DECIDED / spread), prior)
    return offsets * (spread / DECIDED) - class_means
