"""Every shipped pipeline with three and four classes: it fits, adapts, predicts, and is saved."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import load_dataset, load_model
from bci_dann._resources import pipelines_folder
from bci_dann.data import Preprocessing
from bci_dann.evaluation import build, load_pipeline

# Few trials of four subjects hardly overlap.
pytestmark = pytest.mark.filterwarnings("ignore:source and target hardly overlap")

CLASSES = ("feet", "left_hand", "right_hand", "tongue")
# `rts_rest` needs windows between trials, which arrays do not bring.
PIPELINES = sorted(set(pipelines_folder().glob("*.yml")) - {pipelines_folder() / "rts_rest.yml"})
# Methods without a network are trained to the end, so that they must beat guessing after alignment.
QUICK = {"max_epochs": 1, "n_members": 1, "member_parameters": {"max_epochs": 1, "n_members": 1}}


@pytest.fixture(scope="module", params=[3, 4], ids="{} classes".format)
def eeg(request):
    """Trials of four subjects with strong effects, of whom the last is the target."""
    trials = load_dataset(
        "SimulatedMI",
        n_subjects=4,
        n_trials=10,
        classes=CLASSES[: request.param],
        ch_names=["C5", "C3", "Cz", "C4", "C6"],
        sfreq=64.0,
        preprocessing=Preprocessing(band=(8, 30), window=(0.5, 2.5)),
        erd=0.95,
        snr=3.0,
        shift=0.5,
    )
    new = trials.subjects == "4"
    return trials[~new], trials[new]


@pytest.fixture(params=PIPELINES, ids=lambda path: path.stem)
def method(request):
    method = build(load_pipeline(request.param), seed=0)
    quick = {name: value for name, value in QUICK.items() if name in method.get_params()}
    return method.set_params(**quick)


def test_a_pipeline_fits_adapts_and_is_saved_with_more_classes(method, eeg, tmp_path):
    sources, target = eeg
    classes = sorted(set(sources.y))
    seen = target.unlabelled()
    method.fit(sources, sources.y, X_target_unlabeled=seen)
    assert list(method.classes_) == classes
    probabilities = method.predict_proba(target)
    assert probabilities.shape == (len(target), len(classes))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert set(method.predict(target)) <= set(classes)
    if method.alignment_ is not None and not QUICK.keys() & method.get_params().keys():
        assert method.score(target, target.y) > 1.5 / len(classes)
    method.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(target), probabilities)


def test_a_fitted_pipeline_meets_a_new_subject_with_more_classes(method, eeg):
    sources, target = eeg
    classes = sorted(set(sources.y))
    method.fit(sources, sources.y)
    if method.can_adapt:
        adapted = method.adapt(target.unlabelled())
        assert adapted.predict_proba(target).shape == (len(target), len(classes))
        online = method.partial_adapt(target[:6].unlabelled()).partial_adapt(target[6:7])
        assert online.predict_proba(target[7:8]).shape == (1, len(classes))
    if method.uses_labels:
        known = np.where(np.arange(len(target)) < 8, target.y, "")
        assert set(method.adapt(target, known).predict(target)) <= set(classes)
