"""EEG trials from MOABB datasets, folders of recordings and a simulator.

Public names are imported on first use, since importing MOABB takes seconds, and reading cached
trials does not need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.data.cache import open_trials
    from bci_dann.data.combined.combined_config import CombinedDataConfig, CombinedEntry
    from bci_dann.data.dataset_names import check_dataset_name
    from bci_dann.data.datasets import DataConfig, make_dataset
    from bci_dann.data.loading import load_dataset, prepare_trials
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.recordings.folder import Recordings
    from bci_dann.data.recordings.layout import RecordingsLayout
    from bci_dann.data.regimes.derivation import derive_trials
    from bci_dann.data.regimes.regime import Regime
    from bci_dann.data.regimes.worlds import World, Worlds, draw_world
    from bci_dann.data.screening.examination import Examination, examine_recordings
    from bci_dann.data.signal_checks import check_signals
    from bci_dann.data.simulation.simulated import SimulatedMI
    from bci_dann.data.simulation.subject_shift import Shift
    from bci_dann.data.trials import EEGTrials
    from bci_dann.data.windows.pseudo_online import PseudoOnline

_MODULES = {
    "CombinedDataConfig": "combined.combined_config",
    "CombinedEntry": "combined.combined_config",
    "DataConfig": "datasets",
    "EEGTrials": "trials",
    "Examination": "screening.examination",
    "Preprocessing": "preprocessing",
    "PseudoOnline": "windows.pseudo_online",
    "Recordings": "recordings.folder",
    "RecordingsLayout": "recordings.layout",
    "Regime": "regimes.regime",
    "Shift": "simulation.subject_shift",
    "SimulatedMI": "simulation.simulated",
    "World": "regimes.worlds",
    "Worlds": "regimes.worlds",
    "check_dataset_name": "dataset_names",
    "check_signals": "signal_checks",
    "derive_trials": "regimes.derivation",
    "draw_world": "regimes.worlds",
    "examine_recordings": "screening.examination",
    "load_dataset": "loading",
    "make_dataset": "datasets",
    "open_trials": "cache",
    "prepare_trials": "loading",
}

__all__ = [
    "CombinedDataConfig",
    "CombinedEntry",
    "DataConfig",
    "EEGTrials",
    "Examination",
    "Preprocessing",
    "PseudoOnline",
    "Recordings",
    "RecordingsLayout",
    "Regime",
    "Shift",
    "SimulatedMI",
    "World",
    "Worlds",
    "check_dataset_name",
    "check_signals",
    "derive_trials",
    "draw_world",
    "examine_recordings",
    "load_dataset",
    "make_dataset",
    "open_trials",
    "prepare_trials",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
