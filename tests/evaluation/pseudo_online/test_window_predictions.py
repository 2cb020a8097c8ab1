"""Tasks on windows: labels have no way in, nothing looks ahead, and records keep the times."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import EEGTrials, Preprocessing, PseudoOnline, SimulatedMI
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.data.trials import replace_labels
from bci_dann.data.windows.window_extraction import extract_with_windows
from bci_dann.data.windows.window_table import separated
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.runs.execution import compute, compute_stack
from bci_dann.evaluation.runs.records import Task, read_record, write_record

STEPS = Preprocessing(band=(8, 30), window=(0.5, 2.5), resample=64, filter_method="causal")
CAUSAL = ["train", "online", "train_and_target_unlabeled_20p", "train_and_target_labeled_20p"]
MOMENT = 60.0  # s


class ChangedLater(SimulatedMI):
    """Subjects of whom the second has other signals from a moment on."""

    def _get_single_subject_data(self, subject):
        sessions = super()._get_single_subject_data(subject)
        if subject == 2:
            raw = sessions["0"]["0"]
            later = raw._data[:, round(MOMENT * self.sfreq) :]
            later[:] = 1e-5 * np.random.default_rng(0).standard_normal(later.shape)
        return sessions


def rows_of(kind=SimulatedMI):
    dataset = kind(n_subjects=3, n_trials=8, pause=4.0, ch_names=["C3", "Cz", "C4", "FC3", "FC4"])
    subset = resolve_subset(dataset, SubsetConfig())
    parts = extract_with_windows(dataset, subset, STEPS, PseudoOnline(step=1.0))
    return EEGTrials.concatenate(list(parts))


@pytest.fixture(scope="module")
def rows():
    return rows_of()


@pytest.fixture(scope="module")
def changed():
    return rows_of(ChangedLater)


RIEMANNIAN = PipelineSpec(
    "riemannian",
    (
        {
            "name": "RiemannianClassifier",
            "from": "bci_dann.estimators",
            "parameters": {"alignment": "riemannian", "guard": True},
        },
    ),
)


@pytest.fixture
def task(specs):
    def make(protocol, pipeline="transfer"):
        spec = RIEMANNIAN if pipeline == "riemannian" else specs[pipeline]
        return Task("SimulatedMI", "data", spec, protocol, "2", 0)

    return make


@pytest.mark.parametrize("pipeline", ["logistic", "transfer", "riemannian", "mlp"])
@pytest.mark.parametrize("protocol", CAUSAL)
def test_what_comes_later_changes_nothing_before(task, rows, changed, protocol, pipeline):
    before, after = (compute(task(protocol, pipeline), one) for one in (rows, changed))
    earlier = before.windows["end"] < MOMENT
    assert 0 < earlier.sum() < len(earlier)
    assert before.probabilities[earlier].tobytes() == after.probabilities[earlier].tobytes()
    assert before.probabilities[~earlier].tobytes() != after.probabilities[~earlier].tobytes()


def test_a_transductive_protocol_does_look_ahead(task, rows, changed):
    """So that the test above would notice."""
    name = "train_and_target_unlabeled_full"
    before, after = (compute(task(name), one) for one in (rows, changed))
    earlier = before.windows["end"] < MOMENT
    assert before.probabilities[earlier].tobytes() != after.probabilities[earlier].tobytes()


@pytest.mark.parametrize("pipeline", ["logistic", "transfer", "riemannian", "mlp"])
@pytest.mark.parametrize(
    "protocol",
    [
        "train",
        "online",
        "source_free",
        "train_and_target_unlabeled_20p",
        "train_and_target_unlabeled_full",
    ],
)
def test_labels_of_the_target_have_no_way_in(task, rows, protocol, pipeline):
    poisoned = rows.y.astype("<U12")
    own = rows.subjects == "2"
    poisoned[own] = "nonsense"
    metadata = rows.metadata.copy()
    metadata.loc[own, "task"] = "nonsense"
    metadata.loc[own, "onset"] = "0.0"
    other = EEGTrials.trusted(rows.X, poisoned, metadata, rows.info)
    honest, wrong = (compute(task(protocol, pipeline), one) for one in (rows, other))
    assert honest.probabilities.tobytes() == wrong.probabilities.tobytes()
    assert set(wrong.truth) == {"nonsense"}


def test_given_labels_do_change_the_result(task, rows):
    own = (rows.subjects == "2") & ~separated(rows)[1].is_window
    exchanged = rows.y.copy()
    exchanged[own] = np.where(rows.y[own] == "left_hand", "right_hand", "left_hand")
    name = "train_and_target_labeled_20p"
    honest, other = (compute(task(name), one) for one in (rows, replace_labels(rows, exchanged)))
    assert honest.probabilities.tobytes() != other.probabilities.tobytes()


def test_labels_of_scored_windows_change_nothing_where_labels_are_given(task, rows):
    name = "train_and_target_labeled_20p"
    honest = compute(task(name), rows)
    poisoned = rows.y.astype("<U12")
    poisoned[honest.test_index] = "nonsense"
    other = compute(task(name), replace_labels(rows, poisoned))
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()


def test_methods_meet_one_window_after_another_and_no_times(task, rows, monkeypatch):
    from bci_dann.estimators import TransferClassifier

    calls = []
    for name in ("predict_proba", "partial_adapt"):
        original = getattr(TransferClassifier, name)

        def noting(self, X, name=name, original=original):
            assert list(X.metadata) == ["subject", "session", "run"]
            assert X.y is None
            calls.append((name, len(X)))
            return original(self, X)

        monkeypatch.setattr(TransferClassifier, name, noting)
    record = compute(task("online"), rows)
    n_windows = len(record.test_index)
    assert calls.count(("predict_proba", 1)) == n_windows
    # windows of 2 s, one a second: every second or third shares no sample with the one before
    n_adapted = calls.count(("partial_adapt", 1))
    assert n_windows / 3 <= n_adapted <= n_windows / 2 + 1
    assert calls[:2] == [("predict_proba", 1), ("partial_adapt", 1)]


def test_networks_in_a_stack_predict_the_same_windows(task, rows):
    jobs = [task("train", "mlp")]
    stacked = compute_stack(jobs, rows)[0]
    alone = compute(jobs[0], rows)
    np.testing.assert_array_equal(stacked.test_index, alone.test_index)
    np.testing.assert_allclose(stacked.probabilities, alone.probabilities, atol=1e-5)
    np.testing.assert_array_equal(stacked.windows["end"], alone.windows["end"])


def test_records_keep_the_times(task, rows, trials, tmp_path):
    job = task("train")
    found = compute(job, rows)
    write_record(tmp_path / "one.npz", job, found)
    stored = read_record(tmp_path / "one.npz", job)
    assert list(stored.windows) == ["run", "start", "end", "task", "onset"]
    for name, values in found.windows.items():
        np.testing.assert_array_equal(stored.windows[name], values)
    assert compute(job, trials).windows == {}
