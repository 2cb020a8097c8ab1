"""A model of windows of a second, a new subject's signal, and streams on loopback alone."""

from __future__ import annotations

import os
import uuid

import numpy as np
import pytest

from bci_dann import serving
from bci_dann.data import SimulatedMI

SFREQ = 128.0
LOOPBACK = """\
[multicast]
ResolveScope = machine
ListenAddress = 127.0.0.1
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""


@pytest.fixture(scope="session")
def lsl(tmp_path_factory):
    """The library of streams; none of this leaves the machine."""
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text(LOOPBACK)
    os.environ["LSLAPICFG"] = str(path)  # read when liblsl is loaded
    return pytest.importorskip("mne_lsl.lsl", reason="mne-lsl is not installed")


@pytest.fixture(scope="session")
def new_subject():
    return SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]


@pytest.fixture(scope="session")
def short_model(new_subject, tmp_path_factory):
    config = {
        "name": "my",
        "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}},
        "preprocessing": {"band": [8, 30], "filter_method": "causal", "window": [0.5, 1.5]},
        "pipelines": ["ea_csp_lda"],
        "protocols": ["train"],
    }
    fitted = serving.fit_model(config, cache_dir=tmp_path_factory.mktemp("cache"))
    return serving.adapt_model(fitted, new_subject).model


@pytest.fixture
def name():
    return f"eeg-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def outlet(lsl, new_subject, name):
    """Return a stream that is fed by hand, as an amplifier's program does."""

    def make(name=name, source_id=None, ch_names=new_subject.ch_names, units="microvolts"):
        n, source_id = len(ch_names), source_id or uuid.uuid4().hex
        info = lsl.StreamInfo(name, "EEG", n, SFREQ, "float32", source_id)
        info.set_channel_names(list(ch_names))
        info.set_channel_types("eeg")
        if units:
            info.set_channel_units(units)
        return lsl.StreamOutlet(info)

    return make


@pytest.fixture(scope="session")
def signal(new_subject):
    """Samples first (µV), as streams want them."""
    return np.ascontiguousarray(new_subject.get_data(units="uV").T.astype(np.float32))
