"""Arguments and options of commands that use a saved model with recordings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bci_dann.exceptions import ConfigError

__all__ = [
    "BadChannels",
    "Cues",
    "Labels",
    "ModelFolder",
    "RecordingFiles",
    "Reference",
    "Renames",
    "UnitScale",
    "parse_cues",
    "parse_renames",
]

ModelFolder = Annotated[
    Path,
    typer.Argument(
        help="Model: a folder of `fit` or `adapt`, builtin:NAME, or hub:OWNER/NAME, optionally "
        "with @REVISION."
    ),
]
RecordingFiles = Annotated[
    list[Path], typer.Argument(help="Recordings of one subject, in any format that MNE reads.")
]
Cues = Annotated[
    list[str] | None,
    typer.Option(
        "--cue",
        metavar="EVENT[=CLASS]",
        help="Event that starts a trial, with its class if that is known and has another name; "
        "repeatable. Default: the events of training.",
    ),
]
UnitScale = Annotated[
    str | None,
    typer.Option(
        "--unit-scale",
        metavar="UNIT",
        help="Unit of the samples in the recordings: volt, millivolt, microvolt, nanovolt, or a "
        "factor to volt such as 1e-6. Default: as in training.",
    ),
]
Renames = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Channel of the recordings, and the name of its electrode; repeatable.",
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option("--labels", help="CSV file of labels: columns label, trial (or onset), file."),
]
BadChannels = Annotated[
    list[str] | None,
    typer.Option(
        "--bad",
        metavar="CHANNEL",
        help="Bad channel, to be interpolated if the model uses it; repeatable.",
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="CHANNELS",
        help="Channels whose mean is subtracted, if the model keeps the reference of its "
        "recordings: A1,A2. Default: as recorded.",
    ),
]


def parse_cues(texts: Iterable[str]) -> dict[str, str | None]:
    """Read the values of ``--cue``.

    Parameters
    ----------
    texts : iterable of str
        ``"EVENT"`` or ``"EVENT=CLASS"``. If the name of an event contains an equals sign, add
        another one at its end.

    Returns
    -------
    dict of str to str or None
        Classes by event.

    Raises
    ------
    ConfigError
        When the event is missing, or an event has two classes.

    Examples
    --------
    >>> parse_cues(["start", "769=left_hand", "a=b="])
    {'start': None, '769': 'left_hand', 'a=b': None}
    """
    cues: dict[str, str | None] = {}
    for text in texts:
        before, equals, after = text.rpartition("=")
        event = (before if equals else text).strip()
        name = after.strip() or None if equals else None
        if not event:
            raise ConfigError(f"--cue must be EVENT or EVENT=CLASS; got {text!r}.")
        if cues.setdefault(event, name) != name:
            raise ConfigError(f"--cue gives two classes for the event {event!r}: give only one.")
        cues[event] = name
    return cues


def parse_renames(texts: Iterable[str]) -> dict[str, str]:
    """Read the values of ``--rename``.

    Parameters
    ----------
    texts : iterable of str
        Each ``"OLD=NEW"``.

    Returns
    -------
    dict of str to str
        New names by old names.

    Raises
    ------
    ConfigError
        When a name is missing, or a channel has two new names.

    Examples
    --------
    >>> parse_renames(["Ch1=C3"])
    {'Ch1': 'C3'}
    """
    names: dict[str, str] = {}
    for text in texts:
        old, _, new = (part.strip() for part in text.rpartition("="))
        if not old or not new:
            raise ConfigError(f"--rename must be OLD=NEW, such as Ch1=C3; got {text!r}.")
        if names.setdefault(old, new) != new:
            raise ConfigError(
                f"--rename gives two names for the channel {old!r}, {names[old]} and {new}: give "
                "only one."
            )
    return names
