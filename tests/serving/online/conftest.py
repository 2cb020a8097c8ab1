"""Models trained on causally filtered trials of simulated subjects, and a new subject's signal."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import serving
from bci_dann.data import SimulatedMI
from bci_dann.serving import OnlineDecoder

DATA = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}


def fitted(cache, **preprocessing):
    steps = {"band": [8, 30], "filter_method": "causal", **preprocessing}
    config = {
        "name": "my",
        "data": DATA,
        "preprocessing": steps,
        "pipelines": ["ea_csp_lda"],
        "protocols": ["train"],
    }
    return serving.fit_model(config, cache_dir=cache)


@pytest.fixture(scope="session")
def new_subject():
    return SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]


@pytest.fixture(scope="session")
def causal_model(new_subject, tmp_path_factory):
    """Trained on windows from 0.5 to 3.5 s, and adapted to the new subject."""
    folder = tmp_path_factory.mktemp("causal")
    model = fitted(folder, window=[0.5, 3.5], notch=50)
    return serving.adapt_model(model, new_subject).model


@pytest.fixture(scope="session")
def signal(new_subject):
    """The first 60 s of the new subject (µV), 15 channels at 128 Hz."""
    return new_subject.get_data(units="uV")[:, : 60 * 128]


@pytest.fixture
def decoder(causal_model, new_subject):
    """Return a decoder of the simulated stream."""

    def make(**options):
        options = {"sfreq": 128.0, "ch_names": new_subject.ch_names, "step": 0.5, **options}
        return OnlineDecoder(causal_model, **options)

    return make


@pytest.fixture
def pushed():
    """Push a signal in chunks of given sizes, and return all decisions."""

    def push(decoder, signal, sizes=(64,)):
        edges = np.cumsum(np.resize(sizes, 1 + 2 * signal.shape[1] // max(1, int(np.mean(sizes)))))
        edges = edges[edges < signal.shape[1]]
        return [one for part in np.split(signal, edges, axis=1) for one in decoder.push(part)]

    return push
