"""Selection and re-referencing of the channels of a stream for a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.channels.electrode_names import channels_named, resolve_names
from bci_dann.exceptions import DataError
from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["StreamChannels", "renamed_channels"]


class StreamChannels:
    """Picks the channels of a model by name, in its order, and subtracts the reference.

    Parameters
    ----------
    recipe : ModelRecipe
        Recipe with the channels and the reference of the model.
    ch_names : sequence of str
        Channel names of the stream.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.

    Raises
    ------
    DataError
        When channels are missing, or a name is ambiguous.
    """

    def __init__(
        self,
        recipe: ModelRecipe,
        ch_names: Sequence[str],
        rename: Mapping[str, str] | None = None,
    ) -> None:
        self.stream_names = [str(name) for name in ch_names]
        repeated = _repeated(self.stream_names)
        if repeated:
            raise DataError(
                f"several channels of the stream have the names {repeated}. Give each channel its "
                "own name in the amplifier's program."
            )
        steps = recipe.preprocessing
        names = renamed_channels(self.stream_names, {**recipe.layout.rename, **(rename or {})})
        self.names = list(steps.channels or names)
        wanted = _indices(self.names, names)
        if isinstance(steps.reference, list):
            others = _indices(steps.reference, names)
        else:
            others = wanted if steps.reference == "average" else []
        self._picks = np.array([*wanted, *(i for i in others if i not in wanted)])
        place = {int(index): k for k, index in enumerate(self._picks)}
        self._reference = [place[index] for index in others]

    @property
    def picked_names(self) -> list[str]:  # numpydoc ignore=RT01
        """The names of the picked channels: those of the model, then further reference channels."""
        others = self._picks[len(self.names) :]
        return [*self.names, *(self.stream_names[index] for index in others)]

    def picked(self, chunk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pick the channels of the model and of the reference.

        Parameters
        ----------
        chunk : ndarray, shape (n_stream_chans, n_samples)
            All channels of the stream.

        Returns
        -------
        ndarray, shape (n_picked, n_samples)
            A copy in double precision.
        """
        return np.asarray(chunk[self._picks], dtype=np.float64)

    def referenced(self, picked: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the channels of the model, with the reference subtracted.

        Parameters
        ----------
        picked : ndarray, shape (n_picked, n_samples)
            Picked channels, as recorded.

        Returns
        -------
        ndarray, shape (n_chans, n_samples)
            Channels in the order of the model.
        """
        signals = picked[: len(self.names)]
        if not self._reference:
            return signals
        return np.asarray(signals - picked[self._reference].mean(axis=0))


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def renamed_channels(names: Sequence[str], rename: Mapping[str, str]) -> list[str]:
    """Return the names of the channels of a stream after renaming.

    Parameters
    ----------
    names : sequence of str
        Names in the stream.
    rename : mapping of str to str
        Electrode names by channel name.

    Returns
    -------
    list of str
        One name for each channel.

    Raises
    ------
    DataError
        When several channels would have the same name.
    """
    new_names = {name: new for old, new in rename.items() for name in channels_named(old, names)}
    renamed = [new_names.get(name, name) for name in names]
    repeated = _repeated(renamed)
    if repeated:
        raise DataError(
            f"several channels of the stream have the names {repeated} after renaming. Give them "
            "different names with --rename OLD=NEW (or rename= in Python), or leave all but one of "
            "each out in the amplifier's program."
        )
    return renamed


def _indices(wanted: Sequence[str], names: list[str]) -> list[int]:
    resolved = resolve_names(wanted, names)
    missing = [name for name in resolved if name not in names]
    if missing:
        raise DataError(
            f"the stream lacks the channels {missing} of the model. Its channels are "
            f"{', '.join(names)}. Name them with --rename OLD=NEW (or rename= in Python), or train "
            "a model on channels that the stream has."
        )
    return [names.index(name) for name in resolved]
