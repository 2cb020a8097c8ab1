"""The pipelines in stock MOABB, unpatched."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml

pytestmark = [
    pytest.mark.filterwarnings("ignore:Montage name:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Creating a dataset without passing:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::h5py.h5py_warnings.H5pyDeprecationWarning"),
]


def evaluate(pipelines, dataset, paradigm, cs_mode, folder):
    from moabb.evaluations import CrossSubjectEvaluation

    evaluation = CrossSubjectEvaluation(
        paradigm=paradigm,
        datasets=[dataset],
        cs_mode=cs_mode,
        hdf5_path=str(folder),
        suffix=cs_mode,
        overwrite=True,
    )
    return evaluation.process(pipelines)


@pytest.fixture
def pipelines(project, tmp_path):
    """The shipped pipelines, from a copy: MOABB's parser leaves lock files behind.

    Without the one that needs windows between trials, which MOABB's arrays do not bring.
    """
    from moabb.pipelines.utils import parse_pipelines_from_directory

    copied = shutil.copytree(project / "pipelines", tmp_path / "pipelines")
    found = {p["name"]: p["pipeline"] for p in parse_pipelines_from_directory(str(copied))}
    del found["rts_rest"]
    for pipeline in found.values():
        step = pipeline.steps[-1][1]
        if "max_epochs" in step.get_params():
            step.set_params(max_epochs=1, random_state=0)
        if "member_parameters" in step.get_params():
            step.set_params(member_parameters={"max_epochs": 1, "n_members": 1}, random_state=0)
        if step.get_params().get("features") == "filter_bank_csp":
            step.set_params(sfreq=128.0)  # which MOABB's arrays do not bring
    return found


@pytest.mark.parametrize("cs_mode", ["train", "train_and_target_unlabeled_full"])
def test_every_pipeline_runs_on_moabbs_fake_dataset(pipelines, cs_mode, tmp_path):
    from moabb.datasets.fake import FakeDataset
    from moabb.paradigms import LeftRightImagery

    dataset = FakeDataset(
        ["left_hand", "right_hand"], n_subjects=4, n_sessions=1, n_runs=1, n_events=30, seed=1
    )
    results = evaluate(pipelines, dataset, LeftRightImagery(), cs_mode, tmp_path)
    assert set(results["pipeline"]) == set(pipelines)
    assert len(results) == 4 * len(pipelines)
    assert np.isfinite(results["score"].astype(float)).all()


def test_every_pipeline_runs_on_four_classes_in_moabb(pipelines, tmp_path):
    from moabb.datasets.fake import FakeDataset
    from moabb.paradigms import MotorImagery

    events = ["left_hand", "right_hand", "feet", "tongue"]
    dataset = FakeDataset(events, n_subjects=4, n_sessions=1, n_runs=1, n_events=32, seed=1)
    paradigm = MotorImagery(n_classes=4)
    results = evaluate(pipelines, dataset, paradigm, "train_and_target_unlabeled_full", tmp_path)
    assert set(results["pipeline"]) == set(pipelines)
    assert len(results) == 4 * len(pipelines)
    assert results["score"].astype(float).between(0, 1).all()


@pytest.mark.real_data
def test_alignment_meets_the_target_in_moabb_on_real_recordings(
    pipelines, project, shared_data, tmp_path
):
    from moabb.paradigms import MotorImagery

    from bci_dann.data import Recordings

    layout = yaml.safe_load((project / "configs" / "mi_openbci.yaml").read_text())
    dataset = Recordings(shared_data / "mi-openbci", layout["data"]["recordings"])
    dataset.subject_list = dataset.subject_list[:4]
    paradigm = MotorImagery(
        events=["right_hand", "rest"],
        n_classes=2,
        fmin=8,
        fmax=30,
        tmin=0.5,
        tmax=4.0,
        scorer="accuracy",  # ROC-AUC by session does not see the shift of a whole session
    )
    chosen = {"ea_csp_lda": pipelines["ea_csp_lda"]}
    blind = evaluate(chosen, dataset, paradigm, "train", tmp_path)
    aligned = evaluate(chosen, dataset, paradigm, "train_and_target_unlabeled_full", tmp_path)
    gain = aligned["score"].astype(float).mean() - blind["score"].astype(float).mean()
    assert gain > 0.03
    assert aligned["score"].astype(float).mean() > 0.75


def test_shipped_pipelines_that_moabb_runs_need_nothing_that_its_arrays_lack(
    project, toy_eeg, tmp_path
):
    from moabb.pipelines.utils import generate_paradigms, parse_pipelines_from_directory

    copied = shutil.copytree(project / "pipelines", tmp_path / "pipelines")
    parsed = parse_pipelines_from_directory(str(copied))
    by_paradigm = generate_paradigms(parsed)
    assert set(by_paradigm) == {"LeftRightImagery", "MotorImagery"}
    assert {one["name"] for one in parsed} - set(by_paradigm["MotorImagery"]) == {
        "fbcsp_lda",
        "ea_fbcsp_lda",
        "ra_fbcsp_lda",
        "rts_rest",
    }
    X, y, subjects = toy_eeg.without(1)
    for pipeline in by_paradigm["MotorImagery"].values():
        method = pipeline.steps[-1][1]
        if hasattr(method, "training_trials") and hasattr(method, "alignment"):
            method.training_trials(X, y, subjects)
