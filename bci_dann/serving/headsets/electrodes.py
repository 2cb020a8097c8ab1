"""Matching of the electrodes of a model with the channels of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    import mne

    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["Electrodes", "match_electrodes", "named_channels_of"]


@dataclass(frozen=True)
class Electrodes:
    """Which electrodes of a model a recording has, and which have to be interpolated.

    Parameters
    ----------
    present : tuple of str
        Electrodes of the model with a usable signal, by their names in the recording.
    replaced : dict of str to str
        Electrodes that have to be interpolated, with the reason; by their names in the recording,
        or in the model if the recording does not have them.
    donors : tuple of str
        Channels to interpolate from: all with a usable signal, also those the model does not use.
    """

    present: tuple[str, ...]
    replaced: Mapping[str, str]
    donors: tuple[str, ...]

    def listed(self) -> str:
        """Return the interpolated electrodes as text, grouped by reason.

        Returns
        -------
        str
            For example ``"C3, Cz (not in the recording); P8 (flat)"``.
        """
        names: dict[str, list[str]] = {}
        for name, reason in self.replaced.items():
            names.setdefault(reason, []).append(name)
        return "; ".join(f"{', '.join(some)} ({reason})" for reason, some in names.items())


def named_channels_of(recording: mne.io.BaseRaw | mne.BaseEpochs, names: Iterable[str]) -> set[str]:
    """Return the channels that a user names, with their spelling in the recording.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording.
    names : iterable of str
        Names of electrodes, in any spelling.

    Returns
    -------
    set of str
        Names of these channels in the recording.

    Raises
    ------
    ConfigError
        When the recording has no such channel.
    """
    from bci_dann.data.channels.electrode_names import channels_named

    found: set[str] = set()
    for name in names:
        channels = channels_named(name, recording.ch_names)
        if not channels:
            raise ConfigError(
                f"--bad {name} (or bads= in Python): the recording has no such channel."
                f"{did_you_mean(name, recording.ch_names)} Its channels are "
                f"{', '.join(recording.ch_names)}."
            )
        found.update(channels)
    return found


def match_electrodes(
    recording: mne.io.BaseRaw | mne.BaseEpochs,
    recipe: ModelRecipe,
    bads: Iterable[str],
    dead: Mapping[str, str],
) -> Electrodes:
    """Determine which electrodes of a model are present, and which are interpolated.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording, after renaming channels by the layout.
    recipe : ModelRecipe
        Recipe with the electrodes of the model.
    bads : iterable of str
        Channels that the user has named as bad, by their names in the recording.
    dead : mapping of str to str
        Channels without a signal, with a description of the fault.

    Returns
    -------
    Electrodes
        All electrodes of the model.

    Raises
    ------
    DataError
        When more than a fifth of the electrodes would have to be interpolated.
    """
    import mne

    from bci_dann.data.channels.electrode_names import resolve_names

    wanted = list(recipe.preprocessing.channels or [])
    names = resolve_names(wanted, recording.ch_names)
    marked = recording.info["bads"] if recipe.preprocessing.bads == "leave_out" else []
    unusable = {
        **dict.fromkeys(set(marked), "marked bad in the recording"),
        **dead,
        **dict.fromkeys(bads, "named as bad"),
    }
    replaced = {
        name: unusable.get(name, "not in the recording")
        for name in names
        if name in unusable or name not in recording.ch_names
    }
    eeg = mne.pick_types(recording.info, eeg=True, exclude=())
    candidates = dict.fromkeys([*names, *(recording.ch_names[i] for i in eeg)])
    donors = [one for one in candidates if one in recording.ch_names and one not in unusable]
    present = tuple(name for name in names if name not in replaced)
    electrodes = Electrodes(present, replaced, tuple(donors))
    _check_enough(electrodes, recording.ch_names)
    return electrodes


def _check_enough(electrodes: Electrodes, ch_names: Sequence[str]) -> None:
    from bci_dann.data.channels.electrode_names import standard_name
    from bci_dann.data.channels.interpolation import MAX_SHARE

    present, replaced = electrodes.present, electrodes.replaced
    n_all = len(present) + len(replaced)
    limit = int(MAX_SHARE * n_all)
    if len(replaced) <= limit:
        return
    missing = [name for name in replaced if name not in ch_names]
    unknown = [name for name in ch_names if standard_name(name) is None]
    guess = did_you_mean(missing[0], unknown) if missing else ""
    possible = f"at most {limit} (a fifth)" if limit else "with so few electrodes none"
    raise DataError(
        f"{electrodes.listed()}: no signal at {len(replaced)} of the model's {n_all} electrodes, "
        f"but {possible} can be interpolated.{guess} Electrodes of the model with a signal: "
        f"{', '.join(present) or 'none'}. Channels of the recording: {', '.join(ch_names)}. Name "
        "channels with --rename (or rename= in Python), or train a model on electrodes that both "
        "have, with preprocessing `channels`."
    )
