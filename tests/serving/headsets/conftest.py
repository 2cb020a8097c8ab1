"""A recipe of ten electrodes, and a recording of sixteen on which smooth potentials lie."""

from __future__ import annotations

from types import SimpleNamespace

import mne
import numpy as np
import pytest

from bci_dann.data import DataConfig, Preprocessing, RecordingsLayout
from bci_dann.data.montages import standard_montage
from bci_dann.serving import ModelRecipe, ServedModel

MODEL = ["F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "T7"]
OTHERS = ["FC3", "FC4", "CP3", "CP4", "C1", "C2"]
SFREQ, N_CUES = 100.0, 8


@pytest.fixture
def raw():
    """Ten sources of 10 µV far below the scalp, seen by sixteen electrodes of another headset."""
    rng = np.random.default_rng(0)
    names = [*OTHERS, *MODEL]
    places = standard_montage("standard_1005").get_positions()["ch_pos"]
    positions = np.array([places[name] for name in names])
    sources = 0.05 * rng.standard_normal((10, 3))
    gains = np.exp(-np.square(positions[:, None] - sources).sum(axis=2) / 0.08**2)
    samples = 1e-5 * gains @ rng.standard_normal((10, int(SFREQ * (4 * N_CUES + 4))))
    samples += 1e-7 * rng.standard_normal(samples.shape)
    recording = mne.io.RawArray(samples, mne.create_info(names, SFREQ, "eeg"), verbose="error")
    onsets = 1.0 + 4.0 * np.arange(N_CUES)
    return recording.set_annotations(mne.Annotations(onsets, 0.0, ["go"] * N_CUES))


@pytest.fixture
def served():
    """Return a model of some preprocessing, whose estimator only knows the length of trials."""

    def make(**preprocessing):
        steps = {"band": (8, 30), "window": (0.0, 2.0), "channels": MODEL} | preprocessing
        layout = RecordingsLayout(events={"go": "hand"}, pattern="{subject}", interval=(0, 2))
        recipe = ModelRecipe(
            pipeline="none",
            seed=0,
            classes=["hand", "rest"],
            sfreq=SFREQ,
            data=DataConfig(dataset="SimulatedMI"),
            preprocessing=Preprocessing(**steps),
            layout=layout,
        )
        return ServedModel(SimpleNamespace(n_times_=201), recipe)

    return make


@pytest.fixture
def cut():
    """Return a function that cuts a recording into epochs as the model wants them."""

    def make(recording):
        filtered = recording.copy().filter(8, 30, method="iir", picks="all", verbose="error")
        events, names = mne.events_from_annotations(recording, verbose="error")
        options = {"baseline": None, "preload": True, "proj": False, "verbose": "error"}
        return mne.Epochs(filtered, events, names, 0.0, 2.0, **options)

    return make
