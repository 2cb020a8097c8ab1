"""Alignment in ``fit`` and ``adapt``: fitted to sources, extended by the target, applied."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment import Alignment
from bci_dann.alignment.interface import check_finite, checked_transform, read_only_trials
from bci_dann.data.screening.rest_signals import rest_mask
from bci_dann.estimators.inputs.array_checks import check_finite_samples
from bci_dann.estimators.inputs.seen_trials import trial_digests
from bci_dann.estimators.inputs.training_trials import TrainingTrials, UnalignedTrials
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

__all__ = [
    "align",
    "align_and_concatenate",
    "check_covariances",
    "extend_alignment",
    "fit_alignment",
    "with_own_domains",
]

# Prefix of domains of the sources that have the name of a domain of the target.
OF_SOURCES = "<source> "


def check_covariances(alignment: Alignment | None, expected: bool | None) -> None:
    """Raise where a method needs covariances and an alignment returns signals, or vice versa.

    Parameters
    ----------
    alignment : Alignment or None
        Not necessarily fitted.
    expected : bool or None
        Whether the method needs covariances; ``None`` if it accepts both.

    Raises
    ------
    ConfigError
        When they do not fit; the message gives a combination that does.
    """
    are_covariances = alignment is not None and alignment.returns_covariances
    if expected is None or expected == are_covariances:
        return
    if expected:
        raise ConfigError(
            "backbone 'SPDNet' needs covariances: set alignment='covariance', which replaces each "
            "trial by its re-centred covariance."
        )
    raise ConfigError(
        "this alignment replaces trials by covariances, and this method needs signals: set "
        "alignment='riemannian', or, in a network, backbone='SPDNet'."
    )


def with_own_domains(parts: Sequence[UnalignedTrials]) -> list[UnalignedTrials]:
    """Return parts in which no domain of the sources has the name of a domain of the target.

    Subjects of two datasets may have equal names, such as "1", and a session may be divided into
    sources and target. Trials of the sources would otherwise be aligned by the reference of the
    target.

    Parameters
    ----------
    parts : sequence of UnalignedTrials
        The sources, and parts of the target.

    Returns
    -------
    list of UnalignedTrials
        The same parts, with other names of such domains of the sources.
    """
    source, *targets = parts
    taken = {name for target in targets for name in np.unique(target.domains).tolist()}
    if taken.isdisjoint(source.domains.tolist()):
        return list(parts)
    names = [OF_SOURCES + name if name in taken else name for name in source.domains.tolist()]
    return [replace(source, signals=replace(source.signals, domains=np.array(names))), *targets]


def fit_alignment(alignment: Alignment, source: UnalignedTrials) -> list[str]:
    """Fit an alignment to the source domains.

    Parameters
    ----------
    alignment : Alignment
        Fitted in place.
    source : UnalignedTrials
        The source trials.

    Returns
    -------
    list of str
        The domains, in the order in which they were learned.

    Raises
    ------
    DataError
        When the alignment needs rest windows, and a domain has none.
    """
    domains = np.unique(source.domains).tolist()
    if len(domains) == len(source.domains):
        warnings.warn(
            "every source trial is a domain of its own, and a trial that is aligned to itself "
            "holds no information: name the subject of each trial in `subjects`.",
            BCIDannWarning,
            stacklevel=4,
        )
    rest = _rest_of(alignment, [source])
    with read_only_trials(alignment, source.signals.X) as X:
        alignment.fit(X, source.domains, **rest)
    return domains


def extend_alignment(
    alignment: Alignment, learned: Sequence[str], targets: Sequence[UnalignedTrials]
) -> list[str]:
    """Extend an alignment by the target's domains, whose mean is then used for unseen domains.

    Parameters
    ----------
    alignment : Alignment
        Extended in place.
    learned : sequence of str
        The domains that it has already learned.
    targets : sequence of UnalignedTrials
        Trials of the target; may be empty.

    Returns
    -------
    list of str
        All domains, in the order in which they were learned.

    Raises
    ------
    DataError
        See :func:`fit_alignment`.
    """
    if not targets:
        return list(learned)
    domains = np.concatenate([target.domains for target in targets])
    X = np.concatenate([target.signals.X for target in targets])
    alignment.extend(X, domains, **_rest_of(alignment, targets))
    return [*learned, *(name for name in np.unique(domains).tolist() if name not in learned)]


def align(
    alignment: Alignment | None, X: NDArray[np.float32], domains: NDArray[np.str_] | None
) -> NDArray[np.float32]:
    """Return aligned trials.

    Parameters
    ----------
    alignment : Alignment or None
        Fitted; ``None`` leaves trials as they are.
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    domains : ndarray of str, shape (n_trials,), or None
        The domain of each trial.

    Returns
    -------
    ndarray, shape (n_trials, ...)
        Finite.

    Raises
    ------
    ConfigError
        When the alignment breaks its contract.
    """
    if alignment is None:
        return X
    return checked_transform(alignment, X, domains)


def align_and_concatenate(
    parts: Sequence[UnalignedTrials], alignment: Alignment | None
) -> TrainingTrials:
    """Align the trials of all parts, and concatenate them.

    Parameters
    ----------
    parts : sequence of UnalignedTrials
        At least one part.
    alignment : Alignment or None
        Fitted.

    Returns
    -------
    TrainingTrials
        In the order of ``parts``.
    """
    sizes = [len(part.labels) for part in parts]
    shape = parts[0].signals.X.shape[1:]
    shape = shape if alignment is None else alignment.shape_of(shape)
    X = np.empty((sum(sizes), *shape), dtype=np.float32)
    for part, end, size in zip(parts, np.cumsum(sizes), sizes, strict=True):
        _align_into(alignment, part, X[end - size : end])
    return TrainingTrials(
        X=X,
        labels=np.concatenate([part.labels for part in parts]),
        subjects=np.concatenate([part.subjects for part in parts]),
        domains=np.concatenate([part.domains for part in parts]),
        is_target=np.repeat([part.is_target for part in parts], sizes),
        digests=np.concatenate([_digests(part) for part in parts]),
    )


def _rest_of(alignment: Alignment, parts: Sequence[UnalignedTrials]) -> dict[str, Any]:
    """Return the rest windows as keyword arguments, where the alignment needs them."""
    if not alignment.takes_rest:
        return {}
    if any(part.signals.rest is None for part in parts):
        raise DataError(
            "the reference of each domain is the mean of its rest windows, but these trials have "
            "none, like all arrays and epochs. Give EEGTrials, as load_dataset(..., "
            "preprocessing={'rest_window': [-2.5, -0.5]}) returns them, or a recording to a saved "
            "model; or take reference='trials'."
        )
    rest = np.concatenate([np.asarray(part.signals.rest) for part in parts])
    domains, present = np.concatenate([part.domains for part in parts]), rest_mask(rest)
    without = sorted(set(domains.tolist()) - set(domains[present].tolist()))
    if without:
        raise DataError(
            f"none of the {np.isin(domains, without).sum()} trials of {', '.join(without)} has a "
            "rest window: give more trials, set preprocessing `rest_window` to a time between the "
            "trials, or take reference='trials'."
        )
    check_finite_samples(rest[present], parts[0].signals.ch_names)
    return {"rest": rest[present], "rest_domains": domains[present]}


def _digests(part: UnalignedTrials) -> NDArray[np.uint64]:
    """Return digests of target trials, which may later be predicted; zeros for source trials."""
    if part.is_target:
        return trial_digests(part.signals.X)
    return np.zeros(len(part.labels), dtype=np.uint64)


def _align_into(
    alignment: Alignment | None, part: UnalignedTrials, out: NDArray[np.float32]
) -> None:
    if alignment is None:
        out[:] = part.signals.X
        return
    alignment.transform_into(part.signals.X, part.domains, out)
    check_finite(alignment, out)
