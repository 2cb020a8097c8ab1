"""Diagnosis of domain shift between subjects: distances, overlap and band power, without labels.

Each subject in turn is the target and all others are the sources, as in a benchmark with the
protocol ``train_and_target_unlabeled_full``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._validation import check_count
from bci_dann.evaluation.diagnosis.aligned_subjects import AlignedSubjects
from bci_dann.evaluation.runs.progress import step_by_step
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

if TYPE_CHECKING:
    import mne
    import pandas as pd

    from bci_dann.data import EEGTrials

__all__ = ["Diagnosis", "diagnose"]

# Default number of features of the domain classifier, as in ReweightedClassifier.
N_COMPONENTS = 10
# Channels with a peak-to-peak amplitude (µV) up to this have no signal; it is far below the
# resolution of any amplifier.
FLAT_UV = 1e-7


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Differences between subjects, as tables.

    Attributes
    ----------
    table : pandas.DataFrame
        One row for each ``subject`` as target and ``alignment`` (``"none"`` or its name):
        ``n_source``, ``n_target`` (trials); ``domain_auc``, ``a_distance`` (0 to 2), ``mmd2`` and
        its ``mmd_p``; ``source_error``, the share of source trials that the domain classifier
        assigns to the target (0 to 1); ``ess`` and ``ess_share``, the effective sample size of the
        weighted source trials, as a number of trials and as a share of all source trials;
        ``top_share``, the share of the total weight on the 1 % of source trials with the largest
        weights (0 to 1); ``distance``, from the subject's mean covariance to that of the others,
        and, for comparison, ``within_distance``, between the first and the second half of the
        subject's own trials (both log-Euclidean, in log units); ``overlap`` and ``advice``, a
        description in words. NaN if there are too few trials.
    distances : pandas.DataFrame
        Log-Euclidean distances between the subjects' mean covariances (log units):
        ``alignment``, ``subject`` and one column for each subject.
    session_distances : pandas.DataFrame
        The same for all sessions, named ``subject/session``.
    shifts : pandas.DataFrame
        One row for each subject, band and channel: ``subject``, ``band``, ``low_hz``,
        ``high_hz``, ``channel``, ``mean_shift`` (standard deviations) and ``variance_shift``
        (binary logarithm of a ratio); see :mod:`bci_dann.reweighting.band_power`. Computed
        without alignment, which mixes the channels.
    info : mne.Info
        The channels and their positions, for figures.

    See Also
    --------
    diagnose : Returns it.
    bci_dann.reporting.write_diagnosis : Writes tables and figures.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.evaluation import diagnose
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> result = diagnose(trials, alignments=[None], n_components=2)
    >>> sorted(result.shifts["band"].unique())
    ['beta', 'low gamma', 'mu', 'theta']
    """

    table: pd.DataFrame
    distances: pd.DataFrame
    session_distances: pd.DataFrame
    shifts: pd.DataFrame
    info: mne.Info


def diagnose(
    trials: EEGTrials,
    *,
    band: tuple[float, float] | None = None,
    alignments: Sequence[str | None] = (None, "euclidean", "riemannian"),
    n_components: int = N_COMPONENTS,
    random_state: Any = 0,
    progress: bool = False,
) -> Diagnosis:
    """Measure how much each subject differs from the others.

    Domains are compared by the features from which
    :class:`~bci_dann.estimators.ReweightedClassifier` computes source weights: covariances in the
    tangent space of the mean over all trials, standardised, and reduced by PCA. Distances between
    mean covariances are log-Euclidean [1]_.

    Parameters
    ----------
    trials : EEGTrials
        Trials of two or more subjects (µV). Labels, if there are any, are not used.
    band : tuple of (float, float), optional
        The pass band of the preprocessing (Hz), within which band power is compared; by default
        from 0 Hz to half the sampling frequency.
    alignments : sequence of str or None
        Names in ``bci_dann.components.KINDS["alignment"]``, of alignments that return signals;
        ``None`` is no alignment.
    n_components : int
        Number of features by which domains are compared; at most the number of target trials.
    random_state : None, int or numpy random generator
        Seeds folds and permutations.
    progress : bool
        Whether to show progress on the standard error stream.

    Returns
    -------
    Diagnosis
        Tables with all subjects and alignments.

    Raises
    ------
    DataError
        When there is only one subject, or a sample is not finite.
    ConfigError
        When an alignment is unknown or returns covariances, or ``n_components`` is not a whole
        number above 0.

    See Also
    --------
    Diagnosis : Describes the tables.
    bci_dann.reporting.write_diagnosis : Writes them with figures.
    bci_dann.reweighting.maximum_mean_discrepancy : Computes one of the measures.

    References
    ----------
    .. [1] Arsigny, V., Fillard, P., Pennec, X. and Ayache, N. (2007). Geometric means in a novel
       vector space structure on symmetric positive-definite matrices. SIAM J. Matrix Anal. Appl.
       29(1), 328-347. doi:10.1137/050637996.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.evaluation import diagnose
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> result = diagnose(trials, alignments=["euclidean"], n_components=2)
    >>> result.table[["subject", "alignment", "overlap"]].shape
    (3, 3)
    """
    import pandas as pd

    check_count("n_components", n_components)
    _check_alignments(alignments)
    trials = _with_signal(trials.unlabelled())
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    if len(subjects) < 2:
        raise DataError(
            f"a diagnosis compares each subject with the others, so it needs at least two; got "
            f"{subjects}. Add subjects under `data`."
        )
    rows, distances, session_distances = [], [], []
    with step_by_step(len(alignments) * len(subjects), progress) as step:
        for alignment in alignments:
            name = alignment or "none"
            step(f"{name}: covariances", 0)
            aligned = AlignedSubjects(trials, alignment, n_components, random_state)
            distances.append(aligned.subject_distances())
            session_distances.append(aligned.session_distances())
            for subject in subjects:
                rows.append(aligned.row(subject))
                step(f"{name}: subject {subject}", 1)
    return Diagnosis(
        pd.DataFrame(rows),
        pd.concat(distances, ignore_index=True),
        pd.concat(session_distances, ignore_index=True),
        _shifts(trials, subjects, band),
        trials.info,
    )


def _check_alignments(alignments: Sequence[str | None]) -> None:
    from bci_dann.components import resolve

    for name in alignments:
        alignment = resolve("alignment", name)
        if alignment is not None and alignment.returns_covariances:
            raise ConfigError(
                f"a diagnosis computes covariances of signals, and the alignment {name!r} replaces "
                "signals by covariances: take 'riemannian'."
            )


def _with_signal(trials: EEGTrials) -> EEGTrials:
    """Leave out trials with a flat channel, because the logarithm of its power is undefined."""
    amplitude = np.stack([np.ptp(trial, axis=-1) for trial in trials.X])
    if not np.isfinite(amplitude).all():
        n_trials = int((~np.isfinite(amplitude).all(axis=1)).sum())
        raise DataError(
            f"{n_trials} of {len(amplitude)} trials have samples that are not finite (NaN or "
            "infinite): leave these trials out, or repair the recordings."
        )
    has_signal = np.asarray((amplitude > FLAT_UV).all(axis=1))
    if has_signal.all():
        return trials
    warnings.warn(
        f"{int((~has_signal).sum())} of {len(has_signal)} trials have a channel without signal and "
        "are left out of the diagnosis.",
        BCIDannWarning,
        stacklevel=3,
    )
    return trials[has_signal]


def _shifts(
    trials: EEGTrials, subjects: Sequence[str], band: tuple[float, float] | None
) -> pd.DataFrame:
    import pandas as pd

    from bci_dann.reweighting import band_power_shift, bands_within, log_band_power

    low, high = band or (0.0, trials.sfreq / 2)
    bands = bands_within(low, min(high, trials.sfreq / 2))
    power = log_band_power(trials.X, trials.sfreq, bands)
    tables = []
    for subject in subjects:
        is_target = trials.subjects == subject
        sources = trials.subjects[~is_target]
        shift = band_power_shift(power[~is_target], power[is_target], sources)
        for index, (name, edges) in enumerate(bands.items()):
            table = pd.DataFrame({"subject": subject, "band": name, "channel": trials.ch_names})
            table["low_hz"], table["high_hz"] = edges
            table["mean_shift"] = shift.mean[index]
            table["variance_shift"] = shift.variance[index]
            tables.append(table)
    return pd.concat(tables, ignore_index=True)
