"""The contract of every method: a classifier that may see unlabelled trials of the target."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann._threads import method_threads
from bci_dann._validation import check_between
from bci_dann.alignment import Alignment, ResultCache
from bci_dann.components import resolve
from bci_dann.data.signal_checks import silent_trials
from bci_dann.estimators.inputs.domain_alignment import (
    align,
    extend_alignment,
    fit_alignment,
    join,
)
from bci_dann.estimators.inputs.input_validation import read_for_learning, read_for_use
from bci_dann.estimators.inputs.labels import encode, encode_first
from bci_dann.estimators.inputs.training_trials import Part, TrainingTrials
from bci_dann.estimators.new_subject.adapting import SubjectAdaptation
from bci_dann.estimators.saving import Saving
from bci_dann.exceptions import DataError

__all__ = ["TransferClassifier"]


class TransferClassifier(SubjectAdaptation, Saving, ClassifierMixin, BaseEstimator):
    """Base of all methods: reads input, aligns domains, encodes labels, saves.

    A subclass has the parameter ``alignment`` and implements :meth:`fit_aligned` and
    :meth:`predict_proba_aligned`. It may override :meth:`adapt_aligned`, :meth:`make_alignment`,
    :meth:`check_parameters`, and, to be saved, :meth:`to_state` and :meth:`from_state`. It then
    aligns, adapts, saves and loads as all other methods do.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The class names.
    n_features_in_ : int
        Number of channels, or of features for plain vectors.
    n_times_ : int or None
        Number of samples in a trial; ``None`` for plain vectors.
    alignment_ : Alignment or None
        The fitted alignment.
    domains_ : list of str
        The domains that the alignment has learned, in that order.
    met_target_ : bool
        Whether trials of a target were seen, in ``fit`` or ``adapt``.
    ch_names_ : list of str or None
        Channel names, where the training data carried them.
    sfreq_ : float or None
        Sampling frequency (Hz), where it is known.

    See Also
    --------
    NetworkClassifier : A method with a network.
    ShallowClassifier : A method of few lines, to read first.
    bci_dann.alignment.Alignment : The contract of alignments.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from bci_dann import TransferClassifier, load_dataset
    >>> class PowerClassifier(TransferClassifier):
    ...     def __init__(self, alignment="euclidean"):
    ...         self.alignment = alignment
    ...
    ...     def fit_aligned(self, trials):
    ...         known = trials.labelled()
    ...         self.model_ = LogisticRegression().fit(known.X.var(axis=2), known.labels)
    ...
    ...     def predict_proba_aligned(self, X):
    ...         return self.model_.predict_proba(X.var(axis=2))
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = PowerClassifier().fit(trials[~new], trials[~new].y)
    >>> model.adapt(trials[new].unlabelled()).predict(trials[new]).shape
    (20,)
    """

    # What MOABB's transfer protocols and scikit-learn's routing may hand to `fit`.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {
        "subjects": True,
        "X_target_unlabeled": True,
        "X_target_labeled": True,
        "y_target_labeled": True,
    }

    alignment: Any
    classes_: NDArray[Any]
    n_features_in_: int
    n_times_: int | None
    alignment_: Alignment | None
    domains_: list[str]
    met_target_: bool
    ch_names_: list[str] | None
    sfreq_: float | None
    # Given by `use_cache`; no parameter, and not saved.
    _cache: ResultCache | None = None

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
            with method_threads(self.trains_network):
                self.fit_aligned(
                    self.training_trials(
                        X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled
                    )
                )
        except BaseException:
            self.forget()
            raise
        finally:
            self._release_cache()
        return self

    def training_trials(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> TrainingTrials:
        """Check what :meth:`fit` was given, learn the alignment, and align.

        Parameters
        ----------
        X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled : array-like
            As for :meth:`fit`.

        Returns
        -------
        TrainingTrials
            All trials; :meth:`fit_aligned` takes them.

        Raises
        ------
        DataError, ConfigError
            As :meth:`fit`.
        """
        self.check_parameters()
        self._forget_passed()
        source = read_for_learning(self, X, y, subjects, reset=True)
        self.classes_, labels = encode_first(y)
        parts = [Part(source, labels, is_target=False)]
        if X_target_labeled is None and y_target_labeled is not None:
            raise DataError("y_target_labeled came without X_target_labeled: give both.")
        if X_target_labeled is not None:
            target = read_for_learning(self, X_target_labeled)
            labels = encode(y_target_labeled, self.classes_, len(target.X))
            parts.append(Part(target, labels, is_target=True))
        if X_target_unlabeled is not None:
            parts.append(Part.unlabelled(read_for_learning(self, X_target_unlabeled)))
        self.met_target_ = len(parts) > 1
        self.domains_, self.alignment_ = [], self.make_alignment()
        if self.alignment_ is not None:
            self.alignment_.cache = ResultCache() if self._cache is None else self._cache
            self.domains_ = fit_alignment(self.alignment_, parts[0])
            self.domains_ = extend_alignment(self.alignment_, self.domains_, parts[1:])
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
        resolve("alignment", self.alignment)
        if getattr(self, "sfreq", None) is not None:
            check_between("sfreq", self.sfreq, 0.0, math.inf)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities.

        A warning says where nothing was adapted to the subject.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV). Each domain seen before is aligned by its frozen reference, others
            by the target's pooled reference, or the sources' where no target was seen.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            In the order of ``classes_``. A trial that holds no signal has equal probabilities.
        """
        check_is_fitted(self)
        signals = read_for_use(self, X)
        self.warn_if_unadapted(signals)
        with method_threads(self.trains_network):
            silent = silent_trials(signals.X)
            if not silent.any():
                return self.predict_proba_read(signals.X, signals.domains)
            probabilities = np.full((len(silent), len(self.classes_)), 1.0 / len(self.classes_))
            domains = None if signals.domains is None else signals.domains[~silent]
            if not silent.all():
                probabilities[~silent] = self.predict_proba_read(signals.X[~silent], domains)
            return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each trial.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV); see :meth:`predict_proba`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Class names.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Learn from aligned trials; a subclass implements it.

        Parameters
        ----------
        trials : TrainingTrials
            All trials, which it may overwrite.
        """
        raise NotImplementedError

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the class probabilities of aligned trials; a subclass implements it.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
            Aligned trials.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            Rows of sum 1, in the order of ``classes_``.
        """
        raise NotImplementedError

    def predict_proba_read(
        self, X: NDArray[np.float32], domains: NDArray[np.str_] | None
    ) -> NDArray[np.float64]:
        """Return the class probabilities of trials that were read and checked.

        A subclass may override it where it needs the trials before alignment, too.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
            Trials (µV), each of which holds a signal.
        domains : ndarray of str, shape (n_trials,), or None
            The domain of each trial.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            Rows of sum 1, in the order of ``classes_``.
        """
        return self.predict_proba_aligned(align(self.alignment_, X, domains))

    def make_alignment(self) -> Alignment | None:
        """Return a fresh alignment for the kind of trials that :meth:`fit` has read.

        Returns
        -------
        Alignment or None
            ``None`` leaves trials as they are. Plain vectors have no covariance, so that there
            is nothing to align.
        """
        if self.n_times_ is None:
            return None
        alignment: Alignment | None = resolve("alignment", self.alignment)
        return alignment

    def use_cache(self, cache: ResultCache | None) -> Self:
        """Share what is computed of the trials of a domain with other estimators.

        Parameters
        ----------
        cache : ResultCache or None
            For the estimators of one run in one process; ``None`` stops sharing.

        Returns
        -------
        Self
            This estimator.
        """
        self._cache = cache
        return self

    def forget(self) -> None:
        """Return to the state before :meth:`fit`."""
        self.__dict__.pop("classes_", None)

    def read_aligned(self, X: Any) -> NDArray[np.float32]:
        """Read trials for use, and align them by the frozen references.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, ...)
            Trials as the fitted method takes them.
        """
        signals = read_for_use(self, X)
        return align(self.alignment_, signals.X, signals.domains)

    def _release_cache(self) -> None:
        """Drop what was computed for one call of ``fit`` alone."""
        alignment = getattr(self, "alignment_", None)
        if alignment is not None and self._cache is None:
            alignment.cache = None

    @property
    def abstains_below(self) -> float | None:
        """The probability below which :meth:`predict` gives no class; ``None``: it always does."""
        return None

    @property
    def sampling_rate(self) -> float | None:
        """The sampling frequency (Hz): ``sfreq``, or that of the trials; see :meth:`fit`."""
        given: float | None = getattr(self, "sfreq", None)
        return self.sfreq_ if given is None else given

    @property
    def aligned_shape(self) -> dict[str, int]:
        """``n_chans`` and ``n_times`` of an aligned trial, 1 for vectors; see :meth:`fit`."""
        shape: tuple[int, ...] = (self.n_features_in_, self.n_times_ or 1)
        if self.alignment_ is not None:
            shape = self.alignment_.shape_of(shape)
        return dict(zip(("n_chans", "n_times"), shape, strict=True))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
