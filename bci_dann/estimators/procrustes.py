"""Riemannian Procrustes analysis (RPA): centre, stretch and rotate covariances by domain.

Rodrigues, Jutten and Congedo (2019), "Riemannian Procrustes analysis: transfer learning for
brain-computer interfaces", IEEE Trans. Biomed. Eng. 66(8), 2390-2401.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyriemann.geometry.base import logm, powm
from pyriemann.tangentspace import TangentSpace
from pyriemann.transfer import MDWM, TLRotate, encode_domains
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from bci_dann._validation import check_between, check_option
from bci_dann.alignment.running_reference import LARGEST_RATIO, MOMENTUM
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.inputs.source_weights import (
    SIGNAL_FEATURES,
    SourceWeighted,
    read_weighting,
)
from bci_dann.estimators.inputs.training_trials import TARGET, TrainingTrials
from bci_dann.estimators.shallow import fit_weighted
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features.nearest_mean import nearest_mean
from bci_dann.persistence import ModelState
from bci_dann.persistence.fitted_steps import read_steps, write_steps

__all__ = ["ProcrustesClassifier"]

logger = logging.getLogger(__name__)

CLASSIFIERS = ("logistic", "mdm", "mdwm")
# Fewest trials for a dispersion: around their own mean it is biased towards zero, for one trial it
# is zero.
MIN_TRIALS = 5
# Weight, in trials, of the dispersion of the sources while `partial_adapt` updates it.
PRIOR_TRIALS = 10
# Key of the number of updates in saved models; a new name would make old files unreadable.
UPDATES_KEY = "followed"

Covariances = NDArray[np.float64]


class ProcrustesClassifier(SourceWeighted, TransferClassifier):
    """Riemannian Procrustes analysis: covariances centred, stretched and rotated [1]_.

    Centring is the alignment. Stretching gives every domain the same dispersion around its mean,
    without labels. Rotation matches the class means of each source subject to those of the
    target's labelled trials, of the classes that the subject has; without a labelled trial of every
    class nothing is rotated.

    Parameters
    ----------
    alignment : {"riemannian", "euclidean"}
        How domains are centred.
    stretch : bool
        Whether to give all domains the same dispersion.
    rotate : bool
        Whether to rotate the sources where labelled target trials are given.
    classifier : {"logistic", "mdm", "mdwm"}
        Logistic regression in the tangent space; the nearest class mean (MDM); or the nearest
        weighted mean of source and target class means (MDWM) [2]_, which without target labels is
        that of the sources.
    trade_off : float
        For ``"mdwm"``, the position between the mean of the sources (0) and of the target (1).
    weighting : str, mapping, callable or None
        Weights of the source trials in the fit of the classifier; see
        :class:`NetworkClassifier`. They are computed before stretching.
    random_state : None, int or numpy random generator
        Seeds the weighting.

    Attributes
    ----------
    dispersion_ : float
        Mean squared Riemannian distance of the target's covariances to the identity; the mean over
        the source domains where no target was seen.
    pipeline_ : sklearn.pipeline.Pipeline
        The classifier on centred and stretched covariances.

    See Also
    --------
    RiemannianClassifier : Re-centred tangent vectors and a linear head.
    bci_dann.alignment.RiemannianAlignment : Centring alone.

    References
    ----------
    .. [1] Rodrigues, P. L. C., Jutten, C. and Congedo, M. (2019). Riemannian Procrustes analysis:
       transfer learning for brain-computer interfaces. IEEE Transactions on Biomedical Engineering
       66(8), 2390-2401. doi:10.1109/TBME.2018.2889705.
    .. [2] Kalunga, E. K., Chevallier, S. and Barthélemy, Q. (2018). Transfer learning for
       SSVEP-based BCI using Riemannian similarities between users. EUSIPCO.

    Examples
    --------
    With a few labelled trials of the target, which allow rotation:

    >>> from bci_dann import ProcrustesClassifier, load_dataset
    >>> steps = {"channels": ["C3", "Cz", "C4"]}
    >>> trials = load_dataset("SimulatedMI", preprocessing=steps, n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> sources, few, rest = trials[~new], trials[new][:10], trials[new][10:]
    >>> model = ProcrustesClassifier(classifier="mdm")
    >>> model = model.fit(sources, sources.y, X_target_labeled=few, y_target_labeled=few.y)
    >>> model.predict(rest).shape
    (10,)
    """

    dispersion_: float
    pipeline_: Pipeline
    # number of trials in `partial_adapt` so far
    _n_updates: int = 0

    def __init__(
        self,
        *,
        alignment: Any = "riemannian",
        stretch: bool = True,
        rotate: bool = True,
        classifier: str = "logistic",
        trade_off: float = 0.5,
        weighting: Any = None,
        random_state: Any = None,
    ) -> None:
        self.alignment = alignment
        self.stretch = stretch
        self.rotate = rotate
        self.classifier = classifier
        self.trade_off = trade_off
        self.weighting = weighting
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        super().check_parameters()
        check_option("classifier", self.classifier, CLASSIFIERS)
        check_between("trade_off", self.trade_off, 0.0, 1.0, inclusive=True)
        read_weighting(self.weighting, offered=SIGNAL_FEATURES)
        if self.alignment is None:
            raise ConfigError(
                "Procrustes analysis stretches and rotates around the centre: it needs "
                "alignment='riemannian' or 'euclidean'."
            )

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Compute the dispersion of a new subject; see the base class."""
        if len(trials.X) >= MIN_TRIALS:
            self.dispersion_ = _dispersion(shrunk_covariances(trials.X))

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Update the dispersion with the next trial; see the base class.

        The weight of the trial is ``max(1 / n, 0.05)``, where ``n`` counts the trials so far plus
        ten for the dispersion of the sources. Squared distances above ten times the mean are
        clipped.
        """
        distance = min(_dispersion(shrunk_covariances(trials.X)), LARGEST_RATIO * self.dispersion_)
        self._n_updates += 1
        weight = max(1.0 / (PRIOR_TRIALS + self._n_updates), MOMENTUM)
        self.dispersion_ += weight * (distance - self.dispersion_)

    def _reset_online_state(self) -> None:
        super()._reset_online_state()
        self._n_updates = 0

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Stretch and rotate the domains, and fit the classifier; see the base class."""
        if self.n_times_ is None:
            raise DataError(
                "Procrustes analysis needs trials (n_trials, n_chans, n_times), because it uses "
                "their covariances; got plain vectors."
            )
        # the target is one domain here, since the session of a trial is not known in prediction
        domains = np.where(trials.is_target, TARGET, trials.domains)
        covariances = self._stretched(shrunk_covariances(trials.X), domains)
        labelled = trials.is_labelled
        # pyriemann joins domain and label by a slash, which our domain names contain
        subjects = np.unique(trials.subjects, return_inverse=True)[1].astype(str)
        target = str(subjects[trials.is_target][0]) if trials.is_target.any() else ""
        weights = self.weigh(self.weighting, trials, self.random_state)[labelled]
        self._fit_classifier(
            covariances[labelled], trials.labels[labelled], subjects[labelled], target, weights
        )

    def _fit_classifier(
        self,
        X: Covariances,
        y: NDArray[np.int64],
        subjects: NDArray[np.str_],
        target: str,
        weights: NDArray[np.float64],
    ) -> None:
        has_every_class = set(y[subjects == target].tolist()) == set(range(len(self.classes_)))
        if not has_every_class:
            logger.info("no labelled target trial of every class: nothing is rotated")
        elif self.rotate:
            X = _rotated(X, y, subjects, target)
        self.pipeline_ = self._build_pipeline()
        if self.classifier == "mdwm" and has_every_class:
            mdwm = MDWM(self.trade_off, target)
            mdwm.fit(*encode_domains(X, y, subjects), sample_weight=weights[subjects != target])
            means = mdwm.covmeans_
            self.pipeline_[-1].covmeans_ = means
            self.pipeline_[-1].classes_ = np.arange(len(means))
        elif self.weighting is None:
            self.pipeline_.fit(X, y)
        else:
            fit_weighted(self.pipeline_, X, y, weights)

    def _stretched(self, X: Covariances, domains: NDArray[np.str_]) -> Covariances:
        """Stretch each domain, and store the dispersion of the target."""
        dispersions = _dispersions(X, domains)
        known = [dispersions[TARGET]] if TARGET in dispersions else list(dispersions.values())
        self.dispersion_ = float(np.mean(known))
        if not self.stretch:
            return X
        stretched = np.empty_like(X)
        for name, dispersion in dispersions.items():
            inside = domains == name
            stretched[inside] = _stretch(X[inside], dispersion)
        return stretched

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities; see the base class."""
        covariances = shrunk_covariances(X)
        if self.stretch:
            covariances = _stretch(covariances, self.dispersion_)
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(covariances)
        return probabilities

    def _build_pipeline(self) -> Pipeline:
        if self.classifier == "logistic":
            return make_pipeline(TangentSpace("riemann"), LogisticRegression(max_iter=1000))
        return make_pipeline(nearest_mean())

    def to_state(self) -> ModelState:
        """Return dispersion and classifier; see the base class."""
        state = super().to_state()
        self.add_weights_to(state)
        state.arrays.update(write_steps(self.pipeline_))
        state.description["dispersion"] = self.dispersion_
        if self._n_updates:
            state.description[UPDATES_KEY] = self._n_updates
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore dispersion and classifier; see the base class."""
        super().from_state(state)
        self.take_weights_from(state)
        self.dispersion_ = state.description["dispersion"]
        self._n_updates = state.description.get(UPDATES_KEY, 0)
        self.pipeline_ = read_steps(self._build_pipeline(), state.arrays)


def _rotated(
    X: Covariances, y: NDArray[np.int64], subjects: NDArray[np.str_], target: str
) -> Covariances:
    """Rotate each source subject to the target, by the means of the classes that it has."""
    rotated = X.copy()
    for name in np.unique(subjects[subjects != target]):
        own = subjects == name
        used = (own | (subjects == target)) & np.isin(y, y[own])
        _, encoded = encode_domains(X[used], y[used], subjects[used])
        with warnings.catch_warnings():
            # numpy 2.5 gives the eigenvalues that rotations are made of as complex numbers without
            # an imaginary part
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            rotated[own] = TLRotate(target).fit_transform(X[used], encoded)[own[used]]
    return rotated


def _dispersion(X: Covariances) -> float:
    """Return the mean squared Riemannian distance to the identity (equation 9 of the paper)."""
    return float(np.square(logm(X)).sum((1, 2)).mean())


def _dispersions(X: Covariances, domains: NDArray[np.str_]) -> dict[str, float]:
    """Return the dispersion of each domain; with few trials, the mean of the other domains."""
    names, counts = np.unique(domains, return_counts=True)
    known = {n: _dispersion(X[domains == n]) for n in names[counts >= MIN_TRIALS]}
    usual = float(np.mean(list(known.values()))) if known else _dispersion(X)
    return {str(name): known.get(name, usual) for name in names}


def _stretch(X: Covariances, dispersion: float) -> Covariances:
    """Return matrix powers with a dispersion of 1; constant covariances are left as they are."""
    if dispersion < np.finfo(np.float64).eps:
        return X
    stretched: Covariances = powm(X, 1.0 / np.sqrt(dispersion))
    return stretched
