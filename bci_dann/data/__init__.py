"""Trials and where they come from: MOABB datasets, folders of recordings, the simulator.

Public names load on first use: MOABB takes seconds to import, and reading cached trials
does not need it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bci_dann.data.cache import open_trials
    from bci_dann.data.datasets import DataConfig, make_dataset
    from bci_dann.data.layout import RecordingsLayout
    from bci_dann.data.loading import load_dataset, prepare_trials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.recordings import Recordings
    from bci_dann.data.shift import Shift
    from bci_dann.data.simulated import SimulatedMI
    from bci_dann.data.trials import EEGTrials, check_signals

_HOME = {
    "DataConfig": "datasets",
    "EEGTrials": "trials",
    "Preprocessing": "preprocessing",
    "Recordings": "recordings",
    "RecordingsLayout": "layout",
    "Shift": "shift",
    "SimulatedMI": "simulated",
    "check_signals": "trials",
    "load_dataset": "loading",
    "make_dataset": "datasets",
    "open_trials": "cache",
    "prepare_trials": "loading",
}

__all__ = [
    "DataConfig",
    "EEGTrials",
    "Preprocessing",
    "Recordings",
    "RecordingsLayout",
    "Shift",
    "SimulatedMI",
    "check_signals",
    "load_dataset",
    "make_dataset",
    "open_trials",
    "prepare_trials",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bci_dann.data' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bci_dann.data.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
