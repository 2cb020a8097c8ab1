"""The configuration of a folder of recordings: file names, events, channels and units."""

from __future__ import annotations

import codecs
import string
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from bci_dann._config import StrictModel
from bci_dann._validation import did_you_mean
from bci_dann.data.channels.units import check_patterns, matches_path, parse_scale, scale_of
from bci_dann.exceptions import ConfigError

__all__ = ["FIELDS", "RecordingsLayout"]

# The fields that a pattern may have, and that `exclude` may name.
FIELDS = ("subject", "session", "run")


class RecordingsLayout(StrictModel):  # numpydoc ignore=PR02
    """The file names, events, channels and units of the recordings in a folder.

    Parameters
    ----------
    events : dict of str to str, or to dict of str to str
        Mapping from annotation descriptions to class names, for example
        ``{"OVTK_GDF_Right": "right_hand"}``. Other annotations are ignored. If the class of an
        event depends on the run, a mapping from runs, or patterns of runs or paths, to classes:
        ``{"T1": {"04": "left_hand", "06": "hands"}}``. In other runs the event is ignored.
    format : {"files", "bids"}
        ``"files"`` finds recordings by ``pattern`` and reads them with MNE, according to
        their extension (EDF, BDF, GDF, FIF, BrainVision, EEGLAB SET);
        ``"bids"`` reads a BIDS dataset with MNE-BIDS.
    pattern : str or None
        Path of a recording inside the folder, with the fields ``{subject}`` (required),
        ``{session}`` and ``{run}``, for example ``"edf{subject}/{session}/eeg.edf"``. A
        field matches any text without a slash, and the same text if it is repeated;
        ``{subject:2}`` matches two characters, for fields without a character between them;
        ``*`` matches any text without a slash. Required for ``"files"``.
    task : str or None
        The BIDS task to read; ``None`` reads all tasks.
    exclude : dict of str to list of str
        Values of a field to exclude, for example ``{"session": ["001"]}``.
    session_order : list of str
        All values of the field ``{session}`` in the order of recording, for example ``["T", "E"]``.
        By default the order is that of numbers in them, and then alphabetical.
    interval : tuple of float
        Start and end of the imagery task after the event (s).
    unit_scale : float, str, or dict of str to float or str
        The actual unit of the numbers that MNE reads as volt: ``"microvolt"`` for files that
        contain microvolt without stating it, or the factor, 1e-6. If files differ, units by
        patterns of their paths: ``{"S3*.edf": "microvolt"}``; other files are in volt.
    encoding : str
        Encoding of the annotations of EDF and BDF files, for example ``"latin1"``.
    rename : dict of str to str
        New channel names, for example ``{"AUX 3": "C3"}``. Not needed for other spellings of 10-05
        names: ``EEG C3-A2`` and ``c3..`` are read as ``C3``, and the old ``T3`` as ``T7``.
    drop : list of str
        Channels to leave out, by their names before ``rename``, if a file has them.
    extra_channels : list of str
        Channels to use as EEG although their name or type is not that of a scalp electrode,
        such as ``EMG chin``. Other channels of this kind are left out.
    montage : str or None
        MNE's standard montage for electrode positions; ``None`` keeps those of
        the file.

    See Also
    --------
    Recordings : The dataset that is described.
    DataConfig : Has the layout under the key ``recordings``.

    Examples
    --------
    >>> from bci_dann.data import RecordingsLayout
    >>> layout = RecordingsLayout(
    ...     pattern="sub{subject}/ses{session}.edf",
    ...     events={"769": "left_hand", "770": "right_hand"},
    ...     rename={"T3": "T7"},
    ... )
    >>> layout.interval
    (0.0, 4.0)
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)  # events: {769: left_hand}

    events: Annotated[dict[str, str | dict[str, str]], Field(min_length=1)]
    format: Literal["files", "bids"] = "files"
    pattern: str | None = None
    task: str | None = None
    exclude: dict[str, list[str]] = Field(default_factory=dict)
    session_order: list[str] = Field(default_factory=list)
    interval: tuple[float, float] = (0.0, 4.0)
    unit_scale: float | dict[str, float] = 1.0
    encoding: str = "utf8"
    rename: dict[str, str] = Field(default_factory=dict)
    drop: list[str] = Field(default_factory=list)
    extra_channels: list[str] = Field(default_factory=list)
    montage: str | None = "standard_1020"

    @field_validator("events", mode="before")
    @classmethod
    def _check_events(cls, events: Any) -> Any:
        if not events:
            raise ValueError(
                "name the events that start a task, each with its class, for example "
                "{'769': left_hand, '770': right_hand}"
            )
        for event, meaning in events.items() if isinstance(events, Mapping) else ():
            by_run = meaning.items() if isinstance(meaning, Mapping) else [("", meaning)]
            if not by_run or not all(_is_name(text) for pair in by_run for text in pair):
                raise ValueError(
                    f"an event has a class, or classes by run, for example "
                    f"{{'T1': {{'04': 'left_hand'}}}}; {event!r} has {meaning!r}"
                )
        return events

    @field_validator("unit_scale", mode="before")
    @classmethod
    def _parse_unit_scale(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {pattern: parse_scale(unit) for pattern, unit in value.items()}
        return parse_scale(value)

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(
                "Python has no such encoding; most files use utf8, latin1 or cp1252"
            ) from None
        return encoding

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            parts = [part for part in string.Formatter().parse(pattern) if part[1]]
        except ValueError as error:
            raise ValueError(f"the pattern cannot be read: {error}") from None
        fields = [str(field) for _, field, _, _ in parts]
        for _, field, width, _ in parts:
            if field not in FIELDS:
                raise ValueError(_unknown_field(str(field)))
            if width and not (width.isdecimal() and int(width) > 0):
                raise ValueError(
                    f"{{{field}:{width}}} should have a number of characters, as in {{{field}:2}}"
                )
        if "subject" not in fields:
            raise ValueError("the pattern needs the field {subject}")
        return pattern

    @field_validator("exclude")
    @classmethod
    def _check_exclude(cls, exclude: dict[str, list[str]]) -> dict[str, list[str]]:
        for field in exclude:
            if field not in FIELDS:
                raise ValueError(_unknown_field(field))
        return exclude

    @model_validator(mode="after")
    def _check_complete(self) -> RecordingsLayout:
        if self.format == "files" and self.pattern is None:
            raise ValueError(
                "the key 'pattern' is missing, for example 'sub-{subject}/{session}.edf'; "
                "or set format: bids"
            )
        if self.interval[0] >= self.interval[1]:
            raise ValueError(f"interval must be (start, end) with start < end; got {self.interval}")
        for name in self.classes:
            if name.lower().startswith(("bad", "edge")):
                raise ValueError(
                    f"a class cannot be named {name!r}, because annotations that begin with BAD or "
                    "EDGE mark faults of a recording: give its events another class"
                )
        return self

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out an empty order, so that files and caches without one do not change."""
        content: dict[str, Any] = handler(self)
        if not content.get("session_order"):
            content.pop("session_order", None)
        return content

    @property
    def classes(self) -> list[str]:  # numpydoc ignore=RT01
        """Class names in the order of ``events``, without repetition."""
        return list(dict.fromkeys(name for event in self.events for name in self.meanings(event)))

    def meanings(self, event: str) -> list[str]:
        """Return the classes that an event has in at least one run.

        Parameters
        ----------
        event : str
            A key of ``events``.

        Returns
        -------
        list of str
            Classes without repetition.
        """
        meaning = self.events[event]
        return [meaning] if isinstance(meaning, str) else list(dict.fromkeys(meaning.values()))

    def events_of(self, run: str = "0", path: str = "") -> dict[str, str]:
        """Return the events of one recording and their classes.

        Parameters
        ----------
        run : str
            The run, as in the path of the recording.
        path : str
            The path inside the folder, with slashes.

        Returns
        -------
        dict of str to str
            Class by event; events that are ignored in this run are not included.

        Raises
        ------
        ConfigError
            When an event has several classes in the run.
        """
        classes = {event: self._class_of(event, run, path) for event in self.events}
        return {event: name for event, name in classes.items() if name is not None}

    def _class_of(self, event: str, run: str, path: str) -> str | None:
        meaning = self.events[event]
        if isinstance(meaning, str):
            return meaning
        if run in meaning:  # the exact run takes precedence over patterns
            return meaning[run]
        fitting = {name for pattern, name in meaning.items() if _fits(pattern, run, path)}
        if len(fitting) > 1:
            raise ConfigError(
                f"recordings.events.{event}: several patterns fit the run {run!r} ({path}), for "
                f"the classes {' and '.join(sorted(fitting))}. Change them so that only one fits."
            )
        return next(iter(fitting), None)

    def for_recording(self, run: str, path: str) -> RecordingsLayout:
        """Return the layout of one recording, with its unit and one class for each event.

        Parameters
        ----------
        run : str
            The run, as in the path of the recording.
        path : str
            The path inside the folder, with slashes.

        Returns
        -------
        RecordingsLayout
            A layout in which ``unit_scale`` is a number, and ``events`` has only the events of this
            run.

        Raises
        ------
        ConfigError
            When the recording matches contradictory patterns.
        """
        scale = scale_of(self.unit_scale, path)
        return self.model_copy(update={"unit_scale": scale, "events": self.events_of(run, path)})

    def check_recordings(self, runs: Mapping[str, str]) -> None:
        """Check the keys that depend on runs or paths with the existing recordings.

        Parameters
        ----------
        runs : mapping of str to str
            The run of each recording, by its path inside the folder.

        Raises
        ------
        ConfigError
            When a pattern matches no recording, or a recording matches contradictory patterns.
        """
        if isinstance(self.unit_scale, Mapping):
            check_patterns(self.unit_scale, runs, "recordings.unit_scale")
        for event, meaning in self.events.items():
            if isinstance(meaning, Mapping):
                _check_runs(event, meaning, runs)
        for path, run in runs.items():
            self.for_recording(run, path)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _fits(pattern: str, run: str, path: str) -> bool:
    return fnmatchcase(run, pattern) or matches_path(pattern, path)


def _check_runs(event: str, patterns: Iterable[str], runs: Mapping[str, str]) -> None:
    for pattern in patterns:
        if not any(_fits(pattern, run, path) for path, run in runs.items()):
            present = sorted(set(runs.values()))
            raise ConfigError(
                f"recordings.events.{event} has {pattern!r}, which is not a run."
                f"{did_you_mean(pattern, present)} The runs are {', '.join(present)}. Write runs "
                "as in the paths (`{run}` in the pattern), or a pattern such as '0[48]' or "
                "'*R04.edf'."
            )


def _unknown_field(field: str) -> str:
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    return f"unknown field {{{field}}}.{did_you_mean(field, FIELDS)} Known fields: {known}"
