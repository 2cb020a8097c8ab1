"""Small recordings on disk: noise with cues every four seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import mne
import numpy as np
import pytest

from bci_dann.data import DataConfig, load_dataset

# The writers of formats that stand beside the tests.
sys.path.insert(0, str(Path(__file__).parent))

SFREQ, SECONDS = 100.0, 40
EVENTS = {"left": "left_hand", "right": "right_hand"}


@pytest.fixture(scope="session")
def layout():
    """Return the keys of a layout for the files that ``write_fif`` writes."""
    return {"pattern": "s{subject}/{session}_raw.fif", "events": EVENTS, "interval": (0, 3)}


@pytest.fixture(scope="session")
def make_raw():
    """Return a function that draws a recording of 40 s with nine cues, from 2 s on."""

    def make(seed=0, names=("C3", "Cz", "C4"), scale=1e-5, events=("left", "right")):
        rng = np.random.default_rng(seed)
        info = mne.create_info(list(names), SFREQ, "eeg")
        signals = scale * rng.standard_normal((len(names), int(SFREQ * SECONDS)))
        raw = mne.io.RawArray(signals, info, verbose="error")
        onsets = np.arange(2, SECONDS - 4, 4.0)
        labels = [events[i % len(events)] for i in range(len(onsets))]
        return raw.set_annotations(mne.Annotations(onsets, 0, labels))

    return make


@pytest.fixture(scope="session")
def write_fif():
    """Return a function that writes a recording where the layout expects it."""

    def write(folder, subject, session, raw):
        path = folder / f"s{subject}" / f"{session}_raw.fif"
        path.parent.mkdir(exist_ok=True)
        raw.save(path, verbose="error")
        return path

    return write


@pytest.fixture
def folder(tmp_path, make_raw, write_fif):
    """Return a folder of two subjects with two sessions each."""
    for subject in ("A", "B"):
        for session in ("01", "02"):
            raw = make_raw(seed=int(session) + 10 * ord(subject))
            write_fif(tmp_path, subject, session, raw)
    return tmp_path


@pytest.fixture(scope="session")
def load(layout):
    """Return a function that loads a folder, with changes to the layout."""

    def load_trials(folder, keys=layout, steps=None, **changes):
        config = DataConfig(dataset="Recordings", recordings={**keys, **changes})
        return load_dataset(config, data_dir=folder, preprocessing=steps or {"band": None})

    return load_trials


@pytest.fixture(scope="session")
def write_edf():
    """Return a function that writes a plain EDF file of noise, one record a second."""

    def write(path, n_records=20, n_signals=2, sfreq=100, header_records=None):
        names = ["C3", "C4"]
        fields = [
            (16, names), (80, [""] * 2), (8, ["uV"] * 2), (8, ["-1000"] * 2), (8, ["1000"] * 2),
            (8, ["-32768"] * 2), (8, ["32767"] * 2), (80, [""] * 2), (8, [str(sfreq)] * 2),
            (32, [""] * 2),
        ]  # fmt: skip
        promised = n_records if header_records is None else header_records
        head = f"{'0':<8}{'X':<80}{'X':<80}01.01.2001.01.01{256 * 3:<8}{'':<44}{promised:<8}{1:<8}"
        head += f"{n_signals:<4}" + "".join(f"{v:<{w}}" for w, values in fields for v in values)
        noise = np.random.default_rng(0).integers(-500, 500, n_records * n_signals * sfreq)
        path.write_bytes(head.encode() + noise.astype("<i2").tobytes())
        return path

    return write


@pytest.fixture(scope="session")
def cut_samples():
    """Return a function that keeps the first seconds of three channels of float32."""

    def cut(path, seconds):
        path.write_bytes(path.read_bytes()[: int(seconds * SFREQ) * 3 * 4])

    return cut


@pytest.fixture(scope="session")
def write_bids():
    """Return a function that writes a recording as BIDS, in the format of BrainVision."""

    def write(root, subject, raw, task="imagery", **entities):
        import mne_bids

        raw.info["line_freq"] = 50
        path = mne_bids.BIDSPath(subject=subject, task=task, root=root, datatype="eeg", **entities)
        mne_bids.write_raw_bids(
            raw, path, format="BrainVision", allow_preload=True, verbose="error"
        )

    return write
