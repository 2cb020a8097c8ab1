"""Outputs of live decisions: lines of JSON, and an LSL stream."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Protocol

import numpy as np

from bci_dann.serving.live.lsl_stream import load_lsl
from bci_dann.serving.online.decision import Decision

__all__ = ["DecisionOutlet", "DecisionSink", "JSONLines"]


class DecisionSink(Protocol):
    """Interface of an output that takes decisions one by one."""

    def take(self, decision: Decision) -> None:
        """Output a decision immediately.

        Parameters
        ----------
        decision : Decision
            The latest decision.
        """

    def close(self) -> None:
        """Write pending output."""


class JSONLines:
    """Writes each decision as a line of JSON.

    Parameters
    ----------
    file : text file
        File open for writing; it is not closed.
    classes : sequence of str
        Class names in the order of the probabilities.
    """

    def __init__(self, file: IO[str], classes: Sequence[str]) -> None:
        self._file, self._classes = file, list(classes)

    def take(self, decision: Decision) -> None:
        """Write a line and flush the file.

        Parameters
        ----------
        decision : Decision
            The latest decision.
        """
        content = decision.as_dict(self._classes)
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Flush the file."""
        self._file.flush()


class DecisionOutlet:
    """Sends probabilities as an LSL stream, for programs that receive LSL streams.

    The stream has a channel for each class, and the channel ``ok``: 1, or 0 if the probabilities
    are NaN. It has an irregular rate, and the time stamps of the decisions.

    Parameters
    ----------
    name : str
        Name of the LSL stream.
    classes : sequence of str
        Class names in the order of the probabilities.

    Raises
    ------
    InstallationError
        When mne-lsl is not installed.
    """

    def __init__(self, name: str, classes: Sequence[str]) -> None:
        lsl = load_lsl()
        labels = [*(f"p_{name}" for name in classes), "ok"]
        info = lsl.StreamInfo(
            name, "Probabilities", len(labels), 0.0, "float32", f"{name}-bci_dann"
        )
        info.set_channel_names(labels)
        self._outlet = lsl.StreamOutlet(info)

    def take(self, decision: Decision) -> None:
        """Send a decision.

        Parameters
        ----------
        decision : Decision
            The latest decision.
        """
        values = np.array([*decision.probabilities, float(decision.ok)], dtype=np.float32)
        self._outlet.push_sample(values, timestamp=decision.time)

    def close(self) -> None:
        """Close the LSL stream."""
        del self._outlet
