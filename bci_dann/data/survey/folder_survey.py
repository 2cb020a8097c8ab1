"""Survey of the recordings of a folder: common properties and differences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from bci_dann.data.recordings.companions import is_later_part
from bci_dann.data.recordings.discovery import RecordingFile
from bci_dann.data.recordings.formats import extension_of
from bci_dann.data.recordings.layout import FIELDS
from bci_dann.data.recordings.path_pattern import PathPattern, is_hidden, plain_text
from bci_dann.data.survey.cue_guess import CueGuess, TaskGuess, guess_cues, guess_task
from bci_dann.data.survey.file_survey import FileSurvey, open_as_it_is, survey_file
from bci_dann.data.survey.pattern_guess import PatternGuess, guess_pattern
from bci_dann.data.survey.signal_sample import SignalSample, sample_signals
from bci_dann.exceptions import BCIDannError, DataError

__all__ = ["FolderSurvey", "Unreadable", "survey_folder"]

# Formats by the extension of the main file, in order of preference if a folder has the same
# recordings in several formats.
FORMATS = {
    ".fif": "FIF",
    ".fif.gz": "FIF",
    ".vhdr": "BrainVision",
    ".set": "EEGLAB",
    ".edf": "EDF",
    ".bdf": "BDF",
    ".gdf": "GDF",
}

# Extensions of files that belong to a recording or describe it.
COMPANIONS = {".eeg", ".vmrk", ".fdt", ".dat", ".json", ".tsv", ".pos", ".sfp", ".md", ".event"}

# Endings of FIF files that are not continuous recordings, and the number of a later part of a split
# recording.
OTHER_FIF = re.compile(
    r"[-_](epo|ave|ica|cov|proj|fwd|inv|src|trans|eve|stc|sph|lay|annot)\.fif(\.gz)?$",
    re.IGNORECASE,
)
LATER_NUMBER = re.compile(r"-[0-9]+(?=\.fif(\.gz)?$)")

# Path of a recording according to BIDS.
BIDS_NAME = re.compile(
    r"(?P<sub>sub-[^/_]+)/((?P<ses>ses-[^/_]+)/)?eeg/(?P=sub)(?(ses)_(?P=ses))_"
    r"(.*_)?eeg\.(edf|bdf|vhdr|set|fif)"
)
BIDS_ENTITY = re.compile(r"(?:^|_)([a-z]+)-([^-_/.]+)")
BIDS_TASK = re.compile(r"_task-([^_/.]+)")

# Number of recordings whose signals are examined; this takes about a second.
MAX_SAMPLED = 12

# A session or run with a smaller share of the usual number of cues may be practice.
PRACTICE_SHARE = 0.5

# Iterates over recordings, for example with a progress bar.
Track = Callable[[Sequence[RecordingFile]], Iterable[RecordingFile]]


@dataclass(frozen=True)
class Unreadable:
    """A recording that cannot be read, its path inside the folder, and the reason."""

    recording: RecordingFile
    name: str
    reason: str


@dataclass(frozen=True)
class FolderSurvey:
    """The recordings of a folder, with their headers and samples of their signals.

    Attributes
    ----------
    folder : pathlib.Path
        The folder.
    recordings : tuple of RecordingFile
        Readable recordings that match the pattern, with subject, session and run.
    files : tuple of FileSurvey
        Their headers, in the same order.
    samples : tuple of SignalSample
        Samples of the signals of some recordings.
    unreadable : tuple of Unreadable
        Recordings that match the pattern and cannot be read.
    pattern : PatternGuess
        The pattern of the paths; empty for BIDS.
    bids_tasks : tuple of str or None
        The tasks of a BIDS dataset; ``None`` for other folders.
    other_files : dict of str to int
        Number of files in other formats, by extension.
    """

    folder: Path
    recordings: tuple[RecordingFile, ...]
    files: tuple[FileSurvey, ...]
    samples: tuple[SignalSample, ...]
    unreadable: tuple[Unreadable, ...]
    pattern: PatternGuess
    bids_tasks: tuple[str, ...] | None
    other_files: dict[str, int] = field(default_factory=dict)

    @cached_property
    def cues(self) -> CueGuess:  # numpydoc ignore=RT01
        """Which events are cues."""
        return guess_cues([one.events for one in self.files])

    @cached_property
    def task(self) -> TaskGuess:  # numpydoc ignore=RT01
        """Length of a task."""
        return guess_task([one.events for one in self.files], self.cues.candidates)

    @cached_property
    def tasks_with_cues(self) -> tuple[str, ...]:  # numpydoc ignore=RT01
        """The tasks of a BIDS dataset in whose recordings the cues occur."""
        cues = set(self.cues.cues)
        names = [one.name for one in self.files if cues & set(one.events["name"])]
        return tuple(sorted({m[1] for name in names for m in BIDS_TASK.finditer(name)}))

    def exclude(self) -> dict[str, list[str]]:
        """Return the subjects, sessions or runs without any readable recording.

        Returns
        -------
        dict of str to list of str
            Values by field, as in a `RecordingsLayout`. Unreadable recordings are not included if
            other recordings with the same subject, session or run can be read.
        """
        excluded: dict[str, list[str]] = {}
        for one in self.unreadable:
            for name in FIELDS:
                value = getattr(one.recording, name)
                if value and value not in self.values(name):
                    of_field = excluded.setdefault(name, [])
                    of_field += [] if value in of_field else [value]
                    break
        return excluded

    def values(self, name: str) -> list[str]:
        """Return the values of a field in the paths, in the order of recordings.

        Parameters
        ----------
        name : {"subject", "session", "run"}
            The field.

        Returns
        -------
        list of str
            Each once.
        """
        return list(dict.fromkeys(getattr(one, name) for one in self.recordings))

    def practice(self, name: str) -> dict[str, tuple[int, int]]:
        """Return the sessions or runs that have far fewer cues than others.

        Parameters
        ----------
        name : {"session", "run"}
            The field.

        Returns
        -------
        dict of str to (int, int)
            Typical number of cues in a recording with this value, and in all recordings, by value.
        """
        cues = self.cues.candidates
        counts = [int(one.events["name"].isin(cues).sum()) for one in self.files]
        by_value: dict[str, list[int]] = {}
        for recording, count in zip(self.recordings, counts, strict=True):
            if count:
                by_value.setdefault(getattr(recording, name), []).append(count)
        if len(by_value) < 2:
            return {}
        usual = int(np.median([count for counts in by_value.values() for count in counts]))
        medians = {value: int(np.median(of_value)) for value, of_value in by_value.items()}
        return {
            value: (median, usual)
            for value, median in medians.items()
            if median <= PRACTICE_SHARE * usual
        }


def survey_folder(folder: Path, track: Track = iter) -> FolderSurvey:
    """Survey the recordings of a folder: all headers, and some seconds of a few signals.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    track : callable
        Iterates over the recordings, for example with a progress bar.

    Returns
    -------
    FolderSurvey
        The survey.

    Raises
    ------
    DataError
        When the folder is missing, empty, or has no recording that can be read.
    """
    names, other_files = _find_files(folder)
    bids = [name for name in names if BIDS_NAME.fullmatch(name)]
    is_bids = 2 * len(bids) > len(names)
    if is_bids:
        tasks = sorted({match[1] for name in bids for match in BIDS_TASK.finditer(name)})
        left_out = tuple(name for name in names if name not in set(bids))
        pattern, recordings = PatternGuess(None, {}, (), left_out), _in_bids(folder, bids, tasks)
    else:
        tasks, (pattern, recordings) = None, _by_pattern(folder, _of_one_format(names), names)
    readable, files, samples, unreadable = _survey_files(folder, recordings, is_bids, track)
    if not files:
        listed = "; ".join(f"{one.name}: {one.reason}" for one in unreadable[:3])
        raise DataError(f"{folder}: none of {len(unreadable)} recordings can be read. {listed}")
    return FolderSurvey(
        folder=folder,
        recordings=tuple(readable),
        files=tuple(files),
        samples=tuple(samples),
        unreadable=tuple(unreadable),
        pattern=pattern,
        bids_tasks=None if tasks is None else tuple(tasks),
        other_files=other_files,
    )


def _find_files(folder: Path) -> tuple[list[str], dict[str, int]]:
    """Return the paths of recordings, and the number of other files by their extensions."""
    if not folder.is_dir():
        reason = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {reason}; a folder of recordings is needed.")
    names = sorted(_files_below(folder))
    recordings = [name for name in names if _is_recording(name, names)]
    others = Counter(extension_of(name) for name in names if extension_of(name) not in FORMATS)
    if not recordings:
        listed = ", ".join(names[:5]) or "none"
        raise DataError(
            f"{folder} has no recordings, that is, no files of the formats "
            f"{', '.join(dict.fromkeys(FORMATS.values()))}. Among the files there: {listed}."
        )
    return recordings, {end: n for end, n in others.items() if end not in COMPANIONS}


def _files_below(folder: Path, prefix: str = "", ancestors: tuple[Path, ...] = ()) -> Iterator[str]:
    """Yield the paths of files; linked folders are followed, except into themselves."""
    ancestors = (*ancestors, folder.resolve())
    for path in folder.iterdir():
        name = prefix + plain_text(path.name)
        if is_hidden(path.name):
            continue
        if path.is_dir() and path.resolve() not in ancestors:
            yield from _files_below(path, f"{name}/", ancestors)
        elif path.is_file() or (path.is_symlink() and not path.exists()):
            yield name  # a broken link is reported as a file that cannot be read


def _is_recording(name: str, names: Sequence[str]) -> bool:
    if extension_of(name) not in FORMATS or OTHER_FIF.search(name):
        return False
    if not is_later_part(Path(name)):
        return True
    first = LATER_NUMBER.sub("", name)
    return first != name and first not in names


def _of_one_format(names: Sequence[str]) -> list[str]:
    """Return the recordings of the most frequent format; of equally frequent ones, the first."""
    counts = Counter(map(extension_of, names))
    order = list(FORMATS)
    chosen = max(counts, key=lambda extension: (counts[extension], -order.index(extension)))
    return [name for name in names if extension_of(name) == chosen]


def _in_bids(folder: Path, names: Iterable[str], tasks: Sequence[str]) -> list[RecordingFile]:
    """Return recordings with the same names as in `find_recordings`."""
    recordings = []
    for name in names:
        entities = dict(BIDS_ENTITY.findall(name.rpartition("/")[2]))
        task = entities.get("task", "") if len(tasks) > 1 else ""
        run = f"{task}{entities.get('run', '0')}"
        session = entities.get("ses", "0")
        recordings.append(RecordingFile(folder / name, entities["sub"], session, run))
    return recordings


def _by_pattern(
    folder: Path, names: Sequence[str], every: Sequence[str]
) -> tuple[PatternGuess, list[RecordingFile]]:
    """Guess a pattern, and use it if it matches the intended recordings."""
    guess = guess_pattern(names)
    left_out = tuple(name for name in every if name not in guess.fields)
    if guess.pattern is not None:
        found = PathPattern.of_fields(guess.pattern).find(folder)
        recordings = {one.name: one for one in found if one.is_exact and one.name in names}
        if {name: one.fields for name, one in recordings.items()} == guess.fields:
            return PatternGuess(guess.pattern, guess.fields, guess.by_place, left_out), [
                RecordingFile(one.path, **one.fields) for one in recordings.values()
            ]
    unnamed = [RecordingFile(folder / name, "", "0", "0") for name in guess.fields]
    return PatternGuess(None, {}, (), left_out), unnamed


def _inside(folder: Path, path: Path) -> str:
    return plain_text(path.relative_to(folder).as_posix())


def _survey_files(
    folder: Path, recordings: Sequence[RecordingFile], is_bids: bool, track: Track
) -> tuple[list[RecordingFile], list[FileSurvey], list[SignalSample], list[Unreadable]]:
    """Open all recordings, and read signals of a few that are evenly spread over them."""
    sampled = set(_evenly_spread(len(recordings)))
    readable, files, samples, unreadable = [], [], [], []
    for index, recording in enumerate(track(recordings)):
        name = _inside(folder, recording.path)
        try:
            raw = open_as_it_is(recording.path, is_bids)
            survey = survey_file(raw, name, recording.path)
            sample = None
            if index in sampled:
                sample = sample_signals(raw, survey.signals, name)
        except Exception as error:  # damage beyond the header appears when samples are read
            unreadable.append(Unreadable(recording, name, _reason(error, recording.path)))
            continue
        readable.append(recording)
        files.append(survey)
        samples += [] if sample is None else [sample]
    return readable, files, samples, unreadable


def _evenly_spread(n_recordings: int) -> Iterator[int]:
    """Return the indices of at most ``MAX_SAMPLED`` recordings."""
    count = min(n_recordings, MAX_SAMPLED)
    return (int(index) for index in np.linspace(0, n_recordings - 1, count).round())


def _reason(error: Exception, path: Path) -> str:
    text = str(error) if isinstance(error, BCIDannError) else f"{type(error).__name__}: {error}"
    return " ".join(text.replace(f"{path}: ", "").replace(str(path), "it").split())
