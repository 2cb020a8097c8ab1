"""A folder of recordings as a MOABB motor-imagery dataset."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mne
import pandas as pd
from moabb.datasets.base import BaseDataset

from bci_dann._config import validate
from bci_dann.data.channels.channel_account import ChannelAccount
from bci_dann.data.channels.channel_selection import check_alike
from bci_dann.data.channels.recorded_reference import warn_of_different_references
from bci_dann.data.montages import standard_montage
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.channel_checks import ChannelChecks
from bci_dann.data.recordings.companions import bids_sidecars, files_read
from bci_dann.data.recordings.content_digest import content_digest
from bci_dann.data.recordings.discovery import arranged, find_recordings
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.path_pattern import plain_text
from bci_dann.data.recordings.reading import CuedRecording, open_recording, read_recording
from bci_dann.data.screening.cues import account_of
from bci_dann.data.screening.event_spelling import check_events_occur, warn_of_other_spellings
from bci_dann.data.segmentation import check_recording, same_sfreq
from bci_dann.data.subset import Subset
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["Recordings", "RecordingsLayout"]


class Recordings(BaseDataset):
    """Motor-imagery recordings in a folder, as a MOABB dataset.

    Files are found when the dataset is created, and read when a subject is loaded.
    Names of subjects are taken from the paths. MOABB requires names of sessions and
    runs that start with a unique integer: other names are prefixed with the next free number
    (``"Test4"`` becomes ``"5Test4"`` if the others are ``"002"`` to
    ``"004"``). Runs without any of the events are left out.

    Parameters
    ----------
    folder : path
        The folder of the recordings.
    layout : RecordingsLayout or mapping
        The pattern of the paths, and the classes of the events.
    code : str
        Name in results and plots: letters, digits and dashes.

    Raises
    ------
    ConfigError
        When the layout or the code cannot be used.
    DataError
        When the folder is missing or empty, or no file matches.

    See Also
    --------
    RecordingsLayout : The pattern of the paths, and the events.
    load_dataset : Loads trials of a folder with the name ``"Recordings"``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import mne
    >>> import numpy as np
    >>> from bci_dann.data import Recordings
    >>> noise = np.random.default_rng(0).normal(0, 1e-5, (2, 1280))  # volt, as MNE has it
    >>> raw = mne.io.RawArray(noise, mne.create_info(["C3", "C4"], 128.0, "eeg"), verbose="error")
    >>> raw = raw.set_annotations(mne.Annotations([1, 5], 0, ["left", "right"]))
    >>> layout = {"pattern": "s{subject}_raw.fif", "events": {"left": "left_hand"}}
    >>> with TemporaryDirectory() as folder:
    ...     files = raw.save(Path(folder) / "s07_raw.fif", verbose="error")
    ...     print(Recordings(folder, layout).subject_list)
    ['07']
    """

    # Part of the cache keys: the path of this class in version 0.1.0.
    fingerprint_class = "bci_dann.data.recordings.Recordings"

    def __init__(
        self,
        folder: Path | str,
        layout: RecordingsLayout | Mapping[str, Any],
        code: str = "Recordings",
    ) -> None:
        if not re.fullmatch(r"[a-zA-Z0-9\-]+", code):
            raise ConfigError(f"code may have letters, digits and dashes only; got {code!r}.")
        if not isinstance(layout, RecordingsLayout):
            layout = validate(RecordingsLayout, layout, "recordings")
        self.folder = Path(folder).expanduser()
        self.layout = layout
        found = find_recordings(self.folder, layout)
        self._runs = {one.path: one.run for one in found}
        layout.check_recordings({self._name(path): run for path, run in self._runs.items()})
        self._files = arranged(found, layout.session_order)
        self._checks = ChannelChecks(layout, self._channel_accounts)
        self._cues: dict[Path, pd.DataFrame] = {}
        super().__init__(
            subjects=list(self._files),
            sessions_per_subject=min(len(sessions) for sessions in self._files.values()),
            events={name: number for number, name in enumerate(layout.classes, start=1)},
            code=code,
            interval=list(layout.interval),
            paradigm="imagery",
        )

    @property
    def session_names(self) -> list[str]:  # numpydoc ignore=RT01
        """The names of the sessions of all subjects."""
        return list(dict.fromkeys(name for sessions in self._files.values() for name in sessions))

    def recording_path(self, subject: str, session: str, run: str) -> Path:
        """Return the path of a recording.

        Parameters
        ----------
        subject, session, run : str
            Names of the dataset.

        Returns
        -------
        pathlib.Path
            Path relative to the folder.

        Raises
        ------
        KeyError
            When there is no such recording.
        """
        return self._files[subject][session][run].relative_to(self.folder)

    def cues(self, subject: str, session: str, run: str) -> pd.DataFrame:
        """Return all cues of a loaded recording, including rejected ones.

        Parameters
        ----------
        subject, session, run : str
            Names of the dataset.

        Returns
        -------
        pandas.DataFrame
            See :func:`bci_dann.data.screening.cues.cue_table`.

        Raises
        ------
        KeyError
            When there is no such recording, or it has not been loaded.
        """
        return self._cues[self._files[subject][session][run]]

    def data_path(self, subject: str, *_args: Any, **_kwargs: Any) -> list[str]:
        """Return the paths of a subject's recordings, as MOABB requires.

        Parameters
        ----------
        subject : str
            A member of ``subject_list``.
        *_args, **_kwargs : object
            MOABB's arguments for downloads; ignored.

        Returns
        -------
        list of str
            Paths in the order of sessions and runs.
        """
        return [str(path) for name, *_, path in self._all() if name == subject]

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that determines the signals, for the keys of the cache.

        Returns
        -------
        dict
            The layout, and the name, size and digest of each file that is read. The fingerprint
            does not depend on the location and the times of the files.
        """
        files = {file for path in self._paths() for file in self._files_read(path)}
        described = [
            (self._relative(file), file.stat().st_size, content_digest(file)) for file in files
        ]
        return {"layout": self.layout.model_dump(mode="json"), "files": sorted(described)}

    def check(self) -> None:
        """Open every recording and check its length, channels and events.

        Raises
        ------
        DataError
            When a file is truncated or unreadable, its channels differ from those of the
            first, or an event of the layout occurs in no file.
        ConfigError
            When the montage is unknown, or ``drop``, ``rename`` or ``extra_channels`` contains a
            channel that no file has.

        Warns
        -----
        BCIDannWarning
            When channels are left out or renamed, or an event has another spelling in a file.
        """
        if self.layout.montage is not None:
            standard_montage(self.layout.montage)
        found: dict[str, dict[str, int]] = {}
        accounts: list[ChannelAccount] = []
        for path in self._paths():
            recording = self._open(path)
            accounts.append(recording.channels)
            found[self._name(path)] = recording.events
        self._checks.check_all(accounts)
        check_events_occur(found.values(), self.layout.events, self.folder, "any recording")
        warn_of_other_spellings(found, self.layout.events)

    def channel_account(self) -> pd.DataFrame:
        """Return how each channel of each file is used.

        Returns
        -------
        pandas.DataFrame
            One row per channel: ``file``, ``channel``, ``type``, ``used_as`` (empty if it is left
            out) and ``reason``.

        Raises
        ------
        DataError
            When a file cannot be opened.
        """
        frames = [
            account.frame().assign(file=self._name(path))
            for path, account in zip(self._paths(), self._channel_accounts(), strict=True)
        ]
        return pd.concat(frames, ignore_index=True)

    def check_fits(self, preprocessing: Preprocessing, subset: Subset) -> None:
        """Check that preprocessing can be applied to the recordings, without reading samples.

        Parameters
        ----------
        preprocessing : Preprocessing
            The steps.
        subset : Subset
            The subjects and sessions to check.

        Raises
        ------
        DataError
            When a channel is missing, or sampling frequencies differ and ``resample`` is not set.
        ConfigError
            When a frequency is too high or the window too long for a recording.

        Warns
        -----
        BCIDannWarning
            When some recordings were re-referenced in MNE, and ``reference`` is not set.
        """
        rates: dict[float, Path] = {}
        bads: dict[Path, list[str]] = {}
        infos: dict[str, mne.Info] = {}
        for path, recording in self._selected(subset):
            raw = recording.raw
            try:
                check_recording(raw, self, preprocessing)
            except (DataError, ConfigError) as error:
                raise type(error)(f"{path}: {error}") from error
            bads[path] = [name for name in raw.info["bads"] if name in self._checks.channels]
            infos[self._name(path)] = raw.info
            if not any(same_sfreq(raw.info["sfreq"], rate) for rate in rates):
                rates[raw.info["sfreq"]] = path
        if preprocessing.resample is None and len(rates) > 1:
            listed = " and ".join(f"{rate:.10g} Hz ({path})" for rate, path in rates.items())
            raise DataError(
                f"the recordings have different sampling frequencies, {listed}. "
                "Set preprocessing `resample` to a common one."
            )
        if preprocessing.channels is None and preprocessing.bads == "leave_out":
            check_alike(bads)
        if preprocessing.reference is None:
            warn_of_different_references(infos)

    def planned_account(self, subset: Subset) -> pd.DataFrame:
        """Count the cues of the recordings of a subset without reading their samples.

        Parameters
        ----------
        subset : Subset
            The subjects, sessions and classes.

        Returns
        -------
        pandas.DataFrame
            See ``EEGTrials.account``; without rejection of trials by their signals.
        """
        places = {path: place for *place, path in self._all()}
        recordings = []
        for path, one in self._selected(subset):
            place = dict(zip(("subject", "session", "run"), places[path], strict=True))
            wanted = one.cues[one.cues["label"].isin(subset.classes)]
            recordings.append(({"file": self._name(path), **place}, wanted))
        return account_of(recordings)

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """Return recordings, as in other MOABB datasets.

        Parameters
        ----------
        *args : object
            Arguments of MOABB's method.
        **kwargs : object
            Keyword arguments of MOABB's method.

        Returns
        -------
        dict of dict
            Recordings by subject, session and run.
        """
        with warnings.catch_warnings():  # the account lists tasks that extend beyond the end
            warnings.filterwarnings("ignore", r"(Limited|Omitted) \d+ annot", RuntimeWarning)
            return super().get_data(*args, **kwargs)

    def _get_single_subject_data(self, subject: str) -> dict[str, dict[str, mne.io.BaseRaw]]:
        sessions = {
            session: {run: self._read(path) for run, path in runs.items()}
            for session, runs in self._files[subject].items()
        }
        with_trials = {
            session: {run: one.raw for run, one in runs.items() if len(one.cues)}
            for session, runs in sessions.items()
        }
        if not any(with_trials.values()):
            self._check_first_event_of(subject)
        return {session: runs for session, runs in with_trials.items() if runs}

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _layout_of(self, path: Path) -> RecordingsLayout:
        return self.layout.for_recording(self._runs[path], self._name(path))

    def _channel_accounts(self) -> Iterator[ChannelAccount]:
        for path in self._paths():
            yield self._open(path).channels

    def _open(self, path: Path) -> CuedRecording:
        return open_recording(path, self._layout_of(path))

    def _read(self, path: Path) -> CuedRecording:
        recording = read_recording(path, self._layout_of(path))
        self._checks.check(recording.channels)
        self._cues[path] = recording.cues
        channels = self._checks.channels
        others = [name for name in recording.raw.ch_names if name not in channels]
        return replace(recording, raw=recording.raw.reorder_channels([*channels, *others]))

    def _selected(self, subset: Subset) -> Iterator[tuple[Path, CuedRecording]]:
        """Open the recordings of a subset that contain events of the layout."""
        for subject in subset.subjects:
            sessions = {
                session: list(self._open_with_events(runs.values()))
                for session, runs in self._files[subject].items()
            }
            with_events = [session for session, recordings in sessions.items() if recordings]
            for session in subset.sessions_of(with_events):
                yield from sessions[session]

    def _open_with_events(self, paths: Iterable[Path]) -> Iterator[tuple[Path, CuedRecording]]:
        opened = ((path, self._open(path)) for path in paths)
        return ((path, recording) for path, recording in opened if len(recording.cues))

    def _check_first_event_of(self, subject: str) -> None:
        found = [self._open(path).events for name, *_, path in self._all() if name == subject]
        where = f"the recordings of subject {subject}"
        check_events_occur(found, list(self.layout.events)[:1], self.folder, where)

    def _all(self) -> Iterator[tuple[str, str, str, Path]]:
        """Return subject, session, run and path of each recording."""
        for subject, sessions in self._files.items():
            for session, runs in sessions.items():
                for run, path in runs.items():
                    yield subject, session, run, path

    def _paths(self) -> Iterable[Path]:
        return (path for *_, path in self._all())

    def _files_read(self, path: Path) -> list[Path]:
        """Return a recording and its companion files, such as markers and samples."""
        in_bids = self.layout.format == "bids"
        return [*files_read(path), *(bids_sidecars(path, self.folder) if in_bids else ())]

    def _relative(self, file: Path) -> str:
        """Return a relative path; a file named by a header may be outside the folder."""
        return plain_text(Path(os.path.relpath(file, self.folder)).as_posix())
