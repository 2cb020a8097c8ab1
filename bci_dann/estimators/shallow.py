"""Classical decoders on the same contract: the baselines that a network must beat."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from bci_dann._validation import check_count, check_option
from bci_dann.alignment import Alignment, FilterBank, make_alignment
from bci_dann.alignment.filter_bank import BANDS
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features.filter_bank_csp import FilterBankCSP
from bci_dann.features.nearest_mean import nearest_mean
from bci_dann.features.tangent_space import covariances, tangent_space
from bci_dann.persistence import ModelState
from bci_dann.persistence.fitted_steps import read_steps, write_steps

__all__ = ["ShallowClassifier"]

FEATURES = ("csp", "filter_bank_csp", "tangent_space", "covariances")
CLASSIFIERS = ("lda", "logistic", "mdm")
PATTERNS_PER_BAND = 4


class ShallowClassifier(TransferClassifier):
    """Alignment, then spatial patterns or covariances, then a simple classifier.

    ``features="csp", classifier="lda"`` with Euclidean alignment is the deterministic row of
    the published tables, and a check of anyone's preprocessing.

    Parameters
    ----------
    features : {"csp", "filter_bank_csp", "tangent_space", "covariances"}
        Log-power of common spatial patterns (Blankertz et al. 2008, IEEE Signal Process.
        Mag. 25(1), 41-56), the same in five bands (Ang et al. 2012), covariances in the tangent
        space, or covariances themselves (Barachant et al. 2012).
        Plain vectors are classified as they are.
    classifier : {"lda", "logistic", "mdm"}
        Linear discriminant analysis, logistic regression (on standardised features, but for the
        tangent space), or, for covariances, the nearest class mean by Riemannian distance.
    n_components : int
        Number of spatial patterns, at most the number of channels; in a filter bank each band
        has four.
    alignment : {"euclidean", "riemannian"} or None
        What to remove of each domain before learning; in a filter bank, of each band.
    sfreq : float, optional
        Sampling frequency (Hz), which the filter bank needs; epochs bring their own.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        The fitted steps after alignment.
    """

    pipeline_: Pipeline

    def __init__(
        self,
        features: str = "csp",
        classifier: str = "lda",
        *,
        n_components: int = 10,
        alignment: str | None = "euclidean",
        sfreq: float | None = None,
    ) -> None:
        self.features = features
        self.classifier = classifier
        self.n_components = n_components
        self.alignment = alignment
        self.sfreq = sfreq

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        check_option("features", self.features, FEATURES)
        check_option("classifier", self.classifier, CLASSIFIERS)
        check_count("n_components", self.n_components)
        if (self.features == "covariances") != (self.classifier == "mdm"):
            raise ConfigError(
                f"features={self.features!r} and classifier={self.classifier!r} do not go "
                "together: 'covariances' are for 'mdm', and only they."
            )

    def _new_alignment(self) -> Alignment | None:
        if self.features != "filter_bank_csp" or self.n_times_ is None:
            return super()._new_alignment()
        sfreq = self._rate
        if sfreq is None:
            raise DataError(
                "a filter bank needs the sampling frequency, which arrays do not have: give "
                "sfreq=..., or epochs."
            )
        return FilterBank([make_alignment(self.alignment) for _ in BANDS], sfreq)

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        labelled = labelled_only(trials)
        self.pipeline_ = self._build_pipeline()
        with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
            self.pipeline_.fit(labelled.X.astype(np.float64), labelled.labels)

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(X.astype(np.float64))
        return probabilities

    def _build_pipeline(self) -> Pipeline:
        steps = self._feature_steps()
        # tangent vectors have one unit, and distances between them are to be kept
        scaler = [] if self.features == "tangent_space" and steps else [StandardScaler()]
        return make_pipeline(*steps, *_classifier_steps(self.classifier, scaler))

    def _feature_steps(self) -> list[Any]:
        if self.n_times_ is None:
            if self.classifier == "mdm":
                raise DataError("'mdm' needs trials (n_trials, n_chans, n_times), not vectors.")
            return []
        if self.features == "csp":
            from mne.decoding import CSP

            return [CSP(n_components=min(self.n_components, self.n_features_in_))]
        if self.features == "filter_bank_csp":
            return [FilterBankCSP(PATTERNS_PER_BAND)]
        if self.features == "covariances":
            return [covariances()]
        return [step for _, step in tangent_space().steps]

    def _state(self) -> ModelState:
        state = super()._state()
        state.arrays.update(write_steps(self.pipeline_))
        return state

    def _restore(self, state: ModelState) -> None:
        super()._restore(state)
        self.pipeline_ = read_steps(self._build_pipeline(), state.arrays)


def _classifier_steps(
    name: str, scaler: list[StandardScaler]
) -> list[BaseEstimator | ClassifierMixin]:
    if name == "lda":
        return [LinearDiscriminantAnalysis()]
    if name == "mdm":
        return [nearest_mean()]
    return [*scaler, LogisticRegression(max_iter=1000)]
