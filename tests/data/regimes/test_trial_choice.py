"""Which trials a regime keeps, and what the data must have for it."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import Regime
from bci_dann.data.regimes.trial_choice import choose_trials, draw_subjects, n_samples
from bci_dann.data.trials import replace_labels
from bci_dann.exceptions import ConfigError


def numbers(trials, **keys):
    """Return how many trials of each subject are kept."""
    return {name: len(rows) for name, rows in choose_trials(trials, Regime(**keys)).items()}


def test_everything_is_kept_where_nothing_is_asked_for(trials):
    rows = choose_trials(trials, Regime())
    np.testing.assert_array_equal(np.concatenate(list(rows.values())), np.arange(len(trials)))


def test_the_first_trials_and_sessions_are_kept(trials):
    assert numbers(trials, n_trials=25) == dict.fromkeys(["s1", "s2", "s3", "s4"], 25)
    rows = choose_trials(trials, Regime(n_sessions=1))["s2"]
    np.testing.assert_array_equal(rows, np.arange(40, 60))
    both = choose_trials(trials, Regime(n_sessions=1, n_trials=5))["s2"]
    np.testing.assert_array_equal(both, np.arange(40, 45))


def test_first_trials_are_counted_among_the_classes_that_are_kept(trials):
    kept = choose_trials(trials, Regime(classes=["rest", "left_hand"], n_trials=15))
    for name, rows in kept.items():
        own = np.flatnonzero((trials.subjects == name) & (trials.y != "right_hand"))
        np.testing.assert_array_equal(rows, own[:15])


def test_fewer_subjects_are_among_more_and_others_do_not_matter():
    names = [str(number) for number in range(20)]
    drawn = [draw_subjects(Regime(n_subjects=count), names) for count in (3, 8, 20)]
    assert set(drawn[0]) < set(drawn[1]) < set(drawn[2])
    assert [len(one) for one in drawn] == [3, 8, 20]
    assert drawn[0] == sorted(drawn[0], key=names.index)
    without = [name for name in names if name in drawn[0] or int(name) % 2]
    assert draw_subjects(Regime(n_subjects=3), without) == drawn[0]


def test_another_seed_draws_other_subjects():
    names = [str(number) for number in range(20)]
    drawn = {tuple(draw_subjects(Regime(n_subjects=3, random_state=s), names)) for s in range(8)}
    assert len(drawn) > 4


def test_sessions_become_unequal_and_keep_their_first_trials(draw_trials):
    trials = draw_trials(n_trials=60)
    rows = choose_trials(trials, Regime(session_shares=(0.2, 1.0)))
    sessions = trials.metadata["session"].to_numpy(dtype=str)
    lengths = []
    for name, kept in rows.items():
        for session in ("day0", "day1"):
            all_of_it = np.flatnonzero((trials.subjects == name) & (sessions == session))
            own = kept[sessions[kept] == session]
            np.testing.assert_array_equal(own, all_of_it[: len(own)])
            lengths.append(len(own))
    assert min(lengths) >= 12
    assert max(lengths) <= 60
    assert len(set(lengths)) > 4


def test_a_shortened_session_keeps_eight_trials_or_all(draw_trials):
    few = draw_trials(n_trials=20)
    assert numbers(few, session_shares=(0.01, 0.01)) == dict.fromkeys(["s1", "s2", "s3", "s4"], 16)
    fewer = draw_trials(n_trials=5)
    assert set(numbers(fewer, session_shares=(0.01, 0.01)).values()) == {10}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"channels": ["C3", "CZ"]}, r"one of 'C3', .*got 'CZ'. Did you mean 'Cz'"),
        ({"classes": ["rest", "left_hands"]}, "Did you mean 'left_hand'"),
        ({"n_subjects": 5}, "n_subjects is 5, but the data have 4 subjects"),
        ({"n_sessions": 3}, "n_sessions is 3, but subject s1 has only 2"),
        ({"n_trials": 41}, "n_trials is 41, but subject s1 has only 40 trials"),
        ({"duration": 2.5}, "duration is 2.5 s, but the trials are only 2 s long"),
        ({"duration": 0.05}, "3 samples at 64 Hz; a trial needs at least 8"),
        ({"dead_channels": 3, "noisy_channels": 2}, "at least one must remain"),
        ({"gain": 15, "n_loud_subjects": 5}, "n_loud_subjects is 5, but there are only 4"),
    ],
)
def test_what_the_data_do_not_have_is_refused(trials, keys, message):
    with pytest.raises(ConfigError, match=message):
        choose_trials(trials, Regime(**keys))


def test_a_class_that_is_left_in_one_subject_is_refused(trials):
    late = trials.y.copy()
    late[late == "rest"] = "left_hand"
    late[39::40][1:] = "rest"  # the last trial of each subject but the first
    with pytest.raises(ConfigError, match="class 'rest' remain in 0 subjects"):
        choose_trials(replace_labels(trials, late), Regime(n_trials=10))


def test_one_subject_cannot_be_left_out(draw_trials):
    with pytest.raises(ConfigError, match="the data have 1 subject"):
        choose_trials(draw_trials(n_subjects=1), Regime(duration=1.0))


def test_duration_in_samples(trials):
    assert n_samples(trials, Regime(duration=1.0)) == 64
    assert n_samples(trials, Regime(duration=2.0)) == 128
    assert n_samples(trials, Regime()) == 128
