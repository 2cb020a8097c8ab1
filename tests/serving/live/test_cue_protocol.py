"""The order and the times of cues."""

from __future__ import annotations

from collections import Counter

import pytest

from bci_dann.exceptions import ConfigError
from bci_dann.serving.live.cue_protocol import TRIALS_IN_BLOCK, CueProtocol

CLASSES = ("left_hand", "right_hand", "rest")


def test_classes_are_balanced_within_each_block_and_the_order_is_that_of_the_seed():
    protocol = CueProtocol(CLASSES, 10, pause_s=1.0, jitter_s=0.5, random_state=3)
    trials = protocol.trials()
    labels = [trial.label for trial in trials]
    assert Counter(labels) == dict.fromkeys(CLASSES, 10)
    assert set(Counter(labels[: 3 * TRIALS_IN_BLOCK]).values()) == {TRIALS_IN_BLOCK}
    assert all(1.0 <= trial.pause_s <= 1.5 for trial in trials)
    assert len({trial.pause_s for trial in trials}) == 30
    assert trials == protocol.trials()
    assert trials != CueProtocol(CLASSES, 10, pause_s=1.0, jitter_s=0.5, random_state=4).trials()
    assert protocol.seconds == pytest.approx(30 * 5.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ()}, "at least two classes; got none"),
        ({"classes": ("rest",)}, "at least two classes; got rest"),
        ({"classes": ("rest", "rest")}, "named only once"),
        ({"classes": "rest"}, "a list of names"),
        ({"classes": ("rest", "bad luck")}, "cannot be named 'bad luck'"),
        ({"n_trials": 0}, "trials"),
        ({"task_s": 0.0}, "task"),
        ({"task_s": float("inf")}, "task"),
        ({"pause_s": -1.0}, "pause"),
        ({"jitter_s": float("nan")}, "jitter"),
        ({"cue_s": 5.0}, "cue_s"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_invalid_protocols_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        CueProtocol(**{"classes": CLASSES, **options})
