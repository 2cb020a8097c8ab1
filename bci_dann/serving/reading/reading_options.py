"""Options of a user for reading new recordings: cues, unit, channel names, bad channels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bci_dann._validation import check_option, did_you_mean
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from bci_dann.data.channels.channel_account import ChannelAccount
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = [
    "Cues",
    "ReadingOptions",
    "check_cues_found",
    "check_renamed",
    "layout_for",
    "no_event",
    "other_tasks",
    "parsed_scale",
    "reading_options",
]

Cues: TypeAlias = "Sequence[str] | Mapping[str, str | None]"


@dataclass(frozen=True)
class ReadingOptions:  # numpydoc ignore=PR02
    """Options for reading a recording, which replace or extend the layout of training.

    Parameters
    ----------
    cues : dict of str to str or None
        Events that start a trial, with their classes if known.
    unit_scale : float or None
        Factor that converts samples to volt; ``None`` is that of training.
    rename : dict of str to str
        Electrode names by channel name, in addition to those of training.
    bads : tuple of str
        Bad channels, in addition to those that a recording marks.
    reference : tuple of str
        Electrodes whose mean is subtracted; empty keeps the reference of the recording.
    """

    cues: Mapping[str, str | None] = field(default_factory=dict)
    unit_scale: float | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    bads: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


def reading_options(
    recipe: ModelRecipe,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
) -> ReadingOptions:
    """Check the options for reading new recordings against a model.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the classes and preprocessing of the model.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, optionally with their classes.
    unit_scale : float, str or None
        A factor, or a unit such as ``"microvolt"``.
    rename : mapping of str to str, or None
        Electrode names by channel name.
    bads : sequence of str
        Bad channels.
    reference : sequence of str
        Electrodes to re-reference to.

    Returns
    -------
    ReadingOptions
        The checked options.

    Raises
    ------
    ConfigError
        When a class is not a class of the model, the unit is unknown, or a reference is given
        although the preprocessing of the model sets the reference.
    """
    if isinstance(cues, str):
        raise ConfigError(
            f"cues must be a list of events, or a mapping from events to classes; got {cues!r}."
        )
    by_event = dict(cues) if isinstance(cues, Mapping) else dict.fromkeys(cues)
    for event, name in by_event.items():
        if name is not None:
            check_option(f"the class of the cue {event!r}", name, recipe.classes)
    for name, value in {"bads": bads, "reference": reference}.items():
        if isinstance(value, str):
            raise ConfigError(
                f"{name} must be a list of channels, such as [{value!r}]; got a single text."
            )
    own = recipe.preprocessing.reference
    if reference and own is not None:
        raise ConfigError(
            f"the model re-references every recording itself (to {own}): leave out --reference (or "
            "reference= in Python)."
        )
    scale = parsed_scale(unit_scale)
    return ReadingOptions(by_event, scale, dict(rename or {}), tuple(bads), tuple(reference))


def parsed_scale(unit_scale: float | str | None) -> float | None:
    """Return the factor that converts samples to volt.

    Parameters
    ----------
    unit_scale : float, str or None
        The factor, or a unit such as ``"microvolt"``.

    Returns
    -------
    float or None
        The factor; ``None`` if nothing was given.

    Raises
    ------
    ConfigError
        When the unit is unknown.
    """
    from bci_dann.data.channels.units import parse_scale

    try:
        return None if unit_scale is None else parse_scale(unit_scale)
    except ValueError as error:
        raise ConfigError(f"unit_scale: {error}") from None


def layout_for(
    recipe: ModelRecipe, options: ReadingOptions, label: str, in_bids: bool = False
) -> RecordingsLayout:
    """Return the layout for reading a new recording: that of training, with the user's options.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the layout of training and the classes of the model.
    options : ReadingOptions
        Options of the user for this recording.
    label : str
        The path of the recording, or its name in messages.
    in_bids : bool
        Whether there is a BIDS events file beside the recording. A model of BIDS data then reads
        this file; otherwise it reads the events in the recording itself.

    Returns
    -------
    RecordingsLayout
        With the events of the model's classes, or the cues of the user.

    Raises
    ------
    ConfigError
        When the meaning of events depends on the run, and the run is not known.
    """
    from bci_dann.data.channels.units import scale_of

    layout, path = recipe.layout, Path(label).as_posix()
    known = {
        event: name
        for event, name in layout.events_of(_run_in(path, layout), path).items()
        if name in recipe.classes
    }
    cues = {event: name or known.get(event, event) for event, name in options.cues.items()}
    if not cues and not known:
        listed = ", ".join(layout.events)
        raise ConfigError(
            f"{label}: the meaning of the events {listed} depends on the run. In this run none of "
            "them stands for a class of the model, or the path does not name the run. Give their "
            f"classes, as in --cue {next(iter(layout.events))}={recipe.classes[0]} (or cues= in "
            "Python)."
        )
    scale = options.unit_scale
    update = {
        "events": cues or known,
        "unit_scale": scale_of(layout.unit_scale, path) if scale is None else scale,
        "rename": {**layout.rename, **options.rename},
    }
    if not (in_bids and layout.format == "bids"):
        update |= {"format": "files", "pattern": "{subject}"}
    return layout.model_copy(update=update)


def other_tasks(recipe: ModelRecipe, layout: RecordingsLayout, label: str) -> list[str]:
    """Return the events of training that start a task in a recording, but are no cues of it.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the events of training, also those of classes that the model does not decode.
    layout : RecordingsLayout
        The result of `layout_for`.
    label : str
        The path of the recording, or its name in messages.

    Returns
    -------
    list of str
        Empty if the model has no rest windows, which alone must not overlap these tasks.
    """
    if recipe.preprocessing.rest_window is None:
        return []
    path = Path(label).as_posix()
    events = recipe.layout.events_of(_run_in(path, recipe.layout), path)
    return [event for event in events if event not in layout.events]


def _run_in(path: str, layout: RecordingsLayout) -> str:
    """Return the run in a path, by the pattern of training; empty if it has none."""
    from bci_dann.data.recordings.path_pattern import PathPattern

    if layout.pattern is None:
        return ""
    return PathPattern.of_fields(layout.pattern).fields_at_end(path).get("run", "")


def check_renamed(options: ReadingOptions, account: ChannelAccount) -> None:
    """Raise an error if a recording has neither the old nor the new name of a renamed channel.

    Parameters
    ----------
    options : ReadingOptions
        Options with the names.
    account : ChannelAccount
        Channels of the recording.

    Raises
    ------
    ConfigError
        When a channel has neither name; the message lists the channels of the recording.
    """
    from bci_dann.data.channels.electrode_names import channels_named

    present = [one.name for one in account.uses]
    for old, new in options.rename.items():
        if not channels_named(old, present) and not channels_named(new, present):
            raise ConfigError(
                f"--rename {old}={new}: {account.file} has no channel {old!r}."
                f"{did_you_mean(old, present)} Its channels are {', '.join(present)}."
            )


def check_cues_found(
    cues: Iterable[str], found: Collection[str], events: Mapping[str, int], label: str
) -> None:
    """Raise an error if a cue that the user names occurs in none of the recordings.

    Parameters
    ----------
    cues : iterable of str
        Events that the user names.
    found : collection of str
        Events of all cues in the recordings.
    events : mapping of str to int
        Number of occurrences of each event of the recordings, including events that are no cues.
    label : str
        Name of the recordings in messages.

    Raises
    ------
    DataError
        When a cue does not occur; the message lists the events of the recordings.
    """
    from bci_dann.data.recordings.events import class_of

    for cue in cues:
        if not any(class_of(event, {cue: cue}) for event in found):
            raise DataError(f"{label}: {no_event(cue, events)}")


def no_event(event: str, events: Mapping[str, int]) -> str:
    """Return a message that an event does not occur, with the events that do.

    Parameters
    ----------
    event : str
        The missing event.
    events : mapping of str to int
        Number of occurrences of each event.

    Returns
    -------
    str
        Two or three sentences.
    """
    listed = ", ".join(f"{name} ({times} times)" for name, times in events.items())
    return (
        f"the event {event!r} does not occur.{did_you_mean(event, events)} "
        f"The events are {listed or '(none)'}."
    )
