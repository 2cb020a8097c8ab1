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
from bci_dann.estimators.inputs.recent_trials import RecentTrials
from bci_dann.estimators.inputs.signals import Signals
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
    # the model that was fitted, and the last trials that were handed over, where it cannot follow
    _recent: tuple[Self, RecentTrials] | None = None

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
        return self.adapted(X, y)

    def adapted(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Return a copy that is adapted to all given trials of one subject.

        :meth:`adapt` calls it.

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
        return self._adapted_to(part)

    def _adapted_to(self, part: Part) -> Self:
        adapted = copy.deepcopy(self)
        adapted._forget_passed()
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
        BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, adapt in this order. References, and what a
        method learns in :meth:`follow_aligned`, move by one step a trial, in constant time and
        memory. A method or an alignment of one's own that cannot do so (:attr:`follows`) is adapted
        as it was fitted to the last hundred trials.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            The next trials of the subject (µV), in the order of recording. Several at a time are
            the same as one after another.

        Returns
        -------
        Self
            A new estimator; this one stays as it is. Once saved and loaded, it goes on from there.

        Raises
        ------
        DataError
            When the trials are not of the kind that the model was fitted to, or hold no signal.
            They then count as not handed over, and the next ones may follow.
        """
        check_is_fitted(self)
        part = Part.unlabelled(read_for_learning(self, X))
        if not self.follows:
            return self._adapted_to_recent(part)
        followed = self.copied()
        followed.met_target_ = True
        with method_threads(self.trains_network):
            for index in range(len(part.labels)):
                followed._follow(part.single(index))
        return followed

    @property
    def follows(self) -> bool:
        """Whether :meth:`partial_adapt` moves the model by one step a trial.

        A subclass that implements :meth:`adapt_aligned` must implement :meth:`follow_aligned`, too;
        and so must its alignment :meth:`~bci_dann.alignment.Alignment.follow`.
        """
        names = [set(vars(base)) for base in type(self).__mro__]
        adapts, follows = (
            next(place for place, own in enumerate(names) if name in own)
            for name in ("adapt_aligned", "follow_aligned")
        )
        return follows <= adapts and (self.alignment_ is None or self.alignment_.follows)

    def follow_aligned(self, trials: TrainingTrials) -> None:
        """Learn from the next aligned trial of a new subject; a subclass may implement it.

        It sets attributes anew, and leaves what they hold in place: the estimator before shares it.

        Parameters
        ----------
        trials : TrainingTrials
            One trial without label, aligned by the reference before it.
        """

    def copied(self) -> Self:
        """Return a copy that shares everything that was learned; see :meth:`partial_adapt`."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def _follow(self, part: Part) -> None:
        """Learn from one trial, as it was predicted: by the reference before it."""
        self.follow_aligned(join([part], self.alignment_))
        if self.alignment_ is not None:
            domain = str(part.domains[0])
            self.alignment_ = copy.copy(self.alignment_).follow(part.signals.X, domain)
            if domain not in self.domains_:
                self.domains_ = [*self.domains_, domain]

    def _adapted_to_recent(self, part: Part) -> Self:
        """Adapt the model that was fitted to the last trials."""
        fitted, recent = (self, RecentTrials()) if self._recent is None else self._recent
        recent = recent.followed_by(part)
        enough = len(recent.X) >= MIN_PASSED
        adapted = fitted._adapted_to(recent.as_part(part.signals)) if enough else self.copied()
        adapted._recent = (fitted, recent)
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
        """Drop what :meth:`partial_adapt` goes on from."""
        self._recent = None
