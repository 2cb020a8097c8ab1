"""A folder of recordings as a MOABB dataset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mne
from moabb.datasets.base import BaseDataset

from bci_dann._config import validate
from bci_dann._validation import did_you_mean
from bci_dann.data.montages import standard_montage
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.discovery import Found, find_recordings, ordered_names
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.reading import open_recording, read_recording
from bci_dann.data.segmentation import check_recording
from bci_dann.data.subset import Subset
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["Recordings", "RecordingsLayout"]


class Recordings(BaseDataset):
    """Motor-imagery recordings in a folder, usable wherever a MOABB dataset is.

    Files are found when the dataset is built, and read subject by subject when asked for.
    Subjects keep the names that their paths give them. MOABB wants sessions and runs to
    start with a whole number of their own: names that do are kept, others get the next
    free number in front of their letters and digits (``"Test4"`` beside ``"002"`` to
    ``"004"`` is ``"5Test4"``). Runs in which no event occurs are left out.

    Parameters
    ----------
    folder : path
        Where the recordings are.
    layout : RecordingsLayout or mapping
        How they are named, and what their events mean.
    code : str
        A name for results and plots: letters, digits and dashes.

    Raises
    ------
    ConfigError
        When the layout or the code cannot be used.
    DataError
        When the folder is missing or empty, or no file fits.
    """

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
        self._files = _by_name(find_recordings(self.folder, layout))
        super().__init__(
            subjects=list(self._files),
            sessions_per_subject=min(len(sessions) for sessions in self._files.values()),
            events={name: number for number, name in enumerate(layout.classes, start=1)},
            code=code,
            interval=list(layout.interval),
            paradigm="imagery",
        )

    def file_of(self, subject: str, session: str, run: str) -> Path:
        """Return the path of a recording, relative to the folder."""
        return self._files[subject][session][run].relative_to(self.folder)

    def data_path(self, subject: str, *_: Any, **__: Any) -> list[str]:
        """Return the paths of a subject's recordings."""
        return [str(path) for runs in self._files[subject].values() for path in runs.values()]

    def fingerprint(self) -> dict[str, Any]:
        """Return the layout, and name, size and time of each file, for the cache."""
        files = sorted({file for path in self._paths() for file in self._beside(path)})
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
            When MNE has no such montage.
        """
        if self.layout.montage is not None:
            standard_montage(self.layout.montage)
        seen: set[str] = set()
        for path in self._paths():
            raw = open_recording(path, self.layout)
            self._check_channels(raw, path)
            seen |= set(raw.annotations.description)
        self._check_events(seen, self.layout.events, "any recording")

    def check_fits(self, preprocessing: Preprocessing, selection: Subset) -> None:
        """Check that recordings can be preprocessed, as far as that is told without samples.

        Parameters
        ----------
        preprocessing : Preprocessing
            The steps.
        selection : Subset
            Of which recordings.

        Raises
        ------
        DataError
            When a channel is missing, or sampling frequencies differ and are to stay.
        ConfigError
            When a frequency or the window does not fit a recording.
        """
        rates: dict[float, Path] = {}
        for path, raw in self._chosen(selection):
            try:
                check_recording(raw, self, preprocessing)
            except (DataError, ConfigError) as error:
                raise type(error)(f"{path}: {error}") from error
            rates.setdefault(raw.info["sfreq"], path)
        if preprocessing.resample is None and len(rates) > 1:
            rated = " and ".join(f"{rate:g} Hz ({file})" for rate, file in rates.items())
            raise DataError(
                f"the recordings have different sampling frequencies, {rated}. "
                "Set preprocessing `resample` to a common one."
            )

    def _get_single_subject_data(self, subject: str) -> dict[str, dict[str, mne.io.BaseRaw]]:
        sessions = {
            session: {run: self._read(path) for run, path in runs.items()}
            for session, runs in self._files[subject].items()
        }
        kept = {
            session: {run: raw for run, raw in runs.items() if self._has_events(raw)}
            for session, runs in sessions.items()
        }
        if not any(kept.values()):
            self._explain_missing_events(subject)
        return {session: runs for session, runs in kept.items() if runs}

    def _read(self, path: Path) -> mne.io.BaseRaw:
        raw = read_recording(path, self.layout)
        self._check_channels(raw, path)
        return raw.reorder_channels(self._channels())

    def _has_events(self, raw: mne.io.BaseRaw) -> bool:
        return not set(self.layout.classes).isdisjoint(raw.annotations.description)

    def _channels(self) -> list[str]:
        """Return the channels of the first recording, which all others must have."""
        if not hasattr(self, "_first_channels"):
            first = open_recording(next(iter(self._paths())), self.layout)
            self._first_channels = list(first.ch_names)
        return self._first_channels

    def _chosen(self, selection: Subset) -> Iterator[tuple[Path, mne.io.BaseRaw]]:
        """Open the recordings of a selection in which events occur."""
        for subject in selection.subjects:
            found: dict[str, list[tuple[Path, mne.io.BaseRaw]]] = {}
            for session, runs in self._files[subject].items():
                opened = [(path, open_recording(path, self.layout)) for path in runs.values()]
                found[session] = [one for one in opened if self._starts_trials(one[1])]
            kept = [session for session, runs in found.items() if runs]
            for session in selection.sessions_of(kept):
                yield from found[session]

    def _starts_trials(self, raw: mne.io.BaseRaw) -> bool:
        return not set(self.layout.events).isdisjoint(raw.annotations.description)

    def _check_channels(self, raw: mne.io.BaseRaw, path: Path) -> None:
        missing = [name for name in self._channels() if name not in raw.ch_names]
        extra = [name for name in raw.ch_names if name not in self._channels()]
        if missing or extra:
            raise DataError(
                f"{path}: the channels differ from those of {next(iter(self._paths()))}: "
                f"missing {missing or 'none'}, extra {extra or 'none'}. Leave channels that "
                "are not in every file out with `drop`, or give them one name with `rename`."
            )

    def _explain_missing_events(self, subject: str) -> None:
        paths = [path for runs in self._files[subject].values() for path in runs.values()]
        opened = [open_recording(path, self.layout) for path in paths]
        seen = {name for raw in opened for name in raw.annotations.description}
        self._check_events(seen, list(self.layout.events)[:1], f"the recordings of {subject}")

    def _check_events(self, seen: set[str], wanted: Iterable[str], where: str) -> None:
        for name in wanted:
            if name not in seen:
                raise DataError(
                    f"{self.folder}: the event {name!r} does not occur in {where}."
                    f"{did_you_mean(name, seen)} "
                    f"There are {', '.join(sorted(seen)) or 'no annotations at all'}."
                )

    def _paths(self) -> Iterable[Path]:
        for sessions in self._files.values():
            for runs in sessions.values():
                yield from runs.values()

    def _beside(self, path: Path) -> list[Path]:
        """Return a recording and the files that belong to it, such as markers and samples."""
        pattern = "*" if self.layout.format == "bids" else f"{path.stem}.*"
        return [file for file in path.parent.glob(pattern) if file.is_file()]


def _by_name(found: list[Found]) -> dict[str, dict[str, dict[str, Path]]]:
    """Arrange recordings by subject, session and run, under names that MOABB accepts."""
    arranged: dict[str, dict[str, dict[str, Path]]] = {}
    for subject in dict.fromkeys(one.subject for one in found):
        own = [one for one in found if one.subject == subject]
        sessions = ordered_names(one.session for one in own)
        arranged[subject] = {
            name: _runs([one for one in own if one.session == session])
            for session, name in sessions.items()
        }
    return arranged


def _runs(found: list[Found]) -> dict[str, Path]:
    names = ordered_names(one.run for one in found)
    paths = {one.run: one.path for one in found}
    return {name: paths[run] for run, name in names.items()}
