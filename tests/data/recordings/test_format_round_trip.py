"""One recording in every format: the same trials, in training and in prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from format_writers import BRAINVISION, CLASSES, FORMATS, Content, write_brainvision, write_edf

from bci_dann import load_dataset, serving
from bci_dann.data import DataConfig
from bci_dann.exceptions import DataError

SFREQ, N_TIMES = 512.0, 512 * 60
NAMES = ["F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "Oz"]
STEPS = {"band": None, "window": (0.5, 1.5)}
FIRST, LAST = 256, 768  # samples of the window


def content_of(seed, n_cues=12):
    """Draw noise of which no two stretches are alike, and cues at any sample."""
    rng = np.random.default_rng(seed)
    samples = (SFREQ * (2 + 4.5 * np.arange(n_cues) + rng.uniform(0, 1, n_cues))).astype(int)
    labels = rng.permutation([CLASSES[k % 2] for k in range(n_cues)])
    cues = list(zip(samples.tolist(), labels.tolist(), strict=True))
    return Content(rng.normal(0, 1e-5, (len(NAMES), N_TIMES)), NAMES, SFREQ, cues)


@pytest.fixture(scope="module")
def contents():
    return {"1": content_of(1), "2": content_of(2)}


@pytest.fixture(scope="module", params=FORMATS)
def written(request, contents, tmp_path_factory):
    """Two subjects in one format: its name, their folder, and the files."""
    folder = tmp_path_factory.mktemp("written")
    form = FORMATS[request.param]
    return request.param, folder, {s: form.write(folder, s, contents[s]) for s in contents}


def run_of(name, **changes):
    layout = {**FORMATS[name].layout, "interval": (0, 2), **changes}
    data = {"dataset": "Recordings", "recordings": layout}
    return {
        "name": "formats",
        "data": data,
        "preprocessing": STEPS,
        "pipelines": ["csp_lda"],
        "protocols": ["train"],
    }


def load(folder, name, **changes):
    config = DataConfig(**run_of(name, **changes)["data"])
    return load_dataset(config, data_dir=folder, preprocessing=STEPS)


def expected(content):
    """Return the trials of a recording (µV), cut by hand."""
    return np.stack([1e6 * content.signals[:, s + FIRST : s + LAST + 1] for s, _ in content.cues])


def test_the_trials_are_those_that_were_written(written, contents):
    name, folder, _ = written
    trials = load(folder, name)
    for subject, content in contents.items():
        own = trials.subjects == subject
        np.testing.assert_allclose(
            trials.X[own], expected(content), rtol=0, atol=FORMATS[name].precision
        )
        assert trials.y[own].tolist() == [label for _, label in content.cues]
    assert trials.account["found"].sum() == trials.account["used"].sum() == 24


def test_prediction_has_the_trials_of_training(written, contents):
    name, folder, files = written
    trials = load(folder, name)
    model = serving.fit_model(run_of(name), data_dir=folder)
    prepared = serving.prepare(files["2"], model)
    np.testing.assert_array_equal(prepared.X, trials.X[trials.subjects == "2"])
    table = serving.predict_recordings(model, files["2"])
    samples, labels = zip(*contents["2"].cues, strict=True)
    np.testing.assert_allclose(table["onset"], np.array(samples) / SFREQ, atol=1e-9)
    assert table["class"].tolist() == list(labels)
    assert (table["left_out"] == "").all()
    assert table["prediction"].isin(CLASSES).all()


def test_a_recording_that_is_split_has_parts(tmp_path, contents):
    FORMATS["fif split"].write(tmp_path, "1", contents["1"])
    assert len(list(tmp_path.iterdir())) > 1


@pytest.mark.parametrize("unit", ["V", "mV", "uV"])
@pytest.mark.parametrize(
    ("write", "name"), [(write_edf, "edf"), (write_brainvision, "brainvision")]
)
def test_units_that_a_file_names_are_converted(tmp_path, contents, unit, write, name):
    """Also one channel of another unit than the rest."""
    for subject, content in contents.items():
        units = [unit] * 9 + ["uV"]
        write(tmp_path, subject, replace(content, units=units))
    events = BRAINVISION if name == "brainvision" else FORMATS[name].layout["events"]
    trials = load(tmp_path, name, events=events)
    own = trials.subjects == "1"
    np.testing.assert_allclose(trials.X[own], expected(contents["1"]), rtol=0, atol=0.02)


def test_a_unit_that_mne_does_not_know_is_refused_for_what_it_makes_of_it(tmp_path, contents):
    for subject, content in contents.items():
        write_edf(tmp_path, subject, replace(content, units=["nV"] * 10))
    with pytest.raises(DataError, match=r"1.edf.* µV.*unit"):
        load(tmp_path, "edf")
