"""What a saved model wants of a session: classes, names of events, times and electrodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bci_dann._validation import check_option
from bci_dann.exceptions import ConfigError
from bci_dann.serving.model_recipe import ModelRecipe

if TYPE_CHECKING:
    from bci_dann.serving.live.signal_recorder import SignalRecorder

__all__ = ["ModelCues", "check_electrodes"]

TASK_S = 4.0


@dataclass(frozen=True)
class ModelCues:
    """Names and times of the annotations that cues become.

    Parameters
    ----------
    classes : sequence of str
        The tasks.
    task_s : float
        Length of the task (s).
    events : mapping of str to str
        Names of annotations by class, where they are not the class itself.
    lead_s : float
        By how much the annotation comes before the cue (s): in some recordings the event is the
        start of the trial, and the task comes later.
    hints : sequence of str
        What has to be said to the model when it reads the recording.
    """

    classes: Sequence[str]
    task_s: float = TASK_S
    events: Mapping[str, str] = field(default_factory=dict)
    lead_s: float = 0.0
    hints: Sequence[str] = ()

    @classmethod
    def of(
        cls, recipe: ModelRecipe | None, classes: Sequence[str], rest: bool, task_s: float | None
    ) -> ModelCues:
        """Return them for a model, or for classes without a model.

        Parameters
        ----------
        recipe : ModelRecipe or None
            The model's.
        classes : sequence of str
            The tasks; empty for all of the model.
        rest : bool
            Whether to add the class ``rest``.
        task_s : float or None
            Length of the task (s); by default that of training, or 4.

        Returns
        -------
        ModelCues
            Checked against the model.

        Raises
        ------
        ConfigError
            When the model does not know a class, or its trials are longer than the task.
        """
        if isinstance(classes, str):
            raise ConfigError(f"classes are a list of names, such as [{classes!r}]; got a text.")
        wanted = list(classes or (recipe.classes if recipe else ()))
        if rest and "rest" not in wanted:
            wanted.append("rest")
        if recipe is None:
            return cls(wanted, TASK_S if task_s is None else task_s)
        for name in wanted:
            check_option("a class of the session", name, recipe.classes)
        start, stop = recipe.layout.interval
        needed = max(0.0, recipe.window[1] - start)
        if task_s is not None and task_s < needed:
            raise ConfigError(
                f"task must be {needed:g} s at least, since the trials of the model end so long "
                f"after the cue; got {task_s:g}."
            )
        events = {name: _event_of(recipe, name) for name in wanted}
        task = max(needed, stop - start) if task_s is None else task_s
        return cls(wanted, task, events, start, _hints(recipe, events))

    def event(self, label: str) -> str:
        """Return the name of an annotation.

        Parameters
        ----------
        label : str
            A class.

        Returns
        -------
        str
            As the model knows it.
        """
        return self.events.get(label, label)


def _event_of(recipe: ModelRecipe, name: str) -> str:
    """Return an event that means the class in every run, or else the class itself."""
    events = recipe.layout.events
    return next((event for event in events if events[event] == name), name)


def _hints(recipe: ModelRecipe, events: Mapping[str, str]) -> list[str]:
    hints = [
        f"--cue {event}={name}"
        for name, event in events.items()
        if event not in recipe.layout.events
    ]
    if recipe.layout.unit_scale != 1.0:
        hints.append("--unit-scale volt")
    return hints


def check_electrodes(recipe: ModelRecipe, recorder: SignalRecorder) -> str:
    """Raise where a stream lacks too many electrodes of a model.

    Parameters
    ----------
    recipe : ModelRecipe
        The model's.
    recorder : SignalRecorder
        Knows the channels of the stream.

    Returns
    -------
    str
        Electrodes that will be interpolated; empty where there is none.

    Raises
    ------
    DataError
        When more than a fifth would have to be interpolated, with the list.
    """
    import mne

    from bci_dann.serving.headsets.electrodes import match_electrodes

    info = mne.create_info(recorder.ch_names, recorder.sfreq, recorder.ch_types, verbose="error")
    info.rename_channels(
        {old: new for old, new in recipe.layout.rename.items() if old in info.ch_names}
    )
    empty = mne.io.RawArray([[0.0]] * len(info.ch_names), info, verbose="error")
    return match_electrodes(empty, recipe, (), {}).listed()
