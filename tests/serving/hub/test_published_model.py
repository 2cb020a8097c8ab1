"""Published copies of models: no names of subjects, equal predictions."""

from __future__ import annotations

import shutil

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann import serving
from bci_dann.data import CombinedDataConfig
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.serving import ServedModel
from bci_dann.serving.published_model import published_model, published_recipe

# of the library's upload by Git LFS
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
SUBJECTS = ("annalena", "bertrand", "carlotta")


@pytest.fixture(scope="module")
def named(training, recordings, first, tmp_path_factory):
    """A model of subjects with names, two for training, adapted to a recording of a third."""
    folder = tmp_path_factory.mktemp("ward7")
    for number, name in enumerate(SUBJECTS, start=1):
        (folder / name).mkdir()
        source = recordings / "sources" / f"s{number}" / "run_raw.fif"
        shutil.copy(source, folder / name / "nightshift_raw.fif")
    layout = training["config"]["data"]["recordings"]
    layout = {**layout, "pattern": "{subject}/nightshift_raw.fif"}
    data = {"dataset": "Recordings", "recordings": layout, "subjects": list(SUBJECTS)}
    config = {**training["config"], "data": data}
    cache = training["cache_dir"]
    fitted = serving.fit_model(config, exclude=["carlotta"], data_dir=folder, cache_dir=cache)
    raw = mne.io.read_raw(first, verbose="error").resample(100.0, verbose="error")
    raw.save(folder / "dorothea_raw.fif", verbose="error")
    adapted = serving.adapt_model(fitted, folder / "dorothea_raw.fif").model
    assert adapted.recipe.adapted_by
    return adapted


def test_uploads_contain_no_names_of_subjects_and_recordings(hub, token, named, second):
    with pytest.warns(BCIDannWarning, match=r"adapted to one subject.*with their consent"):
        named.push_to_hub("lab/model")
    files = hub.files("lab/model")
    for secret in (*SUBJECTS, "dorothea", "nightshift", "ward7", "pytest"):
        assert [name for name, content in files.items() if secret.encode() in content] == []
    card = files["README.md"].decode()
    for line in (
        "32 trials (of 32 cues) of 2 subjects in 2 sessions",
        "- Left out of training: 1 subject without name",
        "- recording 1: 16 trials",
    ):
        assert line in card
    again = ServedModel.from_pretrained("lab/model")
    assert again.recipe.adapted_by[0].startswith("recording 1: Recorded at 100 Hz")
    tables = [serving.predict_recordings(one, second) for one in (again, named)]
    pd.testing.assert_frame_equal(*tables)


def test_a_model_after_partial_adapt_is_published_with_its_state(model, second):
    trials = serving.prepare(second, model)
    followed = ServedModel(model.estimator.partial_adapt(trials[:4]), model.recipe)
    published = ServedModel(*published_model(followed.estimator, followed.recipe))
    assert len(published.estimator.domains_) == len(followed.estimator.domains_) == 4
    assert not set(published.estimator.domains_) & set(followed.estimator.domains_)
    new = trials.X[4:]
    for one, other in (
        (published.estimator, followed.estimator),
        (published.estimator.adapt(new), followed.estimator.adapt(new)),
    ):
        np.testing.assert_array_equal(one.predict_proba(new), other.predict_proba(new))
    assert published.estimator.partial_adapt(new).predict_proba(new).shape == (len(new), 2)


def test_a_model_that_contains_eeg_is_refused(model, second, monkeypatch):
    monkeypatch.setattr(type(model.estimator), "is_incremental", False)  # then trials are kept
    trials = serving.prepare(second, model)
    following = ServedModel(model.estimator.partial_adapt(trials), model.recipe)
    with pytest.raises(ConfigError, match=r"contains EEG of the subject .*recent\.X"):
        ServedModel(*published_model(following.estimator, following.recipe))


def test_paths_that_units_or_events_depend_on_are_published_with_a_warning(model):
    layout = model.recipe.layout
    for changed, told in (
        ({"unit_scale": {"S3*.fif": 1e-6}}, r"S3\*\.fif"),
        ({"events": {"T1": {"04": "left_hand", "06": "right_hand"}}}, "04, 06"),
    ):
        recipe = model.recipe.model_copy(update={"layout": layout.model_copy(update=changed)})
        with pytest.warns(BCIDannWarning, match=f"are published: .*{told}"):
            assert published_recipe(recipe).layout.pattern == layout.pattern
    assert published_recipe(model.recipe).layout.pattern == "{subject}"


def test_public_datasets_keep_the_numbers_of_their_subjects(model):
    data = model.recipe.data.model_copy(
        update={
            "dataset": "BNCI2014_001",
            "recordings": None,
            "subjects": [1, 2, 3],
            "params": {"path": "/home/me", "n": 1},
        }
    )
    recipe = published_recipe(model.recipe.model_copy(update={"data": data, "excluded": ["4"]}))
    assert (recipe.data.subjects, recipe.excluded) == ([1, 2, 3], ["4"])
    assert recipe.data.params == {"n": 1}
    assert {row["subject"] for row in recipe.account} == {"1", "2", "3"}


def test_names_of_several_datasets_are_replaced_as_for_a_single_one(model):
    layout = model.recipe.layout.model_copy(update={"pattern": "{subject}/nightshift.fif"})
    wards = [
        {"name": name, "dataset": "Recordings", "folder": name, "recordings": layout.model_dump()}
        for name in ("WardA", "WardB")
    ]
    data = CombinedDataConfig(datasets=[*wards, {"dataset": "BNCI2014_001", "subjects": [1, 2]}])
    names = ("WardA:annalena", "WardB:annalena", "BNCI2014_001:1")
    counts = {"file": "x", "session": "s", "run": "r", "event": "e", "found": 1, "used": 1}
    rows = [{**counts, "subject": name} for name in names]
    changed = {"data": data, "account": rows, "excluded": ["WardA:bertrand", "BNCI2014_001:2"]}
    recipe = published_recipe(model.recipe.model_copy(update=changed))
    assert [row["subject"] for row in recipe.account] == ["WardA:1", "WardB:2", "BNCI2014_001:1"]
    assert recipe.excluded == ["BNCI2014_001:2", "1 subject without name"]
    text = recipe.model_dump_json()
    assert not any(secret in text for secret in (*SUBJECTS, "nightshift"))
    assert type(recipe).model_validate_json(text) == recipe
