"""The configuration of a folder of recordings: file names, events, channels and units."""

from __future__ import annotations

import string
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from bci_dann._config import StrictModel
from bci_dann._validation import did_you_mean

__all__ = ["FIELDS", "RecordingsLayout"]

# The fields that a pattern may have, and that `exclude` may name.
FIELDS = ("subject", "session", "run")


class RecordingsLayout(StrictModel):  # numpydoc ignore=PR02
    """The file names, events, channels and units of the recordings in a folder.

    Parameters
    ----------
    events : dict of str to str
        Annotation description to class name, for example
        ``{"OVTK_GDF_Right": "right_hand"}``. Other annotations are ignored.
    format : {"files", "bids"}
        ``"files"`` finds recordings by ``pattern`` and reads them with MNE, which knows
        the format by the extension (EDF, BDF, GDF, FIF, BrainVision, EEGLAB SET);
        ``"bids"`` reads a BIDS dataset with MNE-BIDS.
    pattern : str or None
        Path of a recording inside the folder, with the fields ``{subject}`` (required),
        ``{session}`` and ``{run}``, for example ``"edf{subject}/{session}/eeg.edf"``. A
        field matches anything but a slash, and the same text where it is repeated;
        ``{subject:2}`` matches two characters, where nothing stands between two fields;
        ``*`` matches any text but a slash. Required for ``"files"``.
    task : str or None
        The BIDS task to read; ``None`` reads every task.
    exclude : dict of str to list of str
        Values of a field to leave out, for example ``{"session": ["001"]}``.
    interval : tuple of float
        Start and end of the imagery task in seconds after the event.
    unit_scale : float
        Factor on the samples that MNE reads as volt: 1e-6 for files that hold microvolt
        without saying so.
    rename : dict of str to str
        New names of channels, for example ``{"T3": "T7"}``.
    drop : list of str
        Channels to leave out, by their name before ``rename``, where a file has them.
    montage : str or None
        MNE's standard montage to take electrode positions from; ``None`` keeps those of
        the file.

    See Also
    --------
    Recordings : The dataset that it describes.
    DataConfig : Holds it under the key ``recordings``.

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

    events: Annotated[dict[str, str], Field(min_length=1)]
    format: Literal["files", "bids"] = "files"
    pattern: str | None = None
    task: str | None = None
    exclude: dict[str, list[str]] = Field(default_factory=dict)
    interval: tuple[float, float] = (0.0, 4.0)
    unit_scale: Annotated[float, Field(gt=0)] = 1.0
    rename: dict[str, str] = Field(default_factory=dict)
    drop: list[str] = Field(default_factory=list)
    montage: str | None = "standard_1020"

    @field_validator("events", mode="before")
    @classmethod
    def _check_events(cls, events: Any) -> Any:
        if not events:
            raise ValueError(
                "name the events that start a task, each with its class, for example "
                "{'769': left_hand, '770': right_hand}"
            )
        return events

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
        return self

    @property
    def classes(self) -> list[str]:  # numpydoc ignore=RT01
        """Class names in the order of ``events``, each once."""
        return list(dict.fromkeys(self.events.values()))


def _unknown_field(field: str) -> str:
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    return f"unknown field {{{field}}}.{did_you_mean(field, FIELDS)} Known fields: {known}"
