"""A model of three subjects, in a folder and in memory, and recordings of a fourth."""

from __future__ import annotations

import mne
import pytest
import yaml

from bci_dann import serving
from bci_dann.serving import ServedModel

EVENTS = {"769": "left_hand", "770": "right_hand"}
UNCHANGED = {"baseline": None, "preload": True}


@pytest.fixture(scope="session")
def training(recordings, tmp_path_factory):
    """What `fit_model` takes to train a decoder of spatial patterns on the three subjects."""
    folder = tmp_path_factory.mktemp("training")
    step = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}
    content = {"name": "csp", "paradigms": ["LeftRightImagery"], "pipeline": [step]}
    (folder / "csp.yml").write_text(yaml.safe_dump(content))
    layout = {"pattern": "s{subject}/run_raw.fif", "events": EVENTS, "interval": [0.0, 2.0]}
    config = {
        "name": "mine",
        "data": {"dataset": "Recordings", "recordings": layout},
        "pipelines": [str(folder / "csp.yml")],
        "protocols": ["train"],
    }
    return {
        "config": config,
        "data_dir": recordings / "sources",
        "cache_dir": folder / "cache",  # session fixtures are made before folders are fenced off
    }


@pytest.fixture
def pipelines(training, tmp_path):
    """Return arguments of `fit_model` whose pipelines have the given steps."""

    def make(**steps):
        paths = []
        for name, step in steps.items():
            content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": [step]}
            paths.append(tmp_path / f"{name}.yml")
            paths[-1].write_text(yaml.safe_dump(content))
        return {**training, "config": {**training["config"], "pipelines": [str(p) for p in paths]}}

    return make


@pytest.fixture(scope="session")
def folder(training, tmp_path_factory):
    """The model's folder; not to be changed."""
    out = tmp_path_factory.mktemp("model")
    serving.fit_model(**training, out=out)
    return out


@pytest.fixture(scope="session")
def model(folder):
    return serving.open_model(folder)


@pytest.fixture(scope="session")
def first(recordings):
    return recordings / "new" / "first_raw.fif"


@pytest.fixture(scope="session")
def second(recordings):
    return recordings / "new" / "second_raw.fif"


@pytest.fixture(scope="session")
def adapted(model, first):
    """The model, adapted to the first recording of the new subject."""
    return serving.adapt_model(model, first).model


@pytest.fixture
def raw(second):
    return mne.io.read_raw(second, preload=True, verbose="error")


@pytest.fixture
def with_recipe(model):
    """Return the same model with other values in the recipe's layout or preprocessing."""

    def change(layout=None, **preprocessing):
        recipe = model.recipe
        changed = {
            "layout": recipe.layout.model_copy(update=layout or {}),
            "preprocessing": recipe.preprocessing.model_copy(update=preprocessing),
        }
        return ServedModel(model.estimator, recipe.model_copy(update=changed))

    return change


@pytest.fixture
def cut(raw):
    """Cut epochs of the second recording, filtered as the model wants, in some window."""

    def make(start=0.0, stop=2.0, recording=None, band=(8, 32), **more):
        continuous = (raw if recording is None else recording).copy()
        if band is not None:
            continuous.filter(*band, method="iir", picks="data", verbose="error")
        events, names = mne.events_from_annotations(continuous, verbose="error")
        return mne.Epochs(
            continuous, events, names, start, stop, **{**UNCHANGED, **more}, verbose="error"
        )

    return make
