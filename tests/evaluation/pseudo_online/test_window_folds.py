"""Folds over windows: what is trained on, what is scored, and which protocols are causal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.windows.window_table import WindowTable
from bci_dann.evaluation import RunConfig, split
from bci_dann.evaluation.protocols import PROTOCOLS
from bci_dann.evaluation.pseudo_online.window_folds import is_causal, window_fold
from bci_dann.exceptions import DataError

N_TRIALS, N_WINDOWS = 10, 40  # of a session; a trial every 4 s, a window every second


def rows_of(n_sessions=1, n_runs=1):
    """Two subjects: the trials of all their sessions, then the windows."""
    rows = []
    for subject in ("1", "2"):
        for kind, count, step in (("trial", N_TRIALS, 4.0), ("window", N_WINDOWS, 1.0)):
            for session in range(n_sessions):
                for run in range(n_runs):
                    for k in range(count):
                        rows.append((subject, str(session), str(run), kind, k * step, k * step + 2))
    names = ["subject", "session", "run", "kind", "start", "end"]
    metadata = pd.DataFrame(rows, columns=names)
    table = WindowTable(
        is_window=(metadata["kind"] == "window").to_numpy(),
        start=metadata["start"].to_numpy(),
        end=metadata["end"].to_numpy(),
        task=np.full(len(metadata), ""),
        onset=np.full(len(metadata), np.nan),
        run=metadata["run"].to_numpy(dtype=str),
    )
    labels = np.resize(np.array(["left", "right"]), len(metadata))
    return metadata, table, labels


@pytest.mark.parametrize("protocol", [n for n, rule in PROTOCOLS.items() if not rule.share])
def test_training_sees_what_it_sees_in_the_ordinary_fold(protocol):
    n_sessions = 2 if PROTOCOLS[protocol].first_session else 1
    metadata, table, labels = rows_of(n_runs=2, n_sessions=n_sessions)
    if protocol in ("semisupervised_10", "semisupervised_20"):
        return  # more than there are
    trials = np.flatnonzero(~table.is_window)
    plain = split(metadata.iloc[trials], "2", protocol, labels[trials])
    fold = window_fold(metadata, table, "2", protocol, labels)
    for part in ("train", "unlabelled", "labelled"):
        np.testing.assert_array_equal(getattr(fold, part), trials[getattr(plain, part)])
    assert table.is_window[fold.test].all()
    assert set(metadata["subject"].iloc[fold.test]) == {"2"}


@pytest.mark.parametrize("protocol", ["train", "online", "train_and_target_unlabeled_full"])
def test_all_windows_are_scored_where_nothing_is_kept_for_calibration(protocol):
    metadata, table, labels = rows_of(n_sessions=2)
    assert len(window_fold(metadata, table, "2", protocol, labels).test) == 2 * N_WINDOWS


def test_windows_during_calibration_are_not_scored():
    metadata, table, labels = rows_of(n_sessions=2)
    fold = window_fold(metadata, table, "2", "train_and_target_unlabeled_50p", labels)
    last = table.end[fold.unlabelled].max()
    assert last == 4 * 4.0 + 2
    assert (table.start[fold.test] > last).all()
    assert len(fold.test) == 2 * (N_WINDOWS - 19)


def test_a_calibration_that_reaches_into_a_second_run_covers_the_first():
    metadata, table, labels = rows_of(n_runs=2)
    fold = window_fold(metadata, table, "2", "first_10_labeled", labels)  # all of the first run
    runs = table.run[fold.test]
    assert (table.start[fold.test][runs == "0"] > 38).all()
    assert (runs == "1").sum() == N_WINDOWS
    both = window_fold(metadata, table, "2", "train_and_target_unlabeled_50p", labels)
    assert set(table.run[both.test]) == {"0", "1"}
    third = window_fold(*rows_of(n_runs=3)[:2], "2", "train_and_target_unlabeled_50p")
    assert set(rows_of(n_runs=3)[1].run[third.test]) == {"1", "2"}


def test_calibration_to_the_last_window_leaves_nothing():
    metadata, table, labels = rows_of()
    early = table.is_window & (table.start > 10)
    kept = ~early
    short = WindowTable(
        *(getattr(table, n)[kept] for n in ("is_window", "start", "end", "task", "onset", "run"))
    )
    with pytest.raises(DataError, match="no window after the trials"):
        window_fold(
            metadata[kept].reset_index(drop=True),
            short,
            "2",
            "train_and_target_unlabeled_50p",
            labels[kept],
        )


@pytest.mark.parametrize(
    ("protocol", "n_sessions", "causal"),
    [
        ("train", 3, True),
        ("train_trialwise", 3, True),
        ("online", 3, True),
        ("train_and_target_unlabeled_20p", 1, True),
        ("train_and_target_unlabeled_20p", 2, False),  # sees the start of the second session
        ("train_and_target_labeled_50p", 1, True),
        ("train_and_target_unlabeled_full", 1, False),
        ("source_free", 1, False),
        ("semisupervised_5", 1, False),
        ("first_10_labeled", 1, False),
    ],
)
def test_protocols_that_show_later_data_are_not_causal(protocol, n_sessions, causal):
    assert is_causal(protocol, n_sessions) is causal


CONFIG = {
    "name": "one",
    "data": {"dataset": "SimulatedMI"},
    "preprocessing": {"filter_method": "causal"},
    "pipelines": ["csp_lda"],
    "protocols": ["train"],
    "pseudo_online": {},
}
SEVERAL = [{"dataset": "SimulatedMI", "name": name} for name in ("A", "B")]
SEVERAL[1]["params"] = {"random_state": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preprocessing": {}}, "needs `filter_method: causal`"),
        ({"data": {"dataset": "SimulatedMI", "regime": {"n_trials": 5}}}, "data.regime changes"),
        ({"data": SEVERAL}, "pseudo_online is for one dataset"),
        ({"protocols": ["train_and_target_unlabeled_80_20"]}, "leaves out trials"),
        ({"regimes": {"few": {"n_trials": 5}}, "baselines": ["csp_lda"]}, "without regimes"),
        ({"pseudo_online": {"stepp": 1}}, "step"),
    ],
)
def test_what_cannot_be_evaluated_on_windows_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        RunConfig.model_validate({**CONFIG, **changes})
