from __future__ import annotations

import numpy as np
import pytest

from bci_dann import DANNClassifier
from bci_dann.estimators import EnsembleClassifier, SourceOnlyClassifier
from bci_dann.exceptions import ConfigError
from bci_dann.training import train_networks

QUICK = {"max_epochs": 2, "random_state": 0}
SURROGATE = {"FTSurrogate": {"phase_noise_magnitude": 0.5}}


@pytest.mark.parametrize("kind", [SourceOnlyClassifier, DANNClassifier])
def test_more_versions_give_another_network_of_as_many_steps(kind, toy_eeg, monkeypatch):
    members = []

    def noting(found, *given, **named):
        members.extend(found)
        return train_networks(found, *given, **named)

    monkeypatch.setattr("bci_dann.training.train_networks", noting)
    X, y, subjects = toy_eeg.without(1)
    X_new = toy_eeg.of(1)[0]
    given = {"subjects": subjects, "X_target_unlabeled": X_new}
    plain, more, again = (
        kind(**QUICK, augmentation=how).fit(X, y, **given).predict_proba(X_new)
        for how in (None, SURROGATE, SURROGATE)
    )
    np.testing.assert_array_equal(more, again)
    assert np.abs(more - plain).max() > 1e-4
    recorded, augmented = members[0].data, members[1].data
    assert recorded.n_recorded is None
    assert augmented.n_recorded == len(recorded.X) == len(augmented.X) / 2


def test_a_mirror_takes_the_channel_names_of_the_trials(toy_eeg, eeg_trials):
    X, y, subjects = toy_eeg.without(1)
    y = np.where(y == "a", "left_hand", "right_hand")
    model = SourceOnlyClassifier(**QUICK, augmentation={"ChannelsSymmetry": {}})
    model.fit(eeg_trials(X, y, subjects.astype(str)), y)
    with pytest.raises(ConfigError, match="come with EEGTrials"):
        model.fit(X, y, subjects=subjects)


def test_an_unknown_transform_is_said_at_once():
    wrong = {"augmentation": {"FTSurogate": {}}}
    for model in (SourceOnlyClassifier(**wrong), EnsembleClassifier(member_parameters=wrong)):
        with pytest.raises(ConfigError, match="Did you mean 'FTSurrogate'"):
            model.check_parameters()


def test_covariances_are_not_augmented(toy_eeg):
    X, y, subjects = toy_eeg.without(1)
    model = DANNClassifier("SPDNet", alignment="covariance", **QUICK, augmentation=SURROGATE)
    with pytest.raises(ConfigError, match="set augmentation=None, or another alignment"):
        model.fit(X, y, subjects=subjects)
