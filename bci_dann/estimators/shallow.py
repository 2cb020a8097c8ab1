"""Classical decoders on the same contract: the baselines that a network must beat."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
from mne.decoding import CSP
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from bci_dann._validation import check_count, check_option
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.fitted_steps import read_steps, write_steps
from bci_dann.estimators.tangent import tangent_space
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only
from bci_dann.persistence import ModelState

__all__ = ["ShallowClassifier"]

FEATURES = ("csp", "tangent_space")
CLASSIFIERS = ("lda", "logistic")


class ShallowClassifier(TransferClassifier):
    """Alignment, then spatial patterns or tangent space, then a linear classifier.

    ``features="csp", classifier="lda"`` with Euclidean alignment is the deterministic row of
    the published tables, and a check of anyone's preprocessing.

    Parameters
    ----------
    features : {"csp", "tangent_space"}
        Log-power of common spatial patterns (Blankertz et al. 2008, IEEE Signal Process.
        Mag. 25(1), 41-56), or covariances in the tangent space (Barachant et al. 2012).
        Plain vectors are classified as they are.
    classifier : {"lda", "logistic"}
        Linear discriminant analysis, or logistic regression on standardised features.
    n_components : int
        Number of spatial patterns, at most the number of channels.
    alignment : {"euclidean", "riemannian"} or None
        What to remove of each domain before learning.

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
    ) -> None:
        self.features = features
        self.classifier = classifier
        self.n_components = n_components
        self.alignment = alignment

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        check_option("features", self.features, FEATURES)
        check_option("classifier", self.classifier, CLASSIFIERS)
        check_count("n_components", self.n_components)

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        labelled = labelled_only(trials)
        self.pipeline_ = self._build_pipeline()
        with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
            self.pipeline_.fit(labelled.X.astype(np.float64), labelled.labels)

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(X.astype(np.float64))
        return probabilities

    def _build_pipeline(self) -> Pipeline:
        return make_pipeline(*self._feature_steps(), *_classifier_steps(self.classifier))

    def _feature_steps(self) -> list[Any]:
        if self.n_times_ is None:
            return []
        if self.features == "csp":
            return [CSP(n_components=min(self.n_components, self.n_features_in_))]
        return [step for _, step in tangent_space().steps]

    def _state(self) -> ModelState:
        state = super()._state()
        state.arrays.update(write_steps(self.pipeline_))
        return state

    def _restore(self, state: ModelState) -> None:
        super()._restore(state)
        self.pipeline_ = read_steps(self._build_pipeline(), state.arrays)


def _classifier_steps(name: str) -> list[BaseEstimator | ClassifierMixin]:
    if name == "lda":
        return [LinearDiscriminantAnalysis()]
    return [StandardScaler(), LogisticRegression(max_iter=1000)]
