"""The contract that every method keeps: a classifier that may see unlabelled target trials."""

from __future__ import annotations

import copy
import math
import warnings
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from bci_dann._validation import check_between
from bci_dann.alignment import Alignment, make_alignment
from bci_dann.data.signal_checks import check_signals, silent_trials
from bci_dann.estimators.labels import encode, encode_first
from bci_dann.estimators.online import OnlineAdaptation
from bci_dann.estimators.saving import Saving
from bci_dann.estimators.signals import Signals, check_same_kind, check_sfreq, read_signals
from bci_dann.estimators.training_trials import Part, TrainingTrials, join
from bci_dann.exceptions import BCIDannWarning, DataError
from bci_dann.objectives import UNLABELLED

__all__ = ["TransferClassifier"]

MANY_TRIALS = 10


class TransferClassifier(OnlineAdaptation, Saving, ClassifierMixin, BaseEstimator):
    """Base of all methods: reads input, aligns domains, encodes labels.

    A subclass has the parameter ``alignment`` and implements ``_fit_aligned`` and
    ``_predict_proba_aligned``.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The class names.
    n_features_in_ : int
        Number of channels, or of features for plain vectors.
    n_times_ : int or None
        Number of samples in a trial; ``None`` for plain vectors.
    alignment_ : Recentring, TangentViews or None
        The fitted alignment.
    ch_names_ : list of str or None
        Channel names, where the training data carried them.
    sfreq_ : float or None
        Sampling frequency (Hz), where it is known.
    """

    # What MOABB's transfer protocols and scikit-learn's routing may hand to `fit`.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {
        "subjects": True,
        "X_target_unlabeled": True,
        "X_target_labeled": True,
        "y_target_labeled": True,
    }

    alignment: str | None
    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    ch_names_: list[str] | None
    sfreq_: float | None

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> Self:
        """Train on labelled source trials, and on what is given of the target.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Source trials (µV); or plain vectors ``(n_samples, n_features)``.
        y : array-like, shape (n_trials,)
            Source labels.
        subjects : array-like, shape (n_trials,), optional
            The subject of each source trial. Epochs and EEGTrials bring their own, with
            sessions.
        X_target_unlabeled : like ``X``, optional
            Trials of the new subject, without labels.
        X_target_labeled, y_target_labeled : like ``X`` and ``y``, optional
            A few trials of the new subject with labels; they join the label loss.

        Returns
        -------
        Self
            The fitted estimator.

        Raises
        ------
        DataError
            When the parts do not fit together, or the signals cannot be EEG in microvolt.
        ConfigError
            When a parameter cannot be used.
        """
        try:
            self._fit_aligned(
                self._training_trials(
                    X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled
                )
            )
        except BaseException:
            self._unfit()
            raise
        return self

    def _training_trials(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> TrainingTrials:
        """Check what :meth:`fit` was given, learn the alignment, and align."""
        self.check_parameters()
        self._forget_passed()
        source = self._read_to_learn(X, y=y, subjects=subjects, reset=True)
        self.classes_, labels = encode_first(y)
        parts = [Part(source, labels, is_target=False)]
        if X_target_labeled is None and y_target_labeled is not None:
            raise DataError("y_target_labeled came without X_target_labeled: give both.")
        if X_target_labeled is not None:
            target = self._read_to_learn(X_target_labeled)
            labels = encode(y_target_labeled, self.classes_, len(target.X))
            parts.append(Part(target, labels, is_target=True))
        if X_target_unlabeled is not None:
            target = self._read_to_learn(X_target_unlabeled)
            parts.append(Part(target, np.full(len(target.X), UNLABELLED), is_target=True))
        self._fit_alignment(parts)
        return join(parts, self.alignment_)

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use.

        Runs call it for every pipeline before the first training; a subclass adds its own
        checks.

        Raises
        ------
        ConfigError
            Saying what is accepted.
        """
        make_alignment(self.alignment)
        if getattr(self, "sfreq", None) is not None:
            check_between("sfreq", self.sfreq, 0.0, math.inf)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV). Each domain met before is aligned by its frozen reference, others
            by the target's pooled reference, or the sources' where no target was seen.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            In the order of ``classes_``. A trial that holds no signal may be of any class.
        """
        check_is_fitted(self)
        signals = self._read(X)
        silent = silent_trials(signals.X)
        if not silent.any():
            return self._predict_proba_aligned(self._align(signals.X, signals.domains))
        probabilities = np.full((len(silent), len(self.classes_)), 1.0 / len(self.classes_))
        domains = None if signals.domains is None else signals.domains[~silent]
        if not silent.all():
            aligned = self._align(signals.X[~silent], domains)
            probabilities[~silent] = self._predict_proba_aligned(aligned)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each trial; see :meth:`predict_proba`."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def adapt(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 (contract of all methods)
        """Meet a new subject without source data: re-centre on its trials.

        A method with terms that can do without sources adapts by these, too.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of the new subject (µV), in the order of recording.
        y : None
            Ignored: nothing here needs labels.

        Returns
        -------
        Self
            A new estimator; this one stays as it is.
        """
        check_is_fitted(self)
        if not self.can_adapt:
            warnings.warn(
                "adapt() changes nothing in a model without alignment; "
                "train with alignment='euclidean'.",
                BCIDannWarning,
                stacklevel=2,
            )
        adapted = self._adapted(X)
        adapted._forget_passed()
        return adapted

    @property
    def can_adapt(self) -> bool:
        """Whether :meth:`adapt` changes anything in the fitted model."""
        return self.alignment_ is not None

    @property
    def trains_network(self) -> bool:
        """Whether ``fit`` trains a network."""
        return False

    def _adapted(self, X: Any) -> Self:
        """Return what :meth:`adapt` does; a subclass may do more than re-centre."""
        signals = self._read_to_learn(X)
        adapted = copy.deepcopy(self)
        if adapted.alignment_ is not None:
            # under the name that `fit` gives trials without one, in the place of another target
            own = Part(signals, np.full(len(signals.X), UNLABELLED), is_target=True)
            adapted.alignment_.extend(signals.X, own.domains)
        return adapted

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        """Learn from aligned trials; a subclass implements it."""
        raise NotImplementedError

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities of aligned trials; a subclass implements it."""
        raise NotImplementedError

    def _read(
        self, X: Any, y: Any = "no_validation", subjects: Any = None, reset: bool = False
    ) -> Signals:
        """Validate input against what was fitted; ``reset`` takes it as the new standard."""
        signals = read_signals(X, subjects)
        checked = validate_data(
            self,
            signals.X,
            y,
            reset=reset,
            dtype=np.float32,
            allow_nd=True,
            ensure_min_samples=2 if reset else 1,
        )
        array = checked if isinstance(y, str) and y == "no_validation" else checked[0]
        signals = replace(signals, X=array)
        n_times = array.shape[2] if array.ndim == 3 else None
        if array.ndim > 3:
            raise DataError(f"X must have 2 or 3 dimensions; got shape {array.shape}.")
        # A single trial at predict may well be flat or an artefact; many are no coincidence.
        if array.ndim == 3 and len(array) >= MANY_TRIALS:
            check_signals(array, signals.ch_names or [str(i) for i in range(array.shape[1])])
        if reset:
            self.n_times_, self.ch_names_, self.sfreq_ = n_times, signals.ch_names, signals.sfreq
            check_sfreq(getattr(self, "sfreq", None), signals.sfreq)
        check_same_kind(n_times, signals, self.n_times_, self.ch_names_, self.sfreq_)
        return signals

    def _read_to_learn(
        self, X: Any, y: Any = "no_validation", subjects: Any = None, reset: bool = False
    ) -> Signals:
        """Read trials to learn from, each of which must hold a signal."""
        signals = self._read(X, y, subjects, reset)
        silent = np.flatnonzero(silent_trials(signals.X))
        if len(silent):
            raise DataError(
                f"{len(silent)} of {len(signals.X)} trials hold no signal, every channel being "
                f"constant: those at {silent[:10].tolist()}. Leave them out."
            )
        return signals

    def _read_aligned(self, X: Any) -> NDArray[np.float32]:
        """Read trials for use, and align them by the frozen references."""
        signals = self._read(X)
        return self._align(signals.X, signals.domains)

    def _fit_alignment(self, parts: list[Part]) -> None:
        """Learn the references: sources first, so that the target becomes the fallback."""
        source, targets = parts[0], parts[1:]
        self.alignment_ = self._new_alignment()
        if self.alignment_ is None:
            return
        if len(np.unique(source.domains)) == len(source.domains):
            warnings.warn(
                "every source trial is a domain of its own, and aligned to itself it tells "
                "nothing: name the subject of each trial in `subjects`.",
                BCIDannWarning,
                stacklevel=4,
            )
        self.alignment_.fit(source.signals.X, domains=source.domains)
        if targets:
            self.alignment_.extend(
                np.concatenate([target.signals.X for target in targets]),
                np.concatenate([target.domains for target in targets]),
            )

    def _new_alignment(self) -> Alignment | None:
        """Return an unfitted alignment; a subclass may have one of its own."""
        # Plain vectors have no covariance of their own, so there is nothing to align.
        return make_alignment(self.alignment) if self.n_times_ is not None else None

    def _align(
        self, X: NDArray[np.float32], domains: NDArray[np.str_] | None
    ) -> NDArray[np.float32]:
        return X if self.alignment_ is None else self.alignment_.transform(X, domains)

    @property
    def _rate(self) -> float | None:
        """The sampling frequency (Hz), where arrays are told it or trials bring it."""
        told: float | None = getattr(self, "sfreq", None)
        return self.sfreq_ if told is None else told

    def _unfit(self) -> None:
        """Be as if never fitted, rather than half."""
        self.__dict__.pop("classes_", None)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
