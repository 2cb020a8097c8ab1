"""Classical decoders (CSP with LDA, tangent space, MDM), the baselines of every comparison."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann._validation import check_count, check_option
from bci_dann.alignment import Alignment, FilterBank
from bci_dann.alignment.filter_bank import BANDS
from bci_dann.components import resolve
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.inputs.source_weights import (
    SIGNAL_FEATURES,
    SourceWeighted,
    read_weighting,
)
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features.filter_bank_csp import FilterBankCSP
from bci_dann.features.nearest_mean import nearest_mean
from bci_dann.features.spatial_patterns import rank_of_trials, spatial_patterns
from bci_dann.features.tangent_space import covariances, tangent_space
from bci_dann.persistence import ModelState
from bci_dann.persistence.fitted_steps import read_steps, write_steps

__all__ = ["ShallowClassifier", "fit_weighted", "tangent_space_pipeline"]

FEATURES = ("csp", "filter_bank_csp", "tangent_space", "covariances")
CLASSIFIERS = ("lda", "logistic", "mdm")
# Ang et al. (2012) use two pairs of patterns in each band.
PATTERNS_PER_BAND = 4


def tangent_space_pipeline(of_trials: bool, classifier: ClassifierMixin | None = None) -> Pipeline:
    """Return a pipeline that classifies tangent vectors of trials, or plain vectors.

    Parameters
    ----------
    of_trials : bool
        Whether the input is trials ``(n_trials, n_chans, n_times)``. Plain vectors are
        standardised; tangent vectors are not, since all their entries have the same unit.
    classifier : classifier or None
        The last step; logistic regression by default.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted.
    """
    steps: list[Any] = tangent_space().steps if of_trials else [("scaler", StandardScaler())]
    last = LogisticRegression(max_iter=1000) if classifier is None else classifier
    return Pipeline([*steps, ("classifier", last)])


def fit_weighted(
    pipeline: Pipeline, X: NDArray[Any], labels: NDArray[Any], weights: NDArray[np.float64]
) -> Pipeline:
    """Fit a pipeline whose last step takes sample weights.

    The steps are fitted one by one, since routing of weights in a pipeline depends on
    scikit-learn's global settings.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Fitted in place.
    X : ndarray, shape (n_trials, ...)
        Labelled trials.
    labels : ndarray, shape (n_trials,)
        Their classes.
    weights : ndarray, shape (n_trials,)
        Weight of each trial.

    Returns
    -------
    sklearn.pipeline.Pipeline
        ``pipeline``.
    """
    with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
        features = X.astype(np.float64)
        if len(pipeline) > 1:
            features = pipeline[:-1].fit_transform(features, labels)
        pipeline[-1].fit(features, labels, sample_weight=weights)
    return pipeline


class ShallowClassifier(SourceWeighted, TransformerMixin, TransferClassifier):
    """A classical decoder: alignment, spatial filters or covariances, and a simple classifier.

    ``features="csp", classifier="lda"`` with Euclidean alignment is deterministic and part of many
    published tables, so it is a good check of the preprocessing.

    Parameters
    ----------
    features : {"csp", "filter_bank_csp", "tangent_space", "covariances"}
        Log-power of common spatial patterns [1]_, the same in five bands [2]_, tangent vectors, or
        covariances [3]_. Plain vectors are classified as they are.
    classifier : {"lda", "logistic", "mdm"}
        Linear discriminant analysis, logistic regression (features other than tangent vectors are
        standardised), or, for covariances, minimum distance to the Riemannian class mean.
    n_components : int
        Number of spatial patterns, at most the number of channels; a filter bank has four in each
        band.
    alignment : {"euclidean", "riemannian"} or None
        How each domain, and in a filter bank each band, is aligned before learning; or a
        user-defined alignment, see :func:`bci_dann.resolve`.
    weighting : str, mapping, callable or None
        Weights of the source trials in the fit of the classifier, for ``"logistic"`` and
        ``"mdm"``; see :class:`NetworkClassifier`.
    sfreq : float, optional
        Sampling frequency (Hz), which the filter bank needs for arrays; epochs contain it.
    random_state : None, int or numpy random generator
        Seeds the weighting.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        The fitted steps after alignment.

    See Also
    --------
    RiemannianClassifier : Tangent vectors of several views, and terms for the target.
    bci_dann.alignment.EuclideanAlignment : What ``alignment="euclidean"`` does.

    References
    ----------
    .. [1] Blankertz, B. et al. (2008). Optimizing spatial filters for robust EEG single-trial
       analysis. IEEE Signal Processing Magazine 25(1), 41-56. doi:10.1109/MSP.2008.4408441.
    .. [2] Ang, K. K. et al. (2012). Filter bank common spatial pattern algorithm on BCI competition
       IV datasets 2a and 2b. Frontiers in Neuroscience 6:39. doi:10.3389/fnins.2012.00039.
    .. [3] Barachant, A. et al. (2012). Multiclass brain-computer interface classification by
       Riemannian geometry. IEEE Transactions on Biomedical Engineering 59(4), 920-928.
       doi:10.1109/TBME.2011.2172210.

    Examples
    --------
    >>> from bci_dann import ShallowClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> sources, target = trials[~new], trials[new].unlabelled()
    >>> model = ShallowClassifier("csp", "lda", n_components=4)
    >>> model.fit(sources, sources.y, X_target_unlabeled=target).predict_proba(target).shape
    (20, 2)
    """

    pipeline_: Pipeline

    def __init__(
        self,
        features: str = "csp",
        classifier: str = "lda",
        *,
        n_components: int = 10,
        alignment: Any = "euclidean",
        weighting: Any = None,
        sfreq: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.features = features
        self.classifier = classifier
        self.n_components = n_components
        self.alignment = alignment
        self.weighting = weighting
        self.sfreq = sfreq
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        super().check_parameters()
        check_option("features", self.features, FEATURES)
        check_option("classifier", self.classifier, CLASSIFIERS)
        check_count("n_components", self.n_components)
        if (self.features == "covariances") != (self.classifier == "mdm"):
            raise ConfigError(
                f"features={self.features!r} and classifier={self.classifier!r} cannot be "
                "combined: use 'covariances' with 'mdm', and other features with other classifiers."
            )
        read_weighting(self.weighting, offered=SIGNAL_FEATURES)
        if self.weighting is not None and self.classifier == "lda":
            raise ConfigError(
                "weighting: linear discriminant analysis takes no weights; take "
                "classifier='logistic' or 'mdm'."
            )

    def make_alignment(self) -> Alignment | None:
        """Return an unfitted alignment; in a filter bank one for each band. See the base class."""
        if self.features != "filter_bank_csp" or self.n_times_ is None:
            return super().make_alignment()
        sfreq = self.sampling_rate
        if sfreq is None:
            raise DataError(
                "a filter bank needs the sampling frequency, which arrays do not have: give "
                "sfreq=..., or epochs."
            )
        return FilterBank([resolve("alignment", self.alignment) for _ in BANDS], sfreq)

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Fit features and classifier on the labelled trials; see the base class."""
        known = trials.labelled()
        pipeline = self._build_pipeline(rank_of_trials(known.X) if known.X.ndim == 3 else None)
        if self.weighting is not None:
            weights = self.weigh(self.weighting, trials, self.random_state)[trials.is_labelled]
            self.pipeline_ = fit_weighted(pipeline, known.X, known.labels, weights)
            return
        with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
            self.pipeline_ = pipeline.fit(known.X.astype(np.float64), known.labels)

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the features of trials, the input of the classifier.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Logarithms of power, tangent vectors, or for ``"covariances"`` the entries of these.
        """
        check_is_fitted(self)
        X, steps = self.read_aligned(X).astype(np.float64), self.pipeline_[:-1]
        features = steps.transform(X) if len(steps) else X  # vectors are features already
        return np.asarray(features, dtype=np.float32).reshape(len(X), -1)

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities; see the base class."""
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(X.astype(np.float64))
        return probabilities

    def _build_pipeline(self, rank: int | None = None) -> Pipeline:
        """Return the unfitted steps; a fitted step of patterns is restored without their rank."""
        steps = self._feature_steps(rank or self.n_features_in_)
        # entries of tangent vectors have the same unit, and scaling would change distances
        scaler = [] if self.features == "tangent_space" and steps else [StandardScaler()]
        return make_pipeline(*steps, *_classifier_steps(self.classifier, scaler))

    def _feature_steps(self, rank: int) -> list[Any]:
        if self.n_times_ is None:
            if self.classifier == "mdm":
                raise DataError("'mdm' needs trials (n_trials, n_chans, n_times), not vectors.")
            return []
        if self.features == "csp":
            return [spatial_patterns(self.n_components, rank)]
        if self.features == "filter_bank_csp":
            return [FilterBankCSP(PATTERNS_PER_BAND)]
        if self.features == "covariances":
            return [covariances()]
        return [step for _, step in tangent_space().steps]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def to_state(self) -> ModelState:
        """Return the fitted steps; see the base class."""
        state = super().to_state()
        state.arrays.update(write_steps(self.pipeline_))
        self.add_weights_to(state)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the fitted steps; see the base class."""
        super().from_state(state)
        self.pipeline_ = read_steps(self._build_pipeline(), state.arrays)
        self.take_weights_from(state)


def _classifier_steps(
    name: str, scaler: list[StandardScaler]
) -> list[BaseEstimator | ClassifierMixin]:
    if name == "lda":
        return [LinearDiscriminantAnalysis()]
    if name == "mdm":
        return [nearest_mean()]
    return [*scaler, LogisticRegression(max_iter=1000)]
