"""Wrapper of a method that calibrates its probabilities on source subjects, and may abstain."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from bci_dann._random import check_random_state
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.alignment import ResultCache
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.calibration.abstention import (
    LEAST_ANSWERED,
    NOTHING_ANSWERED,
    is_abstained,
)
from bci_dann.estimators.calibration.conformal_sets import prediction_sets
from bci_dann.estimators.calibration.learned_calibration import Calibration, CalibrationSettings
from bci_dann.estimators.calibration.source_predictions import predict_sources, source_folds
from bci_dann.estimators.calibration.temperature import tempered
from bci_dann.estimators.inputs.input_validation import read_for_learning
from bci_dann.estimators.inputs.labels import check_scored_labels, encode_source_labels
from bci_dann.estimators.inputs.signals import copy_trials, in_memory
from bci_dann.estimators.methods import (
    BY_OPTIONS,
    build_method,
    copy_input_attributes,
    describe_method,
)
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.persistence import ModelState

__all__ = ["CalibratedClassifier"]


class CalibratedClassifier(TransferClassifier):
    """A method whose probabilities are calibrated on source subjects, and which may abstain.

    Each source subject in turn is left out, and predicted after adaptation without labels, as a new
    subject will be. Its labels, which are known, are then used for calibration: all
    log-probabilities are divided by one temperature [1]_; each class has a threshold, above which
    it is in the prediction set of a trial [2]_ [3]_; and trials whose largest probability is too
    small may be left without a class [4]_. All subjects have equal weight. The final method is
    trained on all sources; calibration does not change the most probable class.

    The calibration holds for new subjects on average, as far as they resemble the sources. There is
    no guarantee for a single subject.

    Parameters
    ----------
    method : str, mapping or TransferClassifier
        The wrapped method; see :func:`bci_dann.estimators.build_method`.
    by : {"adapt", "fit"}
        How the method uses the unlabelled trials of left-out subjects. ``"adapt"`` trains once for
        each group of subjects, and adapts to each of them; ``"fit"`` trains once for each subject,
        with its trials as ``X_target_unlabeled``. Use ``"fit"`` for networks that are trained with
        the target's trials, for which ``adapt`` is a different method.
    n_folds : int
        Largest number of groups of source subjects. With ``by="adapt"`` this is also the number of
        trainings, in addition to that on all sources.
    set_coverage : float
        Share of the trials of each class whose prediction set contains this class, between 0 and 1;
        mean over subjects.
    conservative : bool
        Whether to count the new subject as one that is never covered. The mean coverage over new
        subjects is then at least ``set_coverage`` [5]_, except that methods in calibration are
        trained on fewer subjects. With fewer than ``set_coverage / (1 - set_coverage)`` source
        subjects all sets then contain all classes.
    abstain_below : float, optional
        :meth:`predict` abstains where the largest calibrated probability is below this.
    max_error : float, optional
        Instead of ``abstain_below``: the largest allowed error rate among answered trials of source
        subjects; the lowest threshold with this error is used.
    random_state : None, int or numpy random generator
        Seeds the method, where it has a ``random_state``; ``None`` does not change it.

    Attributes
    ----------
    method_ : TransferClassifier
        The fitted method.
    adapted_calibration_, unadapted_calibration_ : Calibration
        Calibration for subjects that the method was trained with or adapted to, and for others;
        with the attributes ``temperature``, ``class_thresholds`` and ``abstain_below``.

    See Also
    --------
    bci_dann.evaluation.risk_coverage : The error as a function of the share of answered trials.

    References
    ----------
    .. [1] Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern
       neural networks. ICML. arXiv:1706.04599.
    .. [2] Vovk, V. (2012). Conditional validity of inductive conformal predictors. ACML.
       arXiv:1209.2673.
    .. [3] Dunn, R., Wasserman, L. and Ramdas, A. (2023). Distribution-free prediction sets for
       two-layer hierarchical models. J. Am. Stat. Assoc. 118(544), 2491-2502.
    .. [4] Geifman, Y. and El-Yaniv, R. (2017). Selective classification for deep neural networks.
       NeurIPS. arXiv:1705.08500.
    .. [5] Lee, Y., Barber, R. F. and Willett, R. (2023). Distribution-free inference with
       hierarchical data. arXiv:2306.06342.

    Examples
    --------
    >>> from bci_dann import CalibratedClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=4, n_trials=10)
    >>> new = trials.subjects == "4"
    >>> model = CalibratedClassifier("ra_ts_logistic", abstain_below=0.7)
    >>> model = model.fit(trials[~new], trials[~new].y).adapt(trials[new].unlabelled())
    >>> model.predict_set(trials[new]).shape
    (20, 2)
    >>> sorted(set(model.predict(trials[new])) - {None})
    ['left_hand', 'right_hand']
    """

    method_: TransferClassifier
    adapted_calibration_: Calibration
    unadapted_calibration_: Calibration

    def __init__(
        self,
        method: Any = "ra_ts_logistic",
        *,
        by: str = "adapt",
        n_folds: int = 10,
        set_coverage: float = 0.9,
        conservative: bool = False,
        abstain_below: float | None = None,
        max_error: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.by = by
        self.n_folds = n_folds
        self.set_coverage = set_coverage
        self.conservative = conservative
        self.abstain_below = abstain_below
        self.max_error = max_error
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        check_option("by", self.by, BY_OPTIONS)
        check_count("n_folds", self.n_folds)
        check_between("n_folds", self.n_folds, 2, np.inf, inclusive=True)
        check_random_state(self.random_state)
        check_between("set_coverage", self.set_coverage, 0.0, 1.0)
        for name in ("abstain_below", "max_error"):
            if getattr(self, name) is not None:
                check_between(name, getattr(self, name), 0.0, 1.0)
        if self.abstain_below is not None and self.max_error is not None:
            raise ConfigError(
                "give either abstain_below, or max_error, which determines the threshold; got "
                f"{self.abstain_below!r} and {self.max_error!r}."
            )
        self.build().check_parameters()

    def build(self) -> TransferClassifier:
        """Return the method, unfitted.

        Returns
        -------
        TransferClassifier
            With the ``random_state`` of this estimator, where both have one.

        Raises
        ------
        ConfigError
            When there is no such method.
        """
        method = build_method(self.method)
        if self.random_state is not None and "random_state" in method.get_params(deep=False):
            method.set_params(random_state=self.random_state)
        return method

    def fit(  # numpydoc ignore=PR01,RT01
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> Self:
        """Train the method, and calibrate it on its sources; see :meth:`TransferClassifier.fit`.

        Trials of the target are passed to the method, and not used for calibration.

        Raises
        ------
        DataError
            Also when there are fewer than three source subjects, subjects are not named, or a class
            is missing when some subjects are left out.
        """
        self.forget()
        self.check_parameters()
        X = in_memory(X)
        read = read_for_learning(self, X, y, subjects, reset=True)
        names = read.subjects
        classes, labels = encode_source_labels(y)
        if names is None:
            raise DataError(
                "calibration leaves out each source subject in turn: name the subject of each "
                "trial in `subjects`, or give EEGTrials."
            )
        folds = source_folds(labels, names, classes, self.n_folds)
        target = (X_target_unlabeled, X_target_labeled, y_target_labeled)
        method = self.build().use_cache(self._cache).fit(X, y, subjects, *target)
        # most folds share their domains
        cache = self._cache or ResultCache.for_trials(read.X.nbytes)
        trials = read.X if read.ch_names is None else X  # epochs and EEGTrials can be indexed
        if isinstance(trials, list | tuple):  # epochs one by one, as cross-validation passes them
            trials = copy_trials(trials, subjects)
        predicted = predict_sources(
            lambda: self.build().use_cache(cache), trials, np.asarray(y), names, folds, self.by
        )
        rules = CalibrationSettings(
            self.set_coverage, self.conservative, self.abstain_below, self.max_error
        )
        self.adapted_calibration_, self.unadapted_calibration_ = (
            Calibration.learn(probabilities, labels, names, rules)
            for probabilities in (predicted.adapted, predicted.unadapted)
        )
        self._warn_if_nothing_is_answered()
        self._set_method(method)
        return self

    @property
    def calibration_(self) -> Calibration:  # numpydoc ignore=RT01
        """The calibration for subjects that the method has adapted to, or that for others."""
        return self.adapted_calibration_ if self.has_seen_target_ else self.unadapted_calibration_

    @property
    def abstains_below(self) -> float | None:
        """The probability below which :meth:`predict` abstains; see the base class."""
        return self.calibration_.abstain_below

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return calibrated class probabilities; see :meth:`TransferClassifier.predict_proba`."""
        check_is_fitted(self)
        return tempered(self.method_.predict_proba(X), self.calibration_.temperature)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each trial, or ``None`` for abstention.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV); see :meth:`predict_proba`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Class names. With ``abstain_below`` or ``max_error`` this is an object array with
            ``None`` for abstention; scikit-learn's metrics raise an error for it instead of
            counting it as a class.
        """
        probabilities = self.predict_proba(X)
        decided = np.asarray(self.classes_[probabilities.argmax(axis=1)])
        if self.abstains_below is None:
            return decided
        given = decided.astype(object)
        given[is_abstained(probabilities, self.abstains_below)] = None
        return given

    def predict_set(self, X: Any) -> NDArray[np.bool_]:
        """Return the prediction set of each trial.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV); see :meth:`predict_proba`.

        Returns
        -------
        ndarray of bool, shape (n_trials, n_classes)
            Whether each class, in the order of ``classes_``, is in the set. No set is empty. A
            trial without signal has all classes.
        """
        return prediction_sets(self.predict_proba(X), self.calibration_.class_thresholds)

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the most probable class over all trials, without abstention.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).
        y : array-like, shape (n_trials,)
            Their true classes.
        sample_weight : array-like, shape (n_trials,), optional
            Weight of each trial.

        Returns
        -------
        float
            The accuracy.

        Raises
        ------
        DataError
            When there are no labels, or not one of them is a class of the model.
        """
        check_is_fitted(self)
        check_scored_labels(y, self.classes_)
        decided = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return float(accuracy_score(y, decided, sample_weight=sample_weight))

    def adapt(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Adapt the method, and keep the calibration; see :meth:`TransferClassifier.adapt`."""
        check_is_fitted(self)
        return self._with_method(self.method_.adapt(X, y))

    def adapted(  # numpydoc ignore=PR01,RT01
        self, X: Any, y: ArrayLike | None = None
    ) -> Self:
        """Return a copy whose method is adapted.

        Parameters and return value are those of :meth:`SubjectAdaptation.adapted`.
        """
        return self._with_method(self.method_.adapted(X, y))

    def partial_adapt(self, X: Any) -> Self:
        """Adapt the method to the next trials; see :meth:`TransferClassifier.partial_adapt`."""
        check_is_fitted(self)
        return self._with_method(self.method_.partial_adapt(X))

    @property
    def trains_network(self) -> bool:
        """Whether the method trains a network."""
        return self.build().trains_network

    @property
    def uses_labels(self) -> bool:
        """Whether the method learns from labels in ``adapt``."""
        return self.method_.uses_labels

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes the method."""
        return self.method_.can_adapt

    def plain_parameters(self) -> dict[str, Any]:
        """Return the parameters in a form that can be saved; see the base class."""
        return {**super().plain_parameters(), "method": describe_method(self.method)}

    def to_state(self) -> ModelState:
        """Return the states of the method and of the calibrations; see the base class."""
        state = super().to_state()
        method = self.method_.to_state()
        state.description["method"] = method.description
        parts = {
            "method": method.arrays,
            "adapted": self.adapted_calibration_.to_arrays(),
            "unadapted": self.unadapted_calibration_.to_arrays(),
        }
        for part, arrays in parts.items():
            state.arrays.update({f"{part}.{name}": array for name, array in arrays.items()})
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the method and the calibrations; see the base class."""
        method = ModelState(state.description["method"], state.part("method"))
        self._set_method(model_from_state(method))
        self.adapted_calibration_ = Calibration.from_arrays(state.part("adapted"))
        self.unadapted_calibration_ = Calibration.from_arrays(state.part("unadapted"))

    def use_cache(self, cache: ResultCache | None) -> Self:
        """Share a cache with the method; see :meth:`TransferClassifier.use_cache`."""
        super().use_cache(cache)
        if hasattr(self, "method_"):
            self.method_.use_cache(cache)
        return self

    def _warn_if_nothing_is_answered(self) -> None:
        if self.adapted_calibration_.abstain_below == NOTHING_ANSWERED:
            warnings.warn(
                f"max_error={self.max_error:g} is exceeded on the source subjects even where only "
                f"{LEAST_ANSWERED:.0%} of their trials are answered, so that predict will abstain "
                "on all trials: allow a larger error.",
                BCIDannWarning,
                stacklevel=3,
            )

    def _with_method(self, method: TransferClassifier) -> Self:
        """Return a copy of this estimator with another fitted method."""
        adapted = copy.copy(self)
        adapted._set_method(method)
        return adapted

    def _set_method(self, method: TransferClassifier) -> None:
        self.method_, self.alignment_, self.domains_ = method, None, []
        copy_input_attributes(method, self)
