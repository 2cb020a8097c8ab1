from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials, SimulatedMI, load_dataset
from bci_dann.data.trials import replace_labels
from bci_dann.estimators import ReweightedClassifier
from bci_dann.evaluation import diagnose
from bci_dann.evaluation.diagnosis import domain_diagnosis
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

TABLES = ("table", "distances", "session_distances", "shifts")
FEW = ("Fz", "C3", "Cz", "C4", "Pz")


def draw_subjects(shift, n_subjects=3, n_trials=15, **more):
    simulator = SimulatedMI(
        n_subjects=n_subjects, n_trials=n_trials, shift=shift, ch_names=FEW, **more
    )
    return load_dataset(simulator, preprocessing={"window": (0.0, 2.0)})


@pytest.fixture(scope="module")
def _cache(tmp_path_factory):
    """Simulate once for this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCI_DANN_CACHE", str(tmp_path_factory.mktemp("simulated")))
        yield


@pytest.fixture(scope="module")
def shifted(_cache):
    return draw_subjects({"gain": 2.0, "noise": 1.0})


@pytest.fixture(scope="module")
def diagnosis(shifted):
    return diagnose(shifted, band=(8, 32))


def of(diagnosis, alignment):
    return diagnosis.table.query("alignment == @alignment").set_index("subject")


def test_a_row_for_each_person_and_alignment(diagnosis):
    table = diagnosis.table
    assert len(table) == 9
    assert table["alignment"].unique().tolist() == ["none", "euclidean", "riemannian"]
    assert (table["n_source"] == 60).all()
    assert (table["n_target"] == 30).all()
    assert not table.isna().any(axis=None)
    for column in ("domain_auc", "mmd_p", "source_error", "ess_share", "top_share"):
        assert table[column].between(0, 1).all()
    assert table["a_distance"].between(0, 2).all()
    np.testing.assert_allclose(table["ess"], table["ess_share"] * table["n_source"])
    for finding, reweighting_advice in zip(table["overlap"], table["advice"], strict=True):
        assert reweighting_advice.startswith(finding)


def test_a_shift_sets_people_apart_and_its_absence_does_not(diagnosis):
    same = of(diagnose(draw_subjects(0.0), alignments=[None]), "none")
    apart = of(diagnosis, "none")
    assert same["distance"].max() < apart["distance"].min()
    assert same["domain_auc"].median() < 0.7 < 0.95 < apart["domain_auc"].min()
    assert same["a_distance"].median() < apart["a_distance"].min()
    assert (apart["mmd_p"] < 0.01).all()
    assert set(apart["overlap"]) == {"no overlap"}
    assert "no overlap" not in set(same["overlap"])


@pytest.mark.parametrize("alignment", ["euclidean", "riemannian"])
def test_alignment_brings_them_together(diagnosis, alignment):
    before, after = of(diagnosis, "none"), of(diagnosis, alignment)
    assert (after["distance"] < 0.3 * before["distance"]).all()
    assert (after["domain_auc"] < before["domain_auc"]).all()


def test_a_person_is_as_far_from_itself_as_chance_has_it(diagnosis):
    before = of(diagnosis, "none")
    assert (before["within_distance"] < before["distance"]).all()


@pytest.mark.usefixtures("_cache")
def test_distances_are_distances():
    found = diagnose(draw_subjects({"gain": 1.0, "drift": 1.0}, n_sessions=2, n_trials=5))
    for table, what, n in (
        (found.distances, "subject", 3),
        (found.session_distances, "session", 6),
    ):
        for _, rows in table.groupby("alignment"):
            names = rows[what].tolist()
            square = rows[names].to_numpy()
            assert square.shape == (n, n)
            np.testing.assert_allclose(square, square.T, atol=1e-9)
            np.testing.assert_allclose(np.diag(square), 0, atol=1e-6)
    assert found.session_distances["session"].iloc[1] == "1/1"


@pytest.mark.usefixtures("_cache")
def test_an_amplifier_that_is_twice_as_loud_is_a_shift_of_the_mean():
    trials = draw_subjects(0.0)
    loud = trials.subjects == "2"
    X = np.where(loud[:, None, None], 2, 1) * trials.X
    X[loud, 3] *= 2
    trials = EEGTrials(X.astype(np.float32), trials.y, trials.metadata, trials.info)
    found = diagnose(trials, band=(8, 32), alignments=[None])
    shifts = found.shifts[found.shifts["subject"] == "2"].set_index(["band", "channel"])
    assert set(found.shifts["band"]) == {"mu", "beta"}
    assert shifts["mean_shift"].min() > 1
    assert shifts["mean_shift"].groupby("band").idxmax()["mu"] == ("mu", "C4")
    assert shifts["variance_shift"].abs().max() < 0.7
    # without trials' own spread, a factor of 2 in amplitude is log 4 in each of 5 channels
    assert of(found, "none")["distance"]["2"] > np.log(4) * np.sqrt(5) * 0.9


def test_labels_are_not_read(shifted, diagnosis):
    poisoned = np.random.default_rng(0).permutation(shifted.y)
    for labels in (poisoned, np.repeat("x", len(shifted)), None):
        found = diagnose(replace_labels(shifted, labels), band=(8, 32))
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(found, name), getattr(diagnosis, name))


def test_a_person_with_too_few_trials_is_said_and_the_others_go_on(shifted):
    few = np.flatnonzero(shifted.subjects == "3")[:3]
    rest = np.flatnonzero(shifted.subjects != "3")
    found = diagnose(shifted[np.concatenate([rest, few])])
    table = found.table.set_index(["alignment", "subject"])
    missing = table.xs("3", level="subject")
    assert missing[["domain_auc", "mmd_p", "ess", "source_error"]].isna().all(axis=None)
    assert missing["distance"].notna().all()
    assert missing["advice"].str.startswith("too few trials: 3 of the subject and 60").all()
    assert table.drop("3", level="subject").notna().all(axis=None)
    one = diagnose(shifted[np.concatenate([rest, few[:1]])], alignments=[None])
    assert np.isnan(of(one, "none")["within_distance"]["3"])
    assert one.shifts.query("subject == '3'")["mean_shift"].isna().all()
    assert one.shifts.query("subject != '3'")["mean_shift"].notna().all()


def test_fewer_target_trials_than_components(shifted):
    few = np.flatnonzero(shifted.subjects == "3")[:6]
    rest = np.flatnonzero(shifted.subjects != "3")
    found = diagnose(shifted[np.concatenate([rest, few])], n_components=15)
    assert not found.table.isna().any(axis=None)


def test_channels_that_depend_on_each_other(shifted):
    X = shifted.X - shifted.X.mean(axis=1, keepdims=True)
    dependent = EEGTrials(X, shifted.y, shifted.metadata, shifted.info)
    found = diagnose(dependent)
    assert not found.table.isna().any(axis=None)
    assert np.isfinite(found.table["distance"]).all()


def test_flat_trials_are_left_out_and_said(shifted):
    X = np.array(shifted.X)
    X[[3, 50], 1] = 0.0
    holed = EEGTrials(X, shifted.y, shifted.metadata, shifted.info)
    with pytest.warns(BCIDannWarning, match="2 of 90 trials have a channel without signal"):
        found = diagnose(holed, alignments=[None])
    assert found.table["n_target"].tolist() == [29, 29, 30]


def test_alignments_are_checked_before_the_work(shifted, monkeypatch):
    monkeypatch.setattr(domain_diagnosis, "AlignedSubjects", None)  # nothing is computed
    with pytest.raises(ConfigError, match="'covariance' replaces signals by covariances"):
        diagnose(shifted, alignments=[None, "covariance"])
    with pytest.raises(ConfigError, match="Did you mean 'euclidean'"):
        diagnose(shifted, alignments=[None, "euclid"])


def test_the_same_seed_gives_the_same(shifted, diagnosis):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    pd.testing.assert_frame_equal(diagnose(shifted, band=(8, 32)).table, diagnosis.table)
    other = diagnose(shifted, band=(8, 32), random_state=1).table
    assert not other["domain_auc"].equals(diagnosis.table["domain_auc"])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_bad_input(shifted):
    with pytest.raises(DataError, match="at least two"):
        diagnose(shifted[shifted.subjects == "1"])
    with pytest.raises(ConfigError, match=r"'euclid'\. Did you mean 'euclidean'"):
        diagnose(shifted, alignments=["euclid"])
    with pytest.raises(ConfigError, match="n_components"):
        diagnose(shifted, n_components=0)
    X = np.array(shifted.X)
    X[0, 0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        diagnose(EEGTrials.trusted(X, None, shifted.metadata, shifted.info))


def test_people_are_compared_by_what_reweighting_sees():
    assert ReweightedClassifier().n_components == domain_diagnosis.N_COMPONENTS
