"""The channels of a stream that a model wants, in its order, and their reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.channels.electrode_names import channels_named, resolve_names
from bci_dann.exceptions import DataError
from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["StreamChannels"]


class StreamChannels:
    """Picks channels by name, whatever their order and spelling, and subtracts the reference.

    Parameters
    ----------
    recipe : ModelRecipe
        The model's channels and reference.
    ch_names : sequence of str
        The channels of the stream.
    rename : mapping of str to str, or None
        New names of channels, beside those of training.

    Raises
    ------
    DataError
        When channels are missing, with a list, or a name means several.
    """

    def __init__(
        self,
        recipe: ModelRecipe,
        ch_names: Sequence[str],
        rename: Mapping[str, str] | None = None,
    ) -> None:
        self.stream_names = [str(name) for name in ch_names]
        repeated = sorted({n for n in self.stream_names if self.stream_names.count(n) > 1})
        if repeated:
            raise DataError(f"several channels of the stream have the names {repeated}.")
        steps = recipe.preprocessing
        names = _renamed(self.stream_names, {**recipe.layout.rename, **(rename or {})})
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
        """The channels that are read: those of the model, then others of the reference."""
        others = self._picks[len(self.names) :]
        return [*self.names, *(self.stream_names[index] for index in others)]

    def picked(self, chunk: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the channels that are read.

        Parameters
        ----------
        chunk : ndarray, shape (n_stream_chans, n_samples)
            All channels of the stream.

        Returns
        -------
        ndarray, shape (n_picked, n_samples)
            A copy.
        """
        return np.asarray(chunk[self._picks], dtype=np.float64)

    def referenced(self, picked: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the channels of the model, re-referenced as in training.

        Parameters
        ----------
        picked : ndarray, shape (n_picked, n_samples)
            As recorded.

        Returns
        -------
        ndarray, shape (n_chans, n_samples)
            In the order of the model.
        """
        signals = picked[: len(self.names)]
        if not self._reference:
            return signals
        return np.asarray(signals - picked[self._reference].mean(axis=0))


def _renamed(names: list[str], rename: Mapping[str, str]) -> list[str]:
    new_names = {name: new for old, new in rename.items() for name in channels_named(old, names)}
    return [new_names.get(name, name) for name in names]


def _indices(wanted: Sequence[str], names: list[str]) -> list[int]:
    resolved = resolve_names(wanted, names)
    missing = [name for name in resolved if name not in names]
    if missing:
        raise DataError(
            f"the stream lacks the channels {missing}, which the model needs. It has "
            f"{', '.join(names)}. Give their names in the stream with --rename OLD=NEW (or rename= "
            "in Python), or train a model on the channels that there are."
        )
    return [names.index(name) for name in resolved]
