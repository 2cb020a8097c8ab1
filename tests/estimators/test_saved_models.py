"""Models on disk: what is kept of a fit, what a file may name, and damaged files."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bci_dann import load_model
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    NetworkClassifier,
    RiemannianClassifier,
    ShallowClassifier,
)
from bci_dann.exceptions import DataError
from bci_dann.persistence import ModelState


@pytest.fixture(scope="module")
def given(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=20, n_chans=4)
    X, y, subjects = eeg.without(1)
    return {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": eeg.of(1)[0]}


def description_of(folder):
    return json.loads((folder / "model.json").read_text())


def rewrite(folder, change):
    description = description_of(folder)
    change(description)
    (folder / "model.json").write_text(json.dumps(description))


# --- what is kept of a fit --------------------------------------------------------------------


@pytest.mark.parametrize("y", [["a", "b"], [0, 1], [False, True], [1.0, 2.0]])
def test_classes_keep_their_kind(given, tmp_path, y):
    labels = np.array(y)[(given["y"] == "b").astype(int)]
    model = ShallowClassifier().fit(given["X"], labels, subjects=given["subjects"])
    loaded = load_model(model.save(tmp_path / "model"))
    assert loaded.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(given["X"]), model.predict(given["X"]))


def test_names_of_channels_and_domains_are_kept(given, tmp_path, eeg_trials):
    sessions = np.repeat(["0", "1"], 20)
    source = eeg_trials(given["X"], given["y"], given["subjects"], sessions)
    model = RiemannianClassifier(n_windows=1, n_delays=1).fit(source, given["y"])
    loaded = load_model(model.save(tmp_path / "model"))
    for name in ("ch_names_", "sfreq_", "domains_", "n_times_", "n_features_in_"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.domains_ == ["2/0", "3/1"]
    other = eeg_trials(given["X"], given["y"], given["subjects"], sfreq=64.0)
    with pytest.raises(DataError, match="the model was fitted at 128"):
        loaded.predict(other)


def test_saving_twice_gives_the_same_files(given, tmp_path):
    model = ShallowClassifier().fit(**given)
    one = model.save(tmp_path / "one")
    two = load_model(one).save(tmp_path / "two")
    for name in ("model.json", "model.safetensors"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


# --- files that name code -----------------------------------------------------------------------

EVIL = "evil_module_of_a_model:Mine"
PLACES = {
    "alignment": lambda parameters: parameters.update(alignment=EVIL),
    "alignment mapping": lambda parameters: parameters.update(alignment={"name": EVIL}),
    "backbone": lambda parameters: parameters.update(backbone={"name": EVIL, "depth": 2}),
    "term": lambda parameters: parameters.update(terms={EVIL: 1.0}),
    "term in a list": lambda parameters: parameters.update(terms=["mcc", {"name": EVIL}]),
    "schedule": lambda parameters: parameters.update(terms={"mcc": {"schedule": EVIL}}),
    "weighting": lambda parameters: parameters.update(weighting={"name": EVIL}),
    "member": lambda parameters: parameters.update(members=[[{"name": EVIL}, 1.0]]),
}


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A module on Python's path that leaves a trace when it is run."""
    folder = tmp_path / "path"
    folder.mkdir()
    trace = tmp_path / "trace"
    (folder / "evil_module_of_a_model.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(folder)
    yield trace
    assert "evil_module_of_a_model" not in sys.modules


@pytest.fixture(scope="module")
def network(given, tmp_path_factory):
    model = DANNClassifier(max_epochs=1, random_state=0).fit(**given)
    return model.save(tmp_path_factory.mktemp("network"))


@pytest.mark.parametrize("place", PLACES)
def test_a_file_runs_no_code_wherever_it_names_it(network, evil, tmp_path, place):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.json", "model.safetensors"):
        (folder / name).write_bytes((network / name).read_bytes())
    rewrite(folder, lambda description: PLACES[place](description["parameters"]))
    with pytest.raises(DataError, match="import evil_module_of_a_model before you load the model"):
        load_model(folder)
    assert not evil.exists()


def test_a_class_that_is_not_imported_is_not_imported(network, evil, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.json", "model.safetensors"):
        (folder / name).write_bytes((network / name).read_bytes())
    rewrite(folder, lambda description: description.update({"class": EVIL}))
    with pytest.raises(DataError, match="uses 'evil_module_of_a_model:Mine', which is not part of"):
        load_model(folder)
    assert not evil.exists()


def test_a_member_of_an_ensemble_runs_no_code_either(given, evil, tmp_path):
    folder = EnsembleClassifier([(ShallowClassifier(), 1.0)]).fit(**given).save(tmp_path / "model")

    def change(description):
        description["members"][0]["parameters"]["alignment"] = EVIL

    rewrite(folder, change)
    with pytest.raises(DataError, match="import evil_module_of_a_model before"):
        load_model(folder)
    assert not evil.exists()


# --- files that are damaged or forged -----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update({"class": "Mine"}), "one of CalibratedClassifier, .*; got 'Mine'"),
        (lambda d: d.update({"class": "math:pi"}), "must be a subclass of"),
        (lambda d: d.update({"class": "sys:no_such"}), "the class of the saved model"),
        (lambda d: d.pop("class"), "got 'None'"),
        (lambda d: d.pop("classes"), "is damaged: 'classes'"),
        (lambda d: d.pop("parameters"), "is damaged: 'parameters'"),
        (lambda d: d["parameters"].update(depth=3), "is damaged: .*unexpected keyword"),
        (lambda d: d.update(n_networks=2), "no weights of its network 1"),
        (lambda d: d["parameters"].update(backbone={"name": "EEGNet", "F1": 3}), "is damaged"),
    ],
)
def test_descriptions_that_do_not_fit(network, tmp_path, change, message):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.json", "model.safetensors"):
        (folder / name).write_bytes((network / name).read_bytes())
    rewrite(folder, change)
    with pytest.raises(DataError, match=message):
        load_model(folder)


def test_arrays_that_are_missing(network, tmp_path):
    arrays = load_file(network / "model.safetensors")
    del arrays["center"]
    save_file(arrays, tmp_path / "model.safetensors")
    description = description_of(network)
    del description["arrays"]
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(DataError, match="is damaged: 'center'"):
        load_model(tmp_path)


def forged(model, folder, change):
    """Save a model with other arrays than its own, and no checksum."""
    model.save(folder)
    arrays = load_file(folder / "model.safetensors")
    change(arrays)
    save_file(arrays, folder / "model.safetensors")
    rewrite(folder, lambda description: description.pop("arrays"))
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update({"head.weights": arrays["head.weights"][:5]}),
        lambda arrays: arrays.update({"head.weights": arrays["head.weights"].astype("int8")}),
        lambda arrays: arrays.update({"head.biases": np.full(2, np.nan)}),
        lambda arrays: arrays.update({"alignment.0.fallback": np.ones((9, 9))}),
        lambda arrays: arrays.update({"alignment.0.references": np.ones((1, 4, 4))}),
        lambda arrays: arrays.update({"seen.values": np.ones((1, 1))}),
        lambda arrays: arrays.update({"cues_in_blocks": np.ones((3, 3))}),
    ],
)
def test_arrays_that_do_not_fit_are_told_when_the_model_is_loaded(given, tmp_path, change):
    model = RiemannianClassifier(n_windows=1, n_delays=1).fit(**given)
    folder = forged(model, tmp_path / "model", change)
    with pytest.raises(DataError, match=r"damaged|no probabilities"):
        load_model(folder)


@pytest.mark.parametrize("name", ["steps.a", "steps.a.b.c", "steps.none.x_"])
def test_steps_that_there_are_not(given, tmp_path, name):
    model = ShallowClassifier().fit(**given)
    folder = forged(model, tmp_path / "model", lambda arrays: arrays.update({name: np.ones(2)}))
    with pytest.raises(DataError, match="is damaged"):
        load_model(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n_times", 10**12),
        ("n_times", "128"),
        ("n_times", -1),
        ("n_features_in", 1.5),
        ("n_features_in", True),
        ("n_features_in", 10**6),
        ("classes", [[], []]),
        ("classes", "ab"),
        ("classes_dtype", {"name": "x"}),
        ("domains", "x"),
        ("sfreq", float("nan")),
    ],
)
def test_descriptions_of_the_wrong_kind(given, tmp_path, key, value):
    folder = RiemannianClassifier(n_windows=1, n_delays=1).fit(**given).save(tmp_path / "model")
    rewrite(folder, lambda description: description.update({key: value}))
    with pytest.raises(DataError, match=r"is damaged|trials of shape|classes of the saved"):
        load_model(folder)


def test_a_state_is_all_that_a_model_is(given):
    """Other processes get models as states, without a folder."""
    model = ShallowClassifier().fit(**given)
    state = model.to_state()
    assert isinstance(state, ModelState)
    json.dumps(state.description)
    again = ShallowClassifier()
    again.from_state(state)
    new = given["X_target_unlabeled"]
    np.testing.assert_array_equal(again.predict_proba(new), model.predict_proba(new))


# --- nothing is downloaded --------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What would be asked of the network; MNE's folder is empty."""
    import pooch

    listed = []
    monkeypatch.setenv("REVE_POSITIONS_PATH", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", lambda url, **_: listed.append(url))
    return listed


@pytest.mark.parametrize("backbone", ["REVE", {"name": "REVE"}, "braindecode.models.reve:REVE"])
def test_a_backbone_that_would_be_downloaded_is_not_built(given, tmp_path, asked, backbone):
    folder = NetworkClassifier(max_epochs=1).fit(**given).save(tmp_path / "model")
    rewrite(folder, lambda one: one["parameters"].update(backbone=backbone))
    with pytest.raises(DataError, match="REVE of the saved model would download a file"):
        load_model(folder)
    assert not asked


def test_a_file_that_is_there_already_is_used(tmp_path, asked):
    from bci_dann.models.downloads import check_no_download

    (tmp_path / "reve_positions.json").write_text("{}")
    check_no_download({"backbone": "REVE"})
    with pytest.raises(DataError, match="leave chs_info out when you train it"):
        check_no_download({"backbone": "STEEGFormer", "backbone_params": {"chs_info": []}})
