"""A folder of recordings as a MOABB motor-imagery dataset."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne
from moabb.datasets.base import BaseDataset

from bci_dann._config import validate
from bci_dann._validation import did_you_mean
from bci_dann.data.montages import standard_montage
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.bad_channels import check_alike
from bci_dann.data.recordings.channel_account import ChannelAccount
from bci_dann.data.recordings.channels import check_channel_keys
from bci_dann.data.recordings.discovery import RecordingFile, find_recordings, numbered_names
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.reading import open_with_account, read_with_account
from bci_dann.data.segmentation import check_recording
from bci_dann.data.subset import Subset
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Recordings", "RecordingsLayout"]


class Recordings(BaseDataset):
    """Motor-imagery recordings in a folder, for use as any other MOABB dataset.

    Files are found when the dataset is built, and read when a subject is loaded.
    Subjects have the names that their paths give them. MOABB requires names of sessions and
    runs that start with a unique whole number: other names get the next free number
    in front of their letters and digits (``"Test4"`` beside ``"002"`` to
    ``"004"`` is ``"5Test4"``). Runs in which no event occurs are left out.

    Parameters
    ----------
    folder : path
        The folder of the recordings.
    layout : RecordingsLayout or mapping
        The names of the files, and the meaning of their events.
    code : str
        A name for results and plots: letters, digits and dashes.

    Raises
    ------
    ConfigError
        When the layout or the code cannot be used.
    DataError
        When the folder is missing or empty, or no file fits.

    See Also
    --------
    RecordingsLayout : The names of the files, and their events.
    load_dataset : Trials of a folder, by ``"Recordings"``.

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

    # The path of this class in version 0.1.0, which is part of the cache keys since then.
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
        self._files = _arranged(found)
        self._keys_checked = False
        self._warned: set[str] = set()
        super().__init__(
            subjects=list(self._files),
            sessions_per_subject=min(len(sessions) for sessions in self._files.values()),
            events={name: number for number, name in enumerate(layout.classes, start=1)},
            code=code,
            interval=list(layout.interval),
            paradigm="imagery",
        )

    def recording_path(self, subject: str, session: str, run: str) -> Path:
        """Return the path of a recording.

        Parameters
        ----------
        subject, session, run : str
            The names that the dataset gives them.

        Returns
        -------
        pathlib.Path
            Relative to the folder.

        Raises
        ------
        KeyError
            When there is no such recording.
        """
        return self._files[subject][session][run].relative_to(self.folder)

    def data_path(self, subject: str, *_args: Any, **_kwargs: Any) -> list[str]:
        """Return the paths of a subject's recordings, as MOABB requires.

        Parameters
        ----------
        subject : str
            A member of ``subject_list``.
        *_args : object
            MOABB's further arguments are for downloads, and ignored.
        **_kwargs : object
            The same.

        Returns
        -------
        list of str
            In the order of sessions and runs.
        """
        return [str(path) for runs in self._files[subject].values() for path in runs.values()]

    def fingerprint(self) -> dict[str, Any]:
        """Return what determines the signals, for the keys of the cache.

        Returns
        -------
        dict
            The layout, and the name, size and time of modification of each file.
        """
        files = sorted({file for path in self._paths() for file in self._companions(path)})
        described = [
            (file.relative_to(self.folder).as_posix(), file.stat().st_size, file.stat().st_mtime_ns)
            for file in files
        ]
        return {"layout": self.layout.model_dump(mode="json"), "files": described}

    def check(self) -> None:
        """Open every recording and check its length, channels and events.

        Raises
        ------
        DataError
            When a file is truncated or unreadable, its channels differ from those of the
            first, or an event of the layout occurs in no file.
        ConfigError
            When MNE has no such montage, or ``drop``, ``rename`` or ``extra_channels`` names a
            channel that is in no file.

        Warns
        -----
        BCIDannWarning
            When channels are left out, or their names are matched to those of electrodes.
        """
        if self.layout.montage is not None:
            standard_montage(self.layout.montage)
        descriptions: set[str] = set()
        accounts: list[ChannelAccount] = []
        for path in self._paths():
            raw, account = self._open(path)
            accounts.append(account)
            descriptions |= set(raw.annotations.description)
        check_channel_keys(self.layout, accounts)
        self._keys_checked = True
        for account in accounts:
            self._check_channels(account)
            self._warn(account)
        self._check_events(descriptions, self.layout.events, "any recording")

    def channel_account(self) -> pd.DataFrame:
        """Return what becomes of each channel of each file.

        Returns
        -------
        pandas.DataFrame
            One row a channel: ``file``, ``channel``, ``type``, ``used_as`` (empty where it is left
            out) and ``reason``.

        Raises
        ------
        DataError
            When a file cannot be opened.
        """
        import pandas as pd

        frames = [
            self._open(path)[1].frame().assign(file=self._name(path)) for path in self._paths()
        ]
        return pd.concat(frames, ignore_index=True)

    def check_fits(self, preprocessing: Preprocessing, subset: Subset) -> None:
        """Check recordings against preprocessing steps without reading their samples.

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
            When a frequency or the window does not fit a recording.
        """
        rates: dict[float, Path] = {}
        bads: dict[Path, list[str]] = {}
        for path, raw in self._selected(subset):
            try:
                check_recording(raw, self, preprocessing)
            except (DataError, ConfigError) as error:
                raise type(error)(f"{path}: {error}") from error
            rates.setdefault(raw.info["sfreq"], path)
            bads[path] = [name for name in raw.info["bads"] if name in self._channels]
        if preprocessing.resample is None and len(rates) > 1:
            listed = " and ".join(f"{rate:g} Hz ({path})" for rate, path in rates.items())
            raise DataError(
                f"the recordings have different sampling frequencies, {listed}. "
                "Set preprocessing `resample` to a common one."
            )
        if preprocessing.channels is None and preprocessing.bads == "leave_out":
            check_alike(bads)

    def _get_single_subject_data(self, subject: str) -> dict[str, dict[str, mne.io.BaseRaw]]:
        sessions = {
            session: {run: self._read(path) for run, path in runs.items()}
            for session, runs in self._files[subject].items()
        }
        with_trials = {
            session: {run: raw for run, raw in runs.items() if self._has_classes(raw)}
            for session, runs in sessions.items()
        }
        if not any(with_trials.values()):
            self._raise_on_missing_events(subject)
        return {session: runs for session, runs in with_trials.items() if runs}

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _layout_of(self, path: Path) -> RecordingsLayout:
        return self.layout.for_recording(self._runs[path], self._name(path))

    def _open(self, path: Path) -> tuple[mne.io.BaseRaw, ChannelAccount]:
        return open_with_account(path, self._layout_of(path))

    def _read(self, path: Path) -> mne.io.BaseRaw:
        raw, account = read_with_account(path, self._layout_of(path))
        self._check_channel_keys(account)
        self._check_channels(account)
        self._warn(account)
        others = [name for name in raw.ch_names if name not in self._channels]
        return raw.reorder_channels([*self._channels, *others])

    def _check_channel_keys(self, account: ChannelAccount) -> None:
        """Check keys where nobody has called `check`, opening all files only if one lacks them."""
        if self._keys_checked:
            return
        try:
            check_channel_keys(self.layout, [account])
        except ConfigError:
            check_channel_keys(self.layout, [self._open(path)[1] for path in self._paths()])
            self._keys_checked = True

    def _warn(self, account: ChannelAccount) -> None:
        """Warn once of what is the same in many files."""
        for note in account.notes():
            if note not in self._warned:
                self._warned.add(note)
                warnings.warn(f"{account.file}: {note}", BCIDannWarning, stacklevel=3)

    def _has_classes(self, raw: mne.io.BaseRaw) -> bool:
        return not set(self.layout.classes).isdisjoint(raw.annotations.description)

    @cached_property
    def _channels(self) -> list[str]:
        """The channels of the first recording, which all others must have."""
        return self._open(next(iter(self._paths())))[1].used

    def _selected(self, subset: Subset) -> Iterator[tuple[Path, mne.io.BaseRaw]]:
        """Open the recordings of a subset in which events occur."""
        for subject in subset.subjects:
            sessions = {
                session: list(self._open_with_events(runs.values()))
                for session, runs in self._files[subject].items()
            }
            with_events = [session for session, recordings in sessions.items() if recordings]
            for session in subset.sessions_of(with_events):
                yield from sessions[session]

    def _open_with_events(self, paths: Iterable[Path]) -> Iterator[tuple[Path, mne.io.BaseRaw]]:
        for path in paths:
            raw, _ = self._open(path)
            if not set(self._layout_of(path).events).isdisjoint(raw.annotations.description):
                yield path, raw

    def _check_channels(self, account: ChannelAccount) -> None:
        missing = [name for name in self._channels if name not in account.used]
        extra = [name for name in account.used if name not in self._channels]
        if missing or extra:
            raise DataError(
                f"{account.file}: the channels differ from those of {next(iter(self._paths()))}: "
                f"missing {missing or 'none'}, extra {extra or 'none'}. Leave channels that "
                "are not in every file out with `drop`, or give them one name with `rename`."
            )

    def _raise_on_missing_events(self, subject: str) -> None:
        paths = [path for runs in self._files[subject].values() for path in runs.values()]
        descriptions = {
            name for path in paths for name in self._open(path)[0].annotations.description
        }
        where = f"the recordings of subject {subject}"
        self._check_events(descriptions, list(self.layout.events)[:1], where)

    def _check_events(self, descriptions: set[str], events: Iterable[str], where: str) -> None:
        for name in events:
            if name not in descriptions:
                raise DataError(
                    f"{self.folder}: the event {name!r} does not occur in {where}."
                    f"{did_you_mean(name, descriptions)} "
                    f"There are {', '.join(sorted(descriptions)) or 'no annotations at all'}."
                )

    def _paths(self) -> Iterable[Path]:
        for sessions in self._files.values():
            for runs in sessions.values():
                yield from runs.values()

    def _companions(self, path: Path) -> list[Path]:
        """Return a recording and the files that belong to it, such as markers and samples."""
        pattern = "*" if self.layout.format == "bids" else f"{path.stem}.*"
        return [file for file in path.parent.glob(pattern) if file.is_file()]


def _arranged(recordings: list[RecordingFile]) -> dict[str, dict[str, dict[str, Path]]]:
    """Arrange paths by subject, session and run, under names that MOABB accepts."""
    arranged: dict[str, dict[str, dict[str, Path]]] = {}
    for subject in dict.fromkeys(one.subject for one in recordings):
        of_subject = [one for one in recordings if one.subject == subject]
        sessions = numbered_names(one.session for one in of_subject)
        arranged[subject] = {
            name: _runs([one for one in of_subject if one.session == session])
            for session, name in sessions.items()
        }
    return arranged


def _runs(recordings: list[RecordingFile]) -> dict[str, Path]:
    names = numbered_names(one.run for one in recordings)
    paths = {one.run: one.path for one in recordings}
    return {name: paths[run] for run, name in names.items()}
