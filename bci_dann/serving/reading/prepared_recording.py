"""A recording of a new subject as trials, with the table of all of its cues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials

__all__ = ["PreparedRecording"]


@dataclass(frozen=True)
class PreparedRecording:
    """Trials of a recording, and all of its cues.

    Parameters
    ----------
    label : str
        Name of the recording in tables and messages.
    trials : EEGTrials or None
        The trials, in the order of the usable cues; ``None`` if no cue is usable.
    cues : pandas.DataFrame
        The columns of :func:`bci_dann.data.screening.cues.cue_table`, and ``onset`` (s).
    events : dict of str to int
        Number of occurrences of each event in the recording.
    differences : str
        How the recording was changed because it differs from the training recordings, or empty.
    interpolated : tuple of str
        Interpolated electrodes of the model, by their names in the recording or the model.
    identity : mapping of str to str
        What the recording tells of its subject; see
        :func:`bci_dann.serving.checks.subject_identity.subject_identity`.
    """

    label: str
    trials: EEGTrials | None
    cues: pd.DataFrame
    events: dict[str, int]
    differences: str = ""
    interpolated: tuple[str, ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)

    def require_trials(self) -> EEGTrials:
        """Return the trials, or raise an error if there are none.

        Returns
        -------
        EEGTrials
            The trials.

        Raises
        ------
        DataError
            When no cue is usable, with the reasons.
        """
        if self.trials is None:
            from bci_dann.data.screening.cues import left_out_sentence

            reasons = left_out_sentence(self.cues["left_out"].value_counts().to_dict())
            raise DataError(
                f"{self.label} has no usable trials: all {len(self.cues)} cues were left out "
                f"({reasons}). Check the recording and the preprocessing."
            )
        return self.trials
