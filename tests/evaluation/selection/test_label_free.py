from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.cache import store
from bci_dann.evaluation import run_benchmark, selection_table
from bci_dann.evaluation.runs.manifest import Manifest
from bci_dann.evaluation.runs.resolved_run import ResolvedRun
from bci_dann.evaluation.selection.label_free import (
    SCORES,
    Candidate,
    certainty,
    consensus,
    guarded_information,
    information,
    neighbourhood_density,
    steadiness,
)
from bci_dann.exceptions import ConfigError, ResultsError

N = 60


def candidate(odds, committee=None):
    p = 1 / (1 + np.exp(-np.asarray(odds, dtype=float)))
    both = np.stack([1 - p, p], axis=1)
    return Candidate(both, np.repeat("0", len(p)), both if committee is None else committee)


def cues(seed=0):
    return np.random.default_rng(seed).permutation(np.arange(N) % 2)


def test_information_by_hand():
    assert information(candidate([50, -50] * 5)) == pytest.approx(np.log(2))
    assert information(candidate([50] * 10)) == pytest.approx(0, abs=1e-9)
    assert information(candidate([0] * 10)) == pytest.approx(0, abs=1e-9)


def test_neighbourhood_density_by_hand():
    odds = [1.0, -2.0, 0.5]
    p = candidate(odds).probabilities
    expected = []
    for i in range(3):
        others = [j for j in range(3) if j != i]
        cosine = [p[i] @ p[j] / np.linalg.norm(p[i]) / np.linalg.norm(p[j]) for j in others]
        share = np.exp(np.array(cosine) / 0.05)
        share /= share.sum()
        expected.append(-(share * np.log(share)).sum())
    assert neighbourhood_density(candidate(odds)) == pytest.approx(np.mean(expected))


def test_certainty_by_hand():
    p = np.array([0.9, 0.5])
    by_hand = np.mean([-(q * np.log(q) + (1 - q) * np.log(1 - q)) for q in p])
    assert certainty(candidate(np.log(p / (1 - p)))) == pytest.approx(-by_hand)
    assert certainty(candidate([50] * 3)) == pytest.approx(0, abs=1e-9)


def test_zero_probabilities_have_a_finite_entropy():
    sure = Candidate(np.eye(2), np.repeat("0", 2), np.eye(2))
    assert certainty(sure) == pytest.approx(0, abs=1e-9)
    assert np.isfinite([rate(sure) for rate in SCORES.values()]).all()


def test_consensus_is_the_share_of_equal_predictions():
    committee = np.array([[0.2, 0.8], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    assert consensus(candidate([1.0, -1.0, -1.0, 2.0], committee)) == 0.75
    assert consensus(candidate([-1.0, 1.0, -1.0, -2.0], committee)) == 0.0


def test_information_is_guarded_by_the_drift_of_the_outputs():
    steady, drift = 6 * (2 * cues() - 1), 6 * np.sin(np.arange(N) / 8)
    assert guarded_information(candidate(steady)) == information(candidate(steady)) > 0
    assert guarded_information(candidate(drift)) == steadiness(candidate(drift)) < 0


def test_outputs_that_drift_are_less_steady():
    drift = np.sin(np.arange(N) / 8)
    assert steadiness(candidate(2 * cues() - 1)) > steadiness(candidate(drift)) + 0.5


def write(folder, pipeline, subject, odds, truth, seed=0):
    names = np.array(["rest", "right_hand"])
    about = {
        "pipeline": pipeline,
        "definition": [{"name": pipeline}],
        "protocol": "train",
        "subject": subject,
        "seed": seed,
        "n_train": 100,
        "diagnostics": {},
    }
    (folder / "records").mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / "records" / f"{pipeline}{subject}{seed}.npz",
        about=np.array(json.dumps(about)),
        probabilities=candidate(odds).probabilities,
        truth=names[truth],
        classes=names,
        sessions=np.repeat("0", N),
        test_index=np.arange(N),
        seconds=np.array([1.0, 0.1]),
    )
    held = {name: [{"name": name}] for name in ("plain", "sharp", "drifting")}
    scope = Manifest(fixed={}, pipelines=held, protocols=["train"], seeds=[0])
    (folder / "config.json").write_text(json.dumps(vars(scope)))


@pytest.fixture
def folder(tmp_path):
    """Adaptation helps subject 1; subject 2 it leads astray, surer than ever."""
    rng = np.random.default_rng(0)
    for subject, good in (("1", True), ("2", False)):
        truth = cues(int(subject))
        signal = 2 * truth - 1
        write(tmp_path, "plain", subject, signal + 1.5 * rng.standard_normal(N), truth)
        astray = 6 * np.sin(np.arange(N) / 8)
        adapted = 6 * signal + rng.standard_normal(N) if good else astray
        write(tmp_path, "sharp", subject, adapted, truth)
    return tmp_path


def test_the_guard_chooses_well_where_certainty_is_fooled(folder):
    table = selection_table(folder).set_index("choice")
    assert set(table.index) == {*SCORES, "other_subjects", "oracle", "always plain", "always sharp"}
    assert table["regret"]["oracle"] == 0
    assert table["regret"]["guarded_information"] == 0
    assert table["regret"]["certainty"] > 5
    assert table["worst_regret"]["certainty"] == pytest.approx(2 * table["regret"]["certainty"])
    assert table["accuracy"]["oracle"] >= table["accuracy"].max()


def test_labels_enter_no_choice(folder):
    """Certainty always chooses the sharp one; poisoned labels change its worth, not the choice."""
    for _ in range(2):
        table = selection_table(folder).set_index("choice")
        assert table.loc["certainty"].equals(table.loc["always sharp"].rename("certainty"))
        for file in (folder / "records").glob("sharp*.npz"):
            stored = dict(np.load(file))
            stored["truth"] = stored["truth"][::-1]
            np.savez(file, **stored)
    assert table["accuracy"]["always sharp"] < 60


def test_bad_folders(folder, tmp_path):
    with pytest.raises(ConfigError, match="at least two"):
        selection_table(folder, ["plain"])
    with pytest.raises(ConfigError, match=r"'shrp'.*Did you mean 'sharp'"):
        selection_table(folder, ["plain", "shrp"])
    with pytest.raises(ResultsError, match="no records"):
        selection_table(folder, ["drifting"])
    with pytest.raises(ResultsError, match="no results folder"):
        selection_table(tmp_path / "nothing")
    write(folder, "drifting", "1", np.zeros(N), cues())
    with pytest.raises(ResultsError, match="missing"):
        selection_table(folder, ["plain", "drifting"])


def test_a_damaged_record_is_named(folder):
    file = next((folder / "records").glob("sharp*.npz"))
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(ResultsError, match=rf"{file.name} cannot be read.*Delete it"):
        selection_table(folder)


def test_records_of_other_subjects_are_not_mixed_in(
    monkeypatch, tmp_path, config, write_pipeline, specs, draw_trials
):
    """A folder that has grown, or shrunk, is about the subjects of its last run."""
    config["pipelines"].append(str(write_pipeline("transfer", *specs["transfer"].definition)))
    folders = {
        n: store(tmp_path / "cache", {"subjects": n}, lambda w, n=n: w.add(draw_trials(n)))
        for n in (3, 4)
    }

    def table(out, n):
        monkeypatch.setattr(ResolvedRun, "prepare_trials", lambda _: folders[n])
        data = {"dataset": "SimulatedMI", "subjects": list(range(1, n + 1))}
        run_benchmark({**config, "data": data}, tmp_path / out, progress=False)
        return selection_table(tmp_path / out)

    alone = {n: table(f"only{n}", n) for n in folders}
    assert not alone[3].equals(alone[4])
    for n in (3, 4, 3):
        pd.testing.assert_frame_equal(table("both", n), alone[n])


def test_rows_by_hand(tmp_path):
    """Two pipelines, two subjects: which is right where decides accuracy and regret."""
    truth = cues()
    right, wrong = 4 * (2 * truth - 1), -4 * (2 * truth - 1)
    half = np.where(np.arange(N) < N // 2, right, wrong)
    for pipeline, outputs in (("plain", (right, half)), ("sharp", (half, right))):
        for subject, odds in zip("12", outputs, strict=True):
            write(tmp_path, pipeline, subject, odds, truth)
    table = selection_table(tmp_path).set_index("choice")
    assert table["accuracy"]["oracle"] == 100
    assert table["accuracy"]["always plain"] == table["accuracy"]["always sharp"] == 75
    assert table["regret"]["always plain"] == 25
    assert table["worst_regret"]["always plain"] == 50
    # for each subject the other one's best, which is the wrong one here
    assert table["accuracy"]["other_subjects"] == 50
    assert set(table["protocol"]) == {"train"}


def test_seeds_are_averaged(folder):
    once = selection_table(folder)
    for name in ("plain", "sharp"):
        for subject in "12":
            stored = dict(np.load(folder / "records" / f"{name}{subject}0.npz"))
            about = json.loads(str(stored["about"]))
            stored["about"] = np.array(json.dumps({**about, "seed": 1}))
            np.savez(folder / "records" / f"{name}{subject}1.npz", **stored)
    pd.testing.assert_frame_equal(selection_table(folder), once)


def test_a_choice_among_all_leaves_incomplete_pipelines_out(folder):
    write(folder, "drifting", "1", np.zeros(N), cues())
    assert "always drifting" not in set(selection_table(folder)["choice"])
