"""Adaptation of a fitted model to a new subject: to all trials, or trial by trial."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bci_dann._threads import method_threads
from bci_dann.estimators.inputs.domain_alignment import extend_alignment, join
from bci_dann.estimators.inputs.input_validation import read_for_learning
from bci_dann.estimators.inputs.labels import encode_known, missing_labels
from bci_dann.estimators.inputs.signals import Signals, concatenate, copy_trials
from bci_dann.estimators.inputs.training_trials import Part, TrainingTrials
from bci_dann.exceptions import BCIDannWarning, ConfigError, UnadaptedWarning

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment

__all__ = ["SubjectAdaptation"]

# Fewer trials of a new subject than this are not adapted to: a mean over so few says more of these
# trials than of the subject. Empirical.
MIN_PASSED = 5


class SubjectAdaptation:
    """Adaptation of a fitted model to a new subject, without source data."""

    alignment_: Alignment | None
    classes_: NDArray[Any]
    domains_: list[str]
    # whether trials of a target were seen, in `fit` or since
    met_target_: bool
    # the model that was fitted, and the trials that were handed over since
    _online: tuple[Self, list[Any]]

    def adapt(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Adapt to a new subject without source data: re-centre on its trials.

        A method with terms that need no sources adapts by these, too; a method whose
        :attr:`uses_labels` is true learns from labels where they are given.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of the new subject (µV), in the order of recording.
        y : array-like, shape (n_trials,), optional
            Labels of these trials; NaN, None or ``""`` where a trial has none.

        Returns
        -------
        Self
            A new estimator; this one stays as it is.

        Raises
        ------
        ConfigError
            When labels are given, and the method cannot learn from them without source data.
        DataError
            When the trials or labels do not fit the model.
        """
        check_is_fitted(self)
        labelled = y is not None and not missing_labels(y).all()
        if labelled and not self.uses_labels:
            raise ConfigError(
                f"{type(self).__name__} cannot learn from labels without the source trials: give "
                "them to fit() as X_target_labeled and y_target_labeled, leave `y` out, or take "
                "RiemannianClassifier, a network, or an EnsembleClassifier with one as a member. "
                "A network that an earlier version has saved must be fitted again."
            )
        if not (self.can_adapt or labelled):
            warnings.warn(
                "adapt() changes nothing in a model without alignment; "
                "train with alignment='euclidean'.",
                BCIDannWarning,
                stacklevel=2,
            )
        adapted = self.adapted(X, y)
        adapted._forget_passed()
        return adapted

    def adapted(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Return a copy that is adapted to all given trials of one subject.

        :meth:`adapt` and :meth:`partial_adapt` call it.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of the new subject (µV), in the order of recording.
        y : array-like, shape (n_trials,), optional
            As for :meth:`adapt`.

        Returns
        -------
        Self
            The copy; this estimator stays as it is.
        """
        part = Part.unlabelled(read_for_learning(self, X))
        if y is not None:
            labels = encode_known(y, self.classes_, len(part.labels))
            part = replace(part, labels=labels)
        adapted = copy.deepcopy(self)
        adapted.met_target_ = True
        with method_threads(self.trains_network):
            if adapted.alignment_ is not None:
                learned = extend_alignment(adapted.alignment_, adapted.domains_, [part])
                adapted.domains_ = learned
            if type(self).adapt_aligned is not SubjectAdaptation.adapt_aligned:
                adapted.adapt_aligned(join([part], adapted.alignment_))
        return adapted

    @property
    def uses_labels(self) -> bool:
        """Whether :meth:`adapt` learns from labels of the new subject."""
        return False

    @property
    def can_adapt(self) -> bool:
        """Whether :meth:`adapt` changes anything in the fitted model."""
        return self.alignment_ is not None

    def partial_adapt(self, X: Any) -> Self:
        """Adapt to the next trials of a new subject: predict them first, then hand them over.

        Li et al. (2023), "T-TIME: test-time information maximization ensemble for plug-and-play
        BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, adapt in this order. Each call adapts the
        model that was fitted, or adapted to earlier trials, as :meth:`adapt` does, to all trials
        that were handed over so far; the first five are only collected.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            The next trials of the subject (µV), always of one kind. They are copied, so that a
            buffer may be used again.

        Returns
        -------
        Self
            A new estimator; this one stays as it is. What was handed over is not saved.

        Raises
        ------
        DataError
            When the trials are not of the kind that the model was fitted to, or hold no signal.
            They then count as not handed over, and the next ones may follow.
        """
        check_is_fitted(self)
        read_for_learning(self, X)
        fitted, passed = getattr(self, "_online", (self, []))
        passed = [*passed, copy_trials(X)]
        trials = concatenate(passed)
        adapted = copy.copy(self) if len(trials) < MIN_PASSED else fitted.adapted(trials)
        adapted._online = (fitted, passed)
        return adapted

    def warn_if_unadapted(self, signals: Signals) -> None:
        """Warn where trials are aligned by a reference that is none of their subject.

        Parameters
        ----------
        signals : Signals
            Trials to be predicted. Fewer than five could not be adapted to either.
        """
        if self.alignment_ is None or self.met_target_ or len(signals.X) < MIN_PASSED:
            return
        domains = signals.domains
        if domains is not None and set(domains.tolist()) <= set(self.domains_):
            return
        warnings.warn(
            "nothing was adapted to the subject of these trials: they are aligned by the mean of "
            "the source subjects, and predictions may be at chance. Give X_target_unlabeled to "
            "fit, or predict with model.adapt(X) (on the command line after `bci-dann adapt`); in "
            "scikit-learn's cross-validation, wrap the "
            "method in bci_dann.TransductiveClassifier.",
            UnadaptedWarning,
            stacklevel=3,
        )

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt this copy to aligned trials of a new subject; a subclass may implement it.

        Parameters
        ----------
        trials : TrainingTrials
            Trials of the target, without labels but where the method :attr:`uses_labels`.
        """

    @property
    def takes_rest(self) -> bool:
        """Whether a method learns references from the rest windows of the trials."""
        return False

    @property
    def trains_network(self) -> bool:
        """Whether ``fit`` trains a network."""
        return False

    def _forget_passed(self) -> None:
        """Drop the trials that were handed over to the model of before."""
        self.__dict__.pop("_online", None)
