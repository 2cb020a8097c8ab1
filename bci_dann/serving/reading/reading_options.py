"""What a user says of a new recording: its cues, its unit and the names of its channels."""

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
    "parsed_scale",
    "reading_options",
]

Cues: TypeAlias = "Sequence[str] | Mapping[str, str | None]"


@dataclass(frozen=True)
class ReadingOptions:  # numpydoc ignore=PR02
    """What replaces the layout of the training recordings.

    Parameters
    ----------
    cues : dict of str to str or None
        Events that start a trial, with the class where it is known.
    unit_scale : float or None
        Factor on the samples; ``None`` is that of training.
    rename : dict of str to str
        New names of channels, beside those of training.
    bads : tuple of str
        Channels that are bad, beside those that a recording marks.
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
    """Check what a user says of new recordings.

    Parameters
    ----------
    recipe : ModelRecipe
        Knows the classes of the model.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, or their classes by event.
    unit_scale : float, str or None
        A factor, or a unit such as ``"microvolt"``.
    rename : mapping of str to str, or None
        New names of channels.
    bads : sequence of str
        Channels that are bad.
    reference : sequence of str
        Electrodes to re-reference to.

    Returns
    -------
    ReadingOptions
        The same.

    Raises
    ------
    ConfigError
        When the model does not know a class, the unit is none, or the model has a reference of
        its own.
    """
    if isinstance(cues, str):
        raise ConfigError(f"cues are a list of events, or classes by event; got {cues!r}.")
    by_event = dict(cues) if isinstance(cues, Mapping) else dict.fromkeys(cues)
    for event, name in by_event.items():
        if name is not None:
            check_option(f"the class of the cue {event!r}", name, recipe.classes)
    for name, value in {"bads": bads, "reference": reference}.items():
        if isinstance(value, str):
            raise ConfigError(f"{name} is a list of channels, such as [{value!r}]; got a text.")
    own = recipe.preprocessing.reference
    if reference and own is not None:
        raise ConfigError(
            f"the model re-references every recording itself (to {own}): leave --reference (or "
            "reference= in Python) out."
        )
    scale = parsed_scale(unit_scale)
    return ReadingOptions(by_event, scale, dict(rename or {}), tuple(bads), tuple(reference))


def parsed_scale(unit_scale: float | str | None) -> float | None:
    """Read the unit of the numbers.

    Parameters
    ----------
    unit_scale : float, str or None
        A factor, or a unit such as ``"microvolt"``.

    Returns
    -------
    float or None
        The factor; ``None`` where nothing was given.

    Raises
    ------
    ConfigError
        When the unit is none.
    """
    from bci_dann.data.channels.units import parse_scale

    try:
        return None if unit_scale is None else parse_scale(unit_scale)
    except ValueError as error:
        raise ConfigError(f"unit_scale: {error}") from None


def layout_for(
    recipe: ModelRecipe, options: ReadingOptions, label: str, in_bids: bool = False
) -> RecordingsLayout:
    """Return the layout of a new recording: that of training, with what the user says of it.

    Parameters
    ----------
    recipe : ModelRecipe
        The layout of training and the classes of the model.
    options : ReadingOptions
        What the user says.
    label : str
        The path of the recording, or what messages call it.
    in_bids : bool
        Whether BIDS events lie beside the recording; a model of BIDS data then reads it as such,
        and any other recording as it is.

    Returns
    -------
    RecordingsLayout
        Its events are those of the model's classes, or the user's cues.

    Raises
    ------
    ConfigError
        When events mean different things in different runs, and the run is not known.
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
            f"{label}: what the events {listed} mean depends on the run, and in this one they name "
            "none of the model's classes, or its run is not known. Give their meaning, as in "
            f"--cue {next(iter(layout.events))}={recipe.classes[0]} (or cues= in Python)."
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


def _run_in(path: str, layout: RecordingsLayout) -> str:
    """Return the run that the path names, as those of training do; empty where it does not."""
    from bci_dann.data.recordings.path_pattern import PathPattern

    if layout.pattern is None:
        return ""
    return PathPattern.of_fields(layout.pattern).fields_at_end(path).get("run", "")


def check_renamed(options: ReadingOptions, account: ChannelAccount) -> None:
    """Raise where a recording has neither the old nor the new name of a channel.

    Parameters
    ----------
    options : ReadingOptions
        The names.
    account : ChannelAccount
        The channels of the recording.

    Raises
    ------
    ConfigError
        Naming the channel, and those that there are.
    """
    from bci_dann.data.channels.electrode_names import channels_named

    present = [one.name for one in account.uses]
    for old, new in options.rename.items():
        if not channels_named(old, present) and not channels_named(new, present):
            raise ConfigError(
                f"--rename {old}={new}: {account.file} has no channel {old!r}."
                f"{did_you_mean(old, present)} It has {', '.join(present)}."
            )


def check_cues_found(
    cues: Iterable[str], found: Collection[str], events: Mapping[str, int], label: str
) -> None:
    """Raise where a cue that the user names is in none of some recordings.

    Parameters
    ----------
    cues : iterable of str
        The events that the user names.
    found : collection of str
        The events of all cues in the recordings.
    events : mapping of str to int
        How often each event of the recordings occurs, whether it is a cue or not.
    label : str
        What messages call the recordings.

    Raises
    ------
    DataError
        Naming the cue, and the events that there are with their counts.
    """
    from bci_dann.data.recordings.events import class_of

    for cue in cues:
        if not any(class_of(event, {cue: cue}) for event in found):
            raise DataError(f"{label}: {no_event(cue, events)}")


def no_event(event: str, events: Mapping[str, int]) -> str:
    """Say that an event does not occur, and which do.

    Parameters
    ----------
    event : str
        The event.
    events : mapping of str to int
        How often each event occurs.

    Returns
    -------
    str
        Two or three sentences.
    """
    listed = ", ".join(f"{name} ({times} times)" for name, times in events.items())
    return (
        f"the event {event!r} does not occur.{did_you_mean(event, events)} "
        f"There are {listed or 'no events at all'}."
    )
