"""Adaptation of a fitted model to a new subject: to all trials, or trial by trial."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bci_dann import models
from bci_dann._threads import method_threads
from bci_dann.alignment.interface import read_only_trials
from bci_dann.estimators.inputs.domain_alignment import align_and_concatenate, extend_alignment
from bci_dann.estimators.inputs.input_validation import read_for_learning
from bci_dann.estimators.inputs.labels import encode_partial_labels, missing_labels
from bci_dann.estimators.inputs.recent_trials import RecentTrials
from bci_dann.estimators.inputs.signals import Signals
from bci_dann.estimators.inputs.training_trials import TrainingTrials, UnalignedTrials
from bci_dann.exceptions import BCIDannWarning, ConfigError, UnadaptedWarning

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment

__all__ = ["SubjectAdaptation"]

# Fewest trials of a new subject for adaptation: a mean over fewer describes these trials rather
# than the subject. Empirical.
MIN_ADAPTATION_TRIALS = 5


class SubjectAdaptation:
    """Adaptation of a fitted model to a new subject, without source data."""

    alignment_: Alignment | None
    classes_: NDArray[Any]
    domains_: list[str]
    # whether trials of a target were seen, in `fit` or in adaptation
    has_seen_target_: bool
    # the fitted model and the last trials of `partial_adapt`, where the method is not incremental
    _recent: tuple[Self, RecentTrials] | None = None

    def adapt(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Adapt to a new subject without source data.

        The alignment learns the references of the subject's sessions. Depending on the method,
        batch normalisation or the classification head adapts, too, and labels are used where they
        are given (:attr:`uses_labels`). What an earlier call of this method or of
        :meth:`partial_adapt` has learned is replaced: of a subject with more trials than before,
        give all of them. References of sessions that are not given again are kept, and so are the
        weights of a :class:`~bci_dann.TTimeClassifier`, from which its training continues.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of the new subject (µV), in the order of recording.
        y : array-like, shape (n_trials,), optional
            Labels of these trials; NaN, None or ``""`` where a trial has none.

        Returns
        -------
        Self
            A new estimator; this one is not changed.

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
        return self.adapted(X, y)

    def adapted(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Return a copy that is adapted to all given trials of one subject.

        This is :meth:`adapt` without its checks and warnings.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials of the new subject (µV), in the order of recording.
        y : array-like, shape (n_trials,), optional
            As for :meth:`adapt`.

        Returns
        -------
        Self
            The copy; this estimator is not changed.
        """
        part = UnalignedTrials.unlabelled_target(read_for_learning(self, X))
        if y is not None:
            labels = encode_partial_labels(y, self.classes_, len(part.labels))
            part = replace(part, labels=labels)
        return self._adapted_to(part)

    def _adapted_to(self, part: UnalignedTrials) -> Self:
        with method_threads(self.trains_network):
            adapted = copy.deepcopy(self)
            adapted._reset_online_state()
            adapted.has_seen_target_ = True
            if adapted.alignment_ is not None:
                learned = extend_alignment(adapted.alignment_, adapted.domains_, [part])
                adapted.domains_ = learned
            if type(self).adapt_aligned is not SubjectAdaptation.adapt_aligned:
                adapted.adapt_aligned(align_and_concatenate([part], adapted.alignment_))
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
        """Adapt to the next trials of a new subject, after they have been predicted.

        Li et al. (2023), "T-TIME: test-time information maximization ensemble for plug-and-play
        BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, predict and adapt in this order. Each trial
        moves the references, and what :meth:`partial_adapt_aligned` learns, by one step, in
        constant time and memory. Where a user-defined method or alignment does not implement this
        (:attr:`is_incremental`), the fitted model is adapted to the last hundred trials instead.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            The next trials of the subject (µV), in the order of recording. One call with several
            trials is equivalent to one call for each.

        Returns
        -------
        Self
            A new estimator; this one is not changed. After saving and loading, adaptation can
            continue.

        Raises
        ------
        DataError
            When the trials are not of the kind that the model was fitted to, or have no signal.
            The model is then unchanged, and can adapt to the next trials.
        """
        check_is_fitted(self)
        part = UnalignedTrials.unlabelled_target(read_for_learning(self, X))
        if not self.is_incremental:
            return self._adapted_to_recent(part)
        adapted = self.copied()
        adapted.has_seen_target_ = True
        with method_threads(self.trains_network):
            for index in range(len(part.labels)):
                adapted._update_with_trial(part.single(index))
        return adapted

    @property
    def is_incremental(self) -> bool:
        """Whether :meth:`partial_adapt` moves the model by one step a trial.

        This takes :meth:`partial_adapt_aligned` in a subclass that implements
        :meth:`adapt_aligned`, and :meth:`~bci_dann.alignment.Alignment.update` in its alignment.
        """
        bases = [vars(base) for base in type(self).__mro__]
        batch, online = (
            next(index for index, base in enumerate(bases) if name in base)
            for name in ("adapt_aligned", "partial_adapt_aligned")
        )
        if online > batch:  # a subclass overrides `adapt_aligned` only
            return False
        return self.alignment_ is None or self.alignment_.is_incremental

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Learn from the next aligned trial of a new subject; a subclass may implement it.

        It must assign new attributes instead of changing objects in place, since the previous
        estimator shares them.

        Parameters
        ----------
        trials : TrainingTrials
            One trial without a label, aligned by the reference of the previous trials.
        """

    def copied(self) -> Self:
        """Return a shallow copy, which shares the fitted attributes; see :meth:`partial_adapt`."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def _update_with_trial(self, part: UnalignedTrials) -> None:
        """Learn from one trial, aligned as in its prediction, then update the alignment."""
        self.partial_adapt_aligned(align_and_concatenate([part], self.alignment_))
        if self.alignment_ is not None:
            domain = str(part.domains[0])
            with read_only_trials(self.alignment_, part.signals.X) as X:
                self.alignment_ = copy.copy(self.alignment_).update(X, domain)
            if domain not in self.domains_:
                self.domains_ = [*self.domains_, domain]

    def _adapted_to_recent(self, part: UnalignedTrials) -> Self:
        """Adapt the fitted model to the last trials, including new ones."""
        fitted, recent = (self, RecentTrials()) if self._recent is None else self._recent
        recent = recent.with_trials(part)
        enough = len(recent.X) >= MIN_ADAPTATION_TRIALS
        adapted = fitted._adapted_to(recent.as_part(part.signals)) if enough else self.copied()
        adapted._recent = (fitted, recent)
        return adapted

    def warn_if_unadapted(self, signals: Signals) -> None:
        """Warn where trials are aligned by a reference of other subjects.

        Parameters
        ----------
        signals : Signals
            Trials to be predicted. There is no warning for fewer than five, which are too few for
            adaptation.
        """
        if (
            self.alignment_ is None
            or self.has_seen_target_
            or len(signals.X) < MIN_ADAPTATION_TRIALS
        ):
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
        """Adapt to aligned trials of a new subject, in place; a subclass may implement it.

        Parameters
        ----------
        trials : TrainingTrials
            Trials of the target; without labels unless the method :attr:`uses_labels`.
        """

    @property
    def takes_rest(self) -> bool:
        """Whether the method learns references from the rest windows of the trials."""
        return False

    @property
    def trains_network(self) -> bool:
        """Whether ``fit`` trains a network."""
        return False

    @property
    def reads_covariances(self) -> bool | None:
        """Whether aligned trials must be covariances; None where a network takes any input."""
        if not self.trains_network:
            return False
        return models.reads_covariances(getattr(self, "backbone", None))

    def _reset_online_state(self) -> None:
        """Drop the state from which :meth:`partial_adapt` continues."""
        self._recent = None
