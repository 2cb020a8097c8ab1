"""Cues and annotation names of a session, as required by a saved model."""

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
    """Classes of a session, and the names and times of their annotations.

    Parameters
    ----------
    classes : sequence of str
        Tasks of the subject.
    task_s : float
        Duration of the task (s).
    events : mapping of str to str
        Names of annotations by class, if they differ from the name of the class.
    lead_s : float
        Time by which the annotation precedes the cue (s): in the recordings of some models, the
        event marks the start of the trial, and the task starts later.
    hints : sequence of str
        Command-line options that the model needs to read the recording.
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
        """Return the cues for a model, or for classes without a model.

        Parameters
        ----------
        recipe : ModelRecipe or None
            Recipe of the model.
        classes : sequence of str
            Tasks of the subject; empty for all classes of the model.
        rest : bool
            Whether to add the class ``rest``.
        task_s : float or None
            Duration of the task (s); by default as in training, or 4.

        Returns
        -------
        ModelCues
            Consistent with the model.

        Raises
        ------
        ConfigError
            When a class is not a class of the model, or its trials are longer than the task.
        """
        if isinstance(classes, str):
            raise ConfigError(
                f"classes must be a list of names, such as [{classes!r}]; got a single text."
            )
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
                f"task must be at least {needed:g} s, because the trials of the model end "
                f"{needed:g} s after the cue; got {task_s:g} s."
            )
        events = {name: _event_of(recipe, name) for name in wanted}
        task = max(needed, stop - start) if task_s is None else task_s
        return cls(wanted, task, events, start, _hints(recipe, events))

    def event(self, label: str) -> str:
        """Return the name of the annotation of a class.

        Parameters
        ----------
        label : str
            Name of the class.

        Returns
        -------
        str
            Name of the event in the recipe of the model.
        """
        return self.events.get(label, label)


def _event_of(recipe: ModelRecipe, name: str) -> str:
    """Return an event that stands for the class in every run; otherwise the class itself."""
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
    """Raise an error if a stream lacks too many electrodes of a model.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe of the model.
    recorder : SignalRecorder
        Recorder with the channels of the stream.

    Returns
    -------
    str
        Electrodes that will be interpolated, as text; empty if there are none.

    Raises
    ------
    DataError
        When more than a fifth of the electrodes would have to be interpolated, or two channels have
        the same name after the renaming of training.
    """
    import mne

    from bci_dann.serving.headsets.electrodes import match_electrodes
    from bci_dann.serving.online.stream_channels import renamed_channels

    names = renamed_channels(recorder.ch_names, recipe.layout.rename)
    info = mne.create_info(names, recorder.sfreq, recorder.ch_types, verbose="error")
    empty = mne.io.RawArray([[0.0]] * len(info.ch_names), info, verbose="error")
    return match_electrodes(empty, recipe, (), {}).listed()
