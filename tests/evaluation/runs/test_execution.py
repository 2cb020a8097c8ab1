"""What one task trains, predicts and records; and that target labels have no way into it."""

from __future__ import annotations

import functools
import sys
import types
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from bci_dann.data.trials import replace_labels
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.evaluation.runs.execution import attempt, compute, compute_stack
from bci_dann.evaluation.runs.records import Task, read_record, write_record
from bci_dann.exceptions import BCIDannWarning, DataError, ResultsError


@pytest.fixture
def task(specs):
    """Return tasks on the target 2, by the name of a pipeline."""

    def make(protocol="train", pipeline="logistic"):
        return Task("SimulatedMI", "data", specs[pipeline], protocol, "2", 0)

    return make


@pytest.mark.parametrize("pipeline", ["logistic", "transfer", "reweighted", "mlp", "eegnet"])
@pytest.mark.parametrize(
    "protocol", [n for n, rule in PROTOCOLS.items() if not (rule.labelled or rule.share)]
)
def test_labels_of_the_target_have_no_way_in(task, longer_trials, protocol, pipeline):
    trials = longer_trials
    poisoned = trials.y.astype("<U12")
    poisoned[trials.subjects == "2"] = "nonsense"
    honest = compute(task(protocol, pipeline), trials)
    other = compute(task(protocol, pipeline), replace_labels(trials, poisoned))
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()
    assert set(other.truth) == {"nonsense"}


def test_online_predicts_then_adapts(task, trials, monkeypatch):
    from bci_dann.estimators import TransferClassifier

    calls = []
    for name in ("predict_proba", "partial_adapt"):
        original = getattr(TransferClassifier, name)
        monkeypatch.setattr(
            TransferClassifier,
            name,
            lambda self, X, name=name, original=original: (
                calls.append((name, len(X))) or original(self, X)
            ),
        )
    record = compute(task("online", "transfer"), trials)
    assert calls == [("predict_proba", 1), ("partial_adapt", 1)] * len(record.test_index)
    assert len(record.test_index) == 20


def test_without_its_sources_a_method_adapts_once_to_all_trials(task, trials, monkeypatch):
    from bci_dann.estimators import TransferClassifier

    seen = []
    adapt = TransferClassifier.adapt
    monkeypatch.setattr(
        TransferClassifier, "adapt", lambda self, X: seen.append(X) or adapt(self, X)
    )
    record = compute(task("source_free", "transfer"), trials)
    assert [len(X) for X in seen] == [20]
    assert seen[0].y is None
    before = compute(task("train", "transfer"), trials)
    np.testing.assert_array_equal(record.test_index, before.test_index)
    assert np.abs(record.probabilities - before.probabilities).max() > 0.01


def test_few_labels_are_those_of_the_first_trials_only(task, trials):
    honest = compute(task("semisupervised_2", "transfer"), trials)
    poisoned = trials.y.astype("<U12")
    poisoned[honest.test_index] = np.where(poisoned[honest.test_index] == "left", "right", "left")
    first = np.flatnonzero(trials.subjects == "2")
    assert set(first) - set(honest.test_index) == set(first[:4])
    other = compute(task("semisupervised_2", "transfer"), replace_labels(trials, poisoned))
    np.testing.assert_array_equal(honest.test_index, other.test_index)
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()
    assert honest.n_train == 40 + 4


def test_in_a_target_of_80_to_20_only_the_names_of_its_trials_are_scored(task, longer_trials):
    """Labels say which trials the experiment had; who had which label moves no prediction."""
    protocol = "train_and_target_unlabeled_80_20"
    honest = compute(task(protocol, "transfer"), longer_trials)
    assert np.mean(honest.truth == "left") > 0.7
    seen = longer_trials[honest.test_index]
    assert set(seen.subjects) == {"2"}
    poisoned = longer_trials.y.astype("<U12")
    own = longer_trials.subjects == "2"
    poisoned[own] = np.char.add(poisoned[own], "_nonsense")
    other = compute(task(protocol, "transfer"), replace_labels(longer_trials, poisoned))
    np.testing.assert_array_equal(honest.test_index, other.test_index)
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()


def test_labels_after_the_calibration_have_no_way_in(task, trials):
    poisoned = trials.y.astype("<U12")
    honest = compute(task("train_and_target_labeled_50p", "transfer"), trials)
    poisoned[honest.test_index] = "nonsense"
    other = compute(
        task("train_and_target_labeled_50p", "transfer"), replace_labels(trials, poisoned)
    )
    assert honest.probabilities.tobytes() == other.probabilities.tobytes()
    assert honest.n_train == 40 + 10


def test_what_the_estimator_says_of_itself_is_kept(task, trials):
    found = compute(task("train_and_target_unlabeled_full", "reweighted"), trials).diagnostics
    assert 1 <= found["ess"] <= 40
    assert 0 <= found["domain_auc"] <= 1


def test_losses_over_epochs_are_kept_where_a_network_is_trained(task, trials, tmp_path):
    job = task(pipeline="eegnet")
    found = compute(job, trials)
    losses = found.history["classification"]
    assert losses.shape == (job.pipeline.definition[-1]["parameters"]["max_epochs"],)
    assert np.isfinite(losses).all()
    write_record(tmp_path / "one.npz", job, found)
    stored = read_record(tmp_path / "one.npz", job)
    np.testing.assert_array_equal(stored.history["classification"], losses)
    assert compute(task(), trials).history == {}


def test_an_ensemble_keeps_what_its_networks_recorded(task, trials, tmp_path):
    network = {"name": "DANNClassifier", "backbone": {"name": "EEGNet", "kernel_length": 8}}
    networks = [[{**network, "max_epochs": epochs}, 1.0] for epochs in (2, 3)]
    others = [[{"name": "RiemannianClassifier"}, 1.0]]

    def history_of(members):
        step = {"name": "EnsembleClassifier", "from": "bci_dann.estimators"}
        ensemble = PipelineSpec("both", ({**step, "parameters": {"members": members}},))
        job = replace(task("train_and_target_unlabeled_full"), pipeline=ensemble)
        write_record(tmp_path / "one.npz", job, compute(job, trials))
        return read_record(tmp_path / "one.npz", job).history

    one = history_of([*others, networks[0]])
    assert list(one)[:2] == ["classification", "domain_adversary"]
    assert list(one)[2:] == ["domain_adversary.domain_accuracy", "domain_adversary.domain_chance"]
    two = history_of([*networks, *others])
    np.testing.assert_array_equal(two["member 1: classification"][:2], one["classification"])
    assert np.isnan(two["member 1: classification"]).tolist() == [False, False, True]
    assert np.isfinite(two["member 2: domain_adversary.domain_accuracy"]).all()


def test_trialwise_predicts_one_trial_at_a_time(task, trials, monkeypatch):
    from sklearn.linear_model import LogisticRegression

    sizes = []
    original = LogisticRegression.predict_proba
    monkeypatch.setattr(
        LogisticRegression,
        "predict_proba",
        lambda self, X: sizes.append(len(X)) or original(self, X),
    )
    together = compute(task("train"), trials).probabilities
    alone = compute(task("train_trialwise"), trials).probabilities
    assert sizes == [20] + [1] * 20
    np.testing.assert_allclose(alone, together, atol=1e-12)


def test_threads_are_limited_in_a_task_and_restored(task, trials, monkeypatch):
    import torch
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_info

    within = []
    original = LogisticRegression.fit

    def noting(self, *args):
        within.append({torch.get_num_threads(), *(i["num_threads"] for i in threadpool_info())})
        return original(self, *args)

    monkeypatch.setattr(LogisticRegression, "fit", noting)
    before = torch.get_num_threads(), threadpool_info()
    compute(task(), trials)
    assert within == [{1}]
    assert (torch.get_num_threads(), threadpool_info()) == before


def test_more_threads_are_for_networks_only(task, trials, monkeypatch):
    import torch

    from bci_dann.estimators import ShallowClassifier, SourceOnlyClassifier

    within = {}
    for kind in (ShallowClassifier, SourceOnlyClassifier):

        @functools.wraps(kind.fit)  # whose signature says what the method wants of a target
        def noting(self, *args, original=kind.fit, name=kind.__name__, **kwargs):
            within[name] = torch.get_num_threads()
            return original(self, *args, **kwargs)

        monkeypatch.setattr(kind, "fit", noting)
        step = {"name": kind.__name__, "from": "bci_dann.estimators", "parameters": {}}
        if kind is SourceOnlyClassifier:
            backbone = {"name": "EEGNet", "kernel_length": 8}
            step["parameters"] = {"max_epochs": 1, "backbone": backbone}
        compute(replace(task(), pipeline=PipelineSpec("one", (step,)), threads=2), trials)
    assert within == {"ShallowClassifier": 1, "SourceOnlyClassifier": 2}


class Broken(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are whatever it is told."""

    def __init__(self, output="nan"):
        self.output = output

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        rows = {
            "nan": [np.nan, 1.0],
            "three": [0.2, 0.3, 0.5],
            "counts": [3.0, 1.0],
            "rounded": [4.0, -1e-16],
            "negative": [-1.0, 2.0],
            "zero": [0.0, 0.0],
        }
        return np.tile(rows[self.output], (len(X), 1))


@pytest.fixture
def broken(task, monkeypatch):
    module = types.ModuleType("own_broken")
    module.Broken = Broken
    monkeypatch.setitem(sys.modules, "own_broken", module)

    def make(output):
        step = {"name": "Broken", "from": "own_broken", "parameters": {"output": output}}
        return replace(task(), pipeline=PipelineSpec("broken", (step,)))

    return make


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nan", r"shape \(20, 2\); got shape \(20, 2\), with 20 of 40 finite"),
        ("three", r"\(20, 3\)"),
        ("negative", "got 20 of 40 negative, and 0 of 20 sums not above 0"),
        ("zero", "got 0 of 40 negative, and 20 of 20 sums not above 0"),
    ],
)
def test_predictions_that_are_no_probabilities_are_refused(broken, trials, output, message):
    with pytest.raises(DataError, match=message):
        compute(broken(output), trials)


@pytest.mark.parametrize(("output", "expected"), [("counts", [0.75, 0.25]), ("rounded", [1, 0])])
def test_probabilities_are_brought_to_a_sum_of_one(broken, trials, output, expected):
    record = compute(broken(output), trials)
    np.testing.assert_array_equal(record.probabilities, np.tile(expected, (20, 1)))


def test_trials_without_labels_cannot_be_trained_on(task, trials):
    with pytest.raises(DataError, match="no labels"):
        compute(task(), replace_labels(trials, None))


def test_each_estimator_is_prepared_before_it_is_trained(task, trials):
    seen = []

    def prepare(estimator):
        seen.append((type(estimator).__name__, hasattr(estimator, "classes_")))

    compute(task("train", "transfer"), trials, prepare)
    tasks = [task("train", "mlp"), replace(task("train", "mlp"), seed=1)]
    compute_stack(tasks, trials, prepare)
    assert seen == [("ShallowClassifier", False), *[("DANNClassifier", False)] * 2]


def test_warnings_that_the_run_has_issued_are_not_repeated(task, trials, monkeypatch):
    """What a class says when it is built, it says again when it is trained."""
    from bci_dann.estimators import ShallowClassifier

    def warning_of_old_parameters(self):
        warnings.warn("hidden has moved", BCIDannWarning, stacklevel=2)

    original = ShallowClassifier.fit

    @functools.wraps(original)
    def fit(self, *args, **kwargs):
        self.check_parameters()
        return original(self, *args, **kwargs)

    monkeypatch.setattr(ShallowClassifier, "check_parameters", warning_of_old_parameters)
    monkeypatch.setattr(ShallowClassifier, "fit", fit)
    compute(task("train", "transfer"), trials)  # where a warning would be an error


def test_other_warnings_of_training_still_reach_the_user(task, trials, monkeypatch):
    from bci_dann.estimators import ShallowClassifier

    original = ShallowClassifier.fit

    @functools.wraps(original)
    def fit(self, *args, **kwargs):
        warnings.warn("few trials", BCIDannWarning, stacklevel=2)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(ShallowClassifier, "fit", fit)
    with pytest.warns(BCIDannWarning, match="few trials"):
        compute(task("train", "transfer"), trials)


def test_an_attempt_gives_the_result_or_the_traceback():
    def fail(error):
        raise error

    assert attempt(lambda: "record") == "record"
    text = attempt(lambda: fail(ZeroDivisionError("oops")))
    assert text.startswith("Traceback")
    assert text.strip().endswith("ZeroDivisionError: oops")
    with pytest.raises(ResultsError):
        attempt(lambda: fail(ResultsError("disk full")))
