"""Examination of the recordings of a dataset: cues, amplitudes, spectra and problems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bci_dann.data.datasets import DataConfig, make_dataset
from bci_dann.data.extraction import (
    Accounts,
    ExtractedRecording,
    check_subject,
    extract_recordings,
    with_progress,
)
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.screening.cues import account_of
from bci_dann.data.screening.dataset_checks import RecordingComparison
from bci_dann.data.subset import Subset, resolve_subset
from bci_dann.exceptions import BCIDannError, ConfigError, DataError

if TYPE_CHECKING:
    import mne
    from moabb.datasets.base import BaseDataset

    from bci_dann.data.trials import EEGTrials

__all__ = ["Examination", "ExaminedRecording", "examine_recordings"]

# Length of the segments for spectra (s), for a resolution of 0.5 Hz, and frequency range (Hz), from
# slow drifts to above the mains frequency.
SPECTRUM_STRETCH_S = 2.0
SPECTRUM_BAND = (1.0, 100.0)
# Frequency band for amplitudes (Hz), without drifts and mains interference.
AMPLITUDE_BAND = (4.0, 40.0)


@dataclass(frozen=True)
class ExaminedRecording:  # numpydoc ignore=PR02
    """Cues, amplitudes and spectrum of a recording.

    Parameters
    ----------
    place : dict of str to str
        Its ``file``, ``subject``, ``session`` and ``run``.
    duration_s : float
        Its length (s).
    sfreq : float
        Sampling frequency (Hz).
    amplitude_uv : pandas.Series
        Root mean square of each channel from 4 to 40 Hz (µV).
    spectrum : pandas.Series
        Median power spectral density over channels (µV²/Hz) by frequency (Hz).
    cues : pandas.DataFrame
        All cues, with ``onset`` (s), ``event``, ``label`` and ``left_out``.
    """

    place: dict[str, str]
    duration_s: float
    sfreq: float
    amplitude_uv: pd.Series[float]
    spectrum: pd.Series[float]
    cues: pd.DataFrame

    @property
    def name(self) -> str:  # numpydoc ignore=RT01
        """The file; without files, subject, session and run."""
        subject, session, run = (self.place[key] for key in ("subject", "session", "run"))
        return self.place["file"] or f"{subject}/{session}/{run}"


@dataclass(frozen=True)
class Examination:  # numpydoc ignore=PR02
    """The recordings of a dataset, and the reasons why some cannot be used.

    Parameters
    ----------
    recordings : list of ExaminedRecording
        The recordings that can be read.
    problems : list of str
        One message for each subject, or pair of recordings, that cannot be used; without these,
        one message if an event of the configuration occurs in no recording.
    channels : pandas.DataFrame or None
        For a folder of recordings, how each channel is used: ``file``, ``channel``, ``type``,
        ``used_as`` and ``reason``.

    See Also
    --------
    examine_recordings : Returns it.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, examine_recordings
    >>> config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 2, "n_trials": 5})
    >>> examine_recordings(config).problems
    []
    """

    recordings: list[ExaminedRecording] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    channels: pd.DataFrame | None = None

    @property
    def account(self) -> pd.DataFrame:  # numpydoc ignore=RT01
        """The numbers of found, used and rejected cues; see ``EEGTrials.account``."""
        return account_of([(one.place, one.cues) for one in self.recordings])


def examine_recordings(
    config: DataConfig,
    preprocessing: Preprocessing | None = None,
    data_dir: Path | str | None = None,
    progress: bool = False,
) -> Examination:
    """Read and examine all recordings of a configuration.

    Parameters
    ----------
    config : DataConfig
        The dataset, and the selected subjects, sessions and classes.
    preprocessing : Preprocessing or None
        The steps from recordings to trials.
    data_dir : path, or None
        The folder of the recordings; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Show a progress bar over subjects on the standard error stream.

    Returns
    -------
    Examination
        The recordings and problems. Subjects that cannot be used are listed as problems, and the
        others are examined.

    Raises
    ------
    ConfigError
        When the dataset does not have what the configuration requires.
    DataError
        When no file is found.

    See Also
    --------
    prepare_trials : Raises the problems as errors.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, examine_recordings
    >>> config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 2, "n_trials": 5})
    >>> examination = examine_recordings(config)
    >>> examination.account[["subject", "event", "found", "used"]]
      subject       event  found  used
    0       1   left_hand      5     5
    1       1  right_hand      5     5
    2       2   left_hand      5     5
    3       2  right_hand      5     5
    >>> float(examination.recordings[0].amplitude_uv["C3"].round(1)) > 0
    True
    """
    from bci_dann.data.preparation.subject_recordings import mne_data_folder

    dataset = make_dataset(config, data_dir)
    subset = resolve_subset(dataset, config)
    steps = preprocessing or Preprocessing()
    examination = Examination()
    examiner = _Examiner(dataset, subset, steps, examination)
    with mne_data_folder(data_dir):
        for subject in with_progress(subset.subjects, dataset.code, progress, "Examining"):
            examiner.examine(subject)
    between_files = _problems_between_files(dataset, examination, subset, steps)
    examination.problems.extend(between_files or examiner.problems_of_subjects())
    return replace(examination, channels=_channels(dataset))


def _problems_between_files(
    dataset: BaseDataset, examination: Examination, subset: Subset, steps: Preprocessing
) -> list[str]:
    """Return what `prepare_trials` refuses although each file alone can be used."""
    from bci_dann.data.recordings.folder import Recordings

    if examination.problems or not isinstance(dataset, Recordings):
        return []
    try:
        dataset.check()
        dataset.check_fits(steps, subset)
    except (DataError, ConfigError) as error:
        return [str(error)]
    return []


def _channels(dataset: BaseDataset) -> pd.DataFrame | None:
    from bci_dann.data.recordings.folder import Recordings

    try:
        return dataset.channel_account() if isinstance(dataset, Recordings) else None
    except BCIDannError:  # a file that cannot be opened is among the problems
        return None


class _Examiner:
    """Examines subjects one after another, and compares each with the previous ones."""

    def __init__(
        self, dataset: BaseDataset, subset: Subset, steps: Preprocessing, result: Examination
    ) -> None:
        self.dataset, self.subset, self.steps, self.result = dataset, subset, steps, result
        self.comparison = RecordingComparison()
        self.reference: EEGTrials | None = None
        self._accounts: dict[Any, Accounts] = {}

    def examine(self, subject: Any) -> None:
        recordings = extract_recordings(
            self.dataset, subject, self.subset, self.steps, self.reference
        )
        accounts: Accounts = []
        try:
            for one in recordings:
                accounts.append((one.provenance.place, one.cues))
                self._add(one)
            self._accounts[subject] = accounts
        except (DataError, ConfigError) as error:
            if str(error) not in self.result.problems:  # errors of the first file occur repeatedly
                self.result.problems.append(str(error))

    def problems_of_subjects(self) -> list[str]:
        """Return why subjects whose recordings can be used lack the trials that are needed."""
        problems = []
        for subject, accounts in self._accounts.items():
            if not any((cues["left_out"] == "").any() for _, cues in accounts):
                continue  # a problem of each recording
            try:
                check_subject(subject, accounts, self.subset, self.steps)
            except DataError as error:
                problems.append(str(error))
        return problems

    def _add(self, one: ExtractedRecording) -> None:
        self.result.recordings.append(_examined(one, self.dataset.unit_factor))
        if one.trials is None:
            self.result.problems.append(f"{one.provenance} has no usable trials.")
            return
        self.reference = self.reference or one.trials
        if not hasattr(self.dataset, "cues"):
            return
        try:
            self.comparison.add(str(one.provenance), one.trials, one.typical_uv)
        except BCIDannError as error:
            self.result.problems.append(str(error))


def _examined(one: ExtractedRecording, unit_factor: float) -> ExaminedRecording:
    spectra = _spectra(one.raw, unit_factor)
    low, high = AMPLITUDE_BAND
    inside = spectra.loc[low:high]
    width = float(np.diff(spectra.index[:2])[0]) if len(spectra) > 1 else 1.0
    sfreq = float(one.raw.info["sfreq"])
    return ExaminedRecording(
        place=one.provenance.place,
        duration_s=one.raw.n_times / sfreq,
        sfreq=sfreq,
        amplitude_uv=np.sqrt(inside.sum() * width),
        spectrum=spectra.median(axis=1),
        cues=one.cues.assign(onset=one.cues["sample"] / sfreq),
    )


def _spectra(raw: mne.io.BaseRaw, unit_factor: float) -> pd.DataFrame:
    """Return power spectral densities (µV²/Hz), one row per frequency, one column per channel."""
    import mne
    import scipy.signal

    picks = mne.pick_types(raw.info, eeg=True)
    n_stretch = int(SPECTRUM_STRETCH_S * raw.info["sfreq"])
    signals = raw.get_data(picks)[:, : raw.n_times // n_stretch * n_stretch] * unit_factor
    stretches = signals.reshape(len(picks), -1, n_stretch)
    frequencies = np.fft.rfftfreq(n_stretch, 1 / raw.info["sfreq"])
    inside = (frequencies >= SPECTRUM_BAND[0]) & (frequencies <= SPECTRUM_BAND[1])
    median = np.full((len(picks), len(frequencies)), np.nan)
    for row, of_channel in enumerate(stretches):
        whole = of_channel[np.isfinite(of_channel).all(axis=1)]
        if len(whole):
            power = scipy.signal.periodogram(
                whole, raw.info["sfreq"], window="hann", detrend="constant"
            )[1]
            median[row] = np.median(power, axis=0)
    median /= np.log(2)  # median of the exponential distribution of periodogram values
    names = [raw.ch_names[pick] for pick in picks]
    return pd.DataFrame(median[:, inside].T, index=frequencies[inside], columns=names)
