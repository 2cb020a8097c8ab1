"""The pipelines in stock MOABB, unpatched."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

pytestmark = [
    pytest.mark.filterwarnings("ignore:Montage name:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Creating a dataset without passing:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The set_\\w+ function:PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::h5py.h5py_warnings.H5pyDeprecationWarning"),
]


MODES = [
    "train",
    "train_trialwise",
    "train_and_target_unlabeled_20p",
    "train_and_target_unlabeled_50p",
    "train_and_target_unlabeled_full",
    "train_and_target_labeled_20p",
    "train_and_target_labeled_50p",
]
ALL_SEEN = "train_and_target_unlabeled_full"
# MOABB's arrays do not bring the sampling frequency that a filter bank needs; its epochs do.
EPOCHS = {"fbcsp_lda", "ea_fbcsp_lda", "ra_fbcsp_lda"}
# Neither brings windows between trials.
TRIALS_ONLY = {"rts_rest"}
# A session is one subject's, and MOABB does not name it there: nothing to be calibrated on.
SEVERAL_SUBJECTS = {"bci_dann_light_calibrated"}
# One of each kind of method that takes little time.
KINDS = ["ea_csp_lda", "ra_mdm", "ra_ts_logistic", "rpa_mdm", "ra_reweight_ts", "ra_fbcsp_lda"]


def evaluate(pipelines, dataset, paradigm, cs_mode, folder, **options):
    from moabb.evaluations import CrossSubjectEvaluation

    evaluation = CrossSubjectEvaluation(
        paradigm=paradigm,
        datasets=[dataset],
        cs_mode=cs_mode,
        hdf5_path=str(folder),
        suffix="_".join([cs_mode, *options]),
        overwrite=True,
        **options,
    )
    return evaluation.process(pipelines)


def small_fake(events=("left_hand", "right_hand"), n_events=26):
    from moabb.datasets.fake import FakeDataset

    return FakeDataset(
        list(events), n_subjects=4, n_sessions=1, n_runs=1, n_events=n_events, seed=1
    )


def trains_network(pipeline):
    parameters = pipeline.steps[-1][1].get_params()
    return "max_epochs" in parameters or "member_parameters" in parameters


def shortened(pipeline):
    """One epoch, and one member of an ensemble."""
    step = pipeline.steps[-1][1]
    parameters = step.get_params()
    if "max_epochs" in parameters:
        step.set_params(max_epochs=1)
    if "member_parameters" in parameters:
        step.set_params(member_parameters={"max_epochs": 1, "n_members": 1})
    if "random_state" in parameters:
        step.set_params(random_state=0)
    return pipeline


@pytest.fixture
def shipped_files(project, tmp_path):
    """A copy of the shipped files: MOABB's parser leaves lock files behind."""
    return Path(shutil.copytree(project / "pipelines", tmp_path / "pipelines"))


@pytest.fixture
def pipelines(shipped_files):
    """The shipped pipelines without the one that needs windows between trials."""
    from moabb.pipelines.utils import parse_pipelines_from_directory

    parsed = parse_pipelines_from_directory(str(shipped_files))
    found = {one["name"]: shortened(one["pipeline"]) for one in parsed}
    return {name: found[name] for name in found if name not in TRIALS_ONLY}


def check_all_run(pipelines, dataset, paradigm, cs_mode, folder):
    """Evaluate each pipeline on arrays, and those that need more on epochs."""
    on_epochs = {name: pipelines[name] for name in pipelines if name in EPOCHS}
    on_arrays = {name: pipelines[name] for name in pipelines if name not in EPOCHS}
    done = [evaluate(on_arrays, dataset, paradigm, cs_mode, folder)]
    if on_epochs:
        done.append(evaluate(on_epochs, dataset, paradigm, cs_mode, folder, return_epochs=True))
    results = pd.concat(done)
    assert set(results["pipeline"]) == set(pipelines)
    assert len(results) == 4 * len(pipelines)
    assert results["score"].astype(float).between(0, 1).all()


def test_these_are_all_modes():
    from moabb.evaluations.protocols import CrossSubjectMode

    assert sorted(MODES) == sorted(mode.value for mode in CrossSubjectMode)


@pytest.mark.parametrize("cs_mode", MODES)
def test_a_pipeline_of_each_kind_runs_in_every_mode(pipelines, cs_mode, tmp_path):
    from moabb.paradigms import LeftRightImagery

    chosen = {name: pipelines[name] for name in KINDS}
    check_all_run(chosen, small_fake(), LeftRightImagery(tmax=1.5), cs_mode, tmp_path)


@pytest.mark.parametrize(
    "cs_mode",
    [pytest.param(m, marks=() if m == ALL_SEEN else pytest.mark.slow) for m in MODES],
)
def test_every_pipeline_runs_in_every_mode(pipelines, cs_mode, tmp_path):
    from moabb.paradigms import LeftRightImagery

    check_all_run(pipelines, small_fake(n_events=30), LeftRightImagery(), cs_mode, tmp_path)


@pytest.mark.slow
def test_every_pipeline_runs_on_four_classes_in_moabb(pipelines, tmp_path):
    from moabb.paradigms import MotorImagery

    dataset = small_fake(["left_hand", "right_hand", "feet", "tongue"], n_events=32)
    check_all_run(pipelines, dataset, MotorImagery(n_classes=4), ALL_SEEN, tmp_path)


def without_networks(folder):
    """Keep the shipped files that train no network, unchanged."""
    from moabb.pipelines.utils import parse_pipelines_from_directory

    for one in parse_pipelines_from_directory(str(folder)):
        if trains_network(one["pipeline"]):
            (folder / f"{one['name']}.yml").unlink()


ALL_KINDS = ["WithinSession", "CrossSession", "CrossSubject"]


@pytest.mark.parametrize(
    "evaluations", [["CrossSubject"], pytest.param(ALL_KINDS, marks=pytest.mark.slow)]
)
def test_moabbs_benchmark_runs_the_folder(shipped_files, evaluations, tmp_path):
    """Files that need more than its arrays hold are passed over, and do not end the others."""
    from moabb import benchmark
    from moabb.datasets.fake import FakeDataset

    without_networks(shipped_files)
    dataset = FakeDataset(
        ["left_hand", "right_hand"], n_subjects=3, n_sessions=2, n_runs=1, n_events=20, seed=1
    )
    results = benchmark(
        pipelines=str(shipped_files),
        evaluations=evaluations,
        paradigms=["LeftRightImagery"],
        include_datasets=[dataset],
        results=str(tmp_path / "results"),
        output=str(tmp_path / "output"),
        n_jobs=1,
    )
    files = {path.stem for path in shipped_files.glob("*.yml")}
    expected = files - EPOCHS - TRIALS_ONLY - SEVERAL_SUBJECTS
    assert len(expected) >= 15
    by_kind = results.groupby("evaluation")["pipeline"].unique().map(set).to_dict()
    assert by_kind == dict.fromkeys(evaluations, expected)
    assert results["score"].astype(float).between(0, 1).all()


SAME = ["csp_lda", "ra_mdm", "rpa_mdm", "ra_reweight_ts", "bci_dann_light", "ea_dann"]


@pytest.mark.filterwarnings("ignore:Convergence not reached")  # of pyriemann, on so few trials
@pytest.mark.parametrize(
    ("cs_mode", "n_sessions", "names"),
    [
        ("train", 1, SAME[:2]),
        ("train_trialwise", 1, SAME[:2]),
        ("train_and_target_unlabeled_50p", 2, SAME[:2]),
        ("train_and_target_unlabeled_full", 1, SAME),
        ("train_and_target_labeled_20p", 2, SAME[1:3]),
        *(pytest.param(mode, 2, SAME, marks=pytest.mark.slow) for mode in MODES),
    ],
)
def test_our_runner_gives_moabbs_scores(pipelines, cs_mode, n_sessions, names, tmp_path):
    """For the same fold and seed: on arrays where there is one session, else on epochs."""
    from moabb.paradigms import LeftRightImagery

    from bci_dann import run_benchmark
    from bci_dann.data import SimulatedMI

    electrodes = ["C3", "Cz", "C4", "FC3", "CP4"]
    params = {"n_subjects": 3, "n_trials": 8, "n_sessions": n_sessions, "ch_names": electrodes}
    config = {
        "name": "same",
        "data": {"dataset": "SimulatedMI", "params": params},
        "pipelines": names,
        "protocols": [cs_mode],
        "seeds": [0],
    }
    if any("max_epochs" in pipelines[name].steps[-1][1].get_params() for name in names):
        config["pipeline_parameters"] = {"*": {"max_epochs": 1}}
    ours = run_benchmark(config, tmp_path / "run", progress=False)
    paradigm = LeftRightImagery(fmin=8, fmax=32)
    chosen = {name: pipelines[name] for name in names}
    options = {"return_epochs": True} if n_sessions > 1 else {}
    theirs = evaluate(chosen, SimulatedMI(**params), paradigm, cs_mode, tmp_path, **options)
    place = ["pipeline", "subject", "session"]
    both = ours.merge(theirs[[*place, "score"]], on=place)
    assert len(both) == len(ours) == len(theirs) == 3 * n_sessions * len(names)
    np.testing.assert_allclose(both["roc_auc"], both["score"].astype(float), atol=1e-6)


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
    passed_over = {one["name"] for one in parsed} - set(by_paradigm["MotorImagery"])
    assert passed_over == EPOCHS | TRIALS_ONLY | SEVERAL_SUBJECTS
    X, y, subjects = toy_eeg.without(1)
    for pipeline in by_paradigm["MotorImagery"].values():
        method = pipeline.steps[-1][1]
        if hasattr(method, "training_trials") and hasattr(method, "alignment"):
            method.training_trials(X, y, subjects)
