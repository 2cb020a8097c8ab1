"""Where live decisions go: lines of JSON, and a stream of the Lab Streaming Layer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Protocol

import numpy as np

from bci_dann.serving.live.lsl_stream import load_lsl
from bci_dann.serving.online.decision import Decision

__all__ = ["DecisionOutlet", "DecisionSink", "JSONLines"]


class DecisionSink(Protocol):
    """Takes decisions one by one."""

    def take(self, decision: Decision) -> None:
        """Take a decision, at once.

        Parameters
        ----------
        decision : Decision
            The next one.
        """

    def close(self) -> None:
        """Write what is left."""


class JSONLines:
    """Writes each decision as a line of JSON.

    Parameters
    ----------
    file : text file
        Open for writing; it stays open.
    classes : sequence of str
        Names of the probabilities.
    """

    def __init__(self, file: IO[str], classes: Sequence[str]) -> None:
        self._file, self._classes = file, list(classes)

    def take(self, decision: Decision) -> None:
        """Write a line, and hand it to the system at once.

        Parameters
        ----------
        decision : Decision
            The next one.
        """
        content = decision.as_dict(self._classes)
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()


class DecisionOutlet:
    """A stream of the probabilities, for programs that listen to the Lab Streaming Layer.

    It has one channel a class, and ``ok``: 1, or 0 where probabilities are NaN. Its rate is
    irregular, and its times are those of the decisions.

    Parameters
    ----------
    name : str
        Of the stream.
    classes : sequence of str
        Names of the probabilities.

    Raises
    ------
    InstallationError
        When mne-lsl is not installed.
    """

    def __init__(self, name: str, classes: Sequence[str]) -> None:
        lsl = load_lsl()
        labels = [*(f"p_{one}" for one in classes), "ok"]
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
            The next one.
        """
        values = np.array([*decision.probabilities, float(decision.ok)], dtype=np.float32)
        self._outlet.push_sample(values, timestamp=decision.time)

    def close(self) -> None:
        """End the stream."""
        del self._outlet
