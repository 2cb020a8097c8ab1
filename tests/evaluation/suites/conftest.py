"""MOABB's datasets with made-up signals: their own channels, classes, sessions and cues."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.montages import standard_montage

N_TRIALS = 3  # of each class in a run
PAUSE = 1.0  # s after each trial

ELECTRODES = standard_montage("standard_1005").ch_names
MOTOR = ["C3", "Cz", "C4"]

# Names and number of channels, sampling frequency (Hz), sessions and runs, as MOABB gives them.
# BNCI2014_002 has no electrode names.
LAYOUTS = {
    "BNCI2014_001": (22, 250.0, ["0train", "1test"], 2),
    "BNCI2014_002": ([f"EEG{n}" for n in range(1, 16)], 512.0, ["0"], 2),
    "BNCI2014_004": (MOTOR, 250.0, ["0train", "1train", "2train", "3test", "4test"], 1),
    "BNCI2015_001": (13, 512.0, ["0A", "1B"], 1),
    "Lee2019_MI": (62, 1000.0, ["0", "1"], 1),
    "Cho2017": (64, 512.0, ["0"], 1),
    "PhysionetMI": (64, 160.0, ["0"], 3),
    "Schirrmeister2017": (128, 500.0, ["0"], 2),
    "Dreyer2023": (27, 512.0, ["0"], 3),
}


def electrodes(channels):
    if not isinstance(channels, int):
        return list(channels)
    others = [name for name in ELECTRODES if name not in MOTOR]
    return [*MOTOR, *others[: channels - len(MOTOR)]]


def made_up_run(dataset, layout, seed):
    """Noise in which class n is louder on channel n, cues in a trigger channel."""
    channels, sfreq, *_ = layout
    names = electrodes(channels)
    rng = np.random.default_rng(seed)
    classes = list(dataset.event_id)
    start, end = dataset.interval
    period = end + PAUSE
    labels = rng.permutation(np.repeat(np.arange(len(classes)), N_TRIALS))
    n_times = int((period * len(labels) + 1) * sfreq)
    signals = rng.standard_normal((len(names), n_times))
    trigger = np.zeros(n_times)
    for place, label in enumerate(labels):
        begin = int((place * period + 0.5) * sfreq)
        trigger[begin] = dataset.event_id[classes[label]]
        task = slice(begin + int(start * sfreq), begin + int(end * sfreq))
        signals[label % len(names), task] *= 2.5
    info = mne.create_info([*names, "stim"], sfreq, ["eeg"] * len(names) + ["stim"])
    return mne.io.RawArray(np.vstack([1e-5 * signals, trigger]), info, verbose="error")


@pytest.fixture
def stand_ins(monkeypatch):
    """Give each dataset of the suites made-up recordings; return who was asked for."""
    import moabb.datasets

    asked = []
    monkeypatch.setenv("MOABB_DOWNLOAD_PROVIDER", "upstream")  # no mirror is asked first

    def loader(name, layout):
        def get(self, subject):
            asked.append((name, subject))
            _, _, sessions, n_runs = layout
            return {
                session: {
                    str(run): made_up_run(self, layout, [subject, place, run])
                    for run in range(n_runs)
                }
                for place, session in enumerate(sessions)
            }

        return get

    for name, layout in LAYOUTS.items():
        dataset_class = getattr(moabb.datasets, name)
        monkeypatch.setattr(dataset_class, "_get_single_subject_data", loader(name, layout))
        monkeypatch.setattr(dataset_class, "data_path", lambda self, subject, **options: [])
    return asked
