from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.exceptions import ConfigError
from bci_dann.objectives import UNLABELLED
from bci_dann.training import TrainingData, augment, check_augmentation

SEED = np.random.SeedSequence(0)
HANDS = np.array(["left_hand", "right_hand"])
NAMES = ["C3", "Cz", "C4"]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    labels = torch.tensor([0, 1] * 3 + [UNLABELLED] * 2)
    return TrainingData(
        X=torch.from_numpy(rng.standard_normal((8, 3, 64)).astype(np.float32)),
        labels=labels,
        domains=torch.tensor([0] * 3 + [1] * 3 + [2] * 2),
        weights=torch.arange(8.0),
        is_target=labels == UNLABELLED,
    )


def test_surrogates_keep_the_spectrum_of_each_channel_and_what_is_known_of_each_trial(data):
    more = augment(data, {"FTSurrogate": {"phase_noise_magnitude": 1.0}}, SEED, HANDS)
    assert more.n_recorded == 8
    for name in ("labels", "domains", "weights", "is_target"):
        recorded = getattr(data, name)
        torch.testing.assert_close(getattr(more, name), torch.cat([recorded, recorded]))
    torch.testing.assert_close(more.X[:8], data.X)
    new = more.X[8:]
    assert (new - data.X).abs().amax((1, 2)).min() > 0.1
    power, before = (torch.fft.rfft(x.double()).abs() for x in (new, data.X))
    torch.testing.assert_close(power[..., 1:-1], before[..., 1:-1], rtol=1e-3, atol=1e-3)


def test_a_mirror_swaps_channels_and_the_sides_of_the_classes(data):
    classes = np.array(["feet", "left_hand", "right_hand"])
    data.labels[0] = 2
    more = augment(data, {"ChannelsSymmetry": {}}, SEED, classes, NAMES)
    torch.testing.assert_close(more.X[8:], data.X[:, [2, 1, 0]])
    swapped = {0: 0, 1: 2, 2: 1, UNLABELLED: UNLABELLED}
    assert more.labels[8:].tolist() == [swapped[label] for label in data.labels.tolist()]


def test_every_transform_gives_one_more_version_from_its_own_stream(data):
    both = {"FTSurrogate": {}, "GaussianNoise": {"std": 0.5}}
    more, again = (augment(data, both, np.random.SeedSequence(3), HANDS) for _ in range(2))
    assert len(more.X) == 3 * 8
    torch.testing.assert_close(more.X, again.X, rtol=0, atol=0)
    other = augment(data, both, np.random.SeedSequence(4), HANDS)
    assert not torch.equal(other.X[8:16], more.X[8:16])
    assert not torch.equal(other.X[16:], more.X[16:])


def test_global_generators_are_left_alone(data):
    np.random.seed(5)  # noqa: NPY002 (this is what must not move)
    torch.manual_seed(5)
    augment(data, {"FTSurrogate": {}, "TimeReverse": {}}, SEED, HANDS)
    after = np.random.random(), torch.rand(1)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    assert after == (np.random.random(), torch.rand(1))  # noqa: NPY002


def test_a_transform_gets_the_sampling_frequency(data):
    more = augment(data, {"FrequencyShift": {"max_delta_freq": 2}}, SEED, HANDS, sfreq=64.0)
    assert more.X.shape == (16, 3, 64)


@pytest.mark.parametrize(
    ("augmentation", "message"),
    [
        ({"FTSurogate": {}}, "Did you mean 'FTSurrogate'"),
        ({"FTSurrogate": {"magnitude": 1}}, "each parameter of FTSurrogate"),
        ({"Mixup": {}}, "each key of augmentation"),
        ({"FTSurrogate": {"probability": 0.5}}, "each parameter of FTSurrogate"),
        (["SignFlip"], r"augmentation must map names .* got \['SignFlip'\]"),
        ("SignFlip", "augmentation must map names"),
    ],
)
def test_what_cannot_be_is_said_before_training(augmentation, message):
    with pytest.raises(ConfigError, match=message):
        check_augmentation(augmentation)


def test_nothing_to_check():
    check_augmentation(None)
    check_augmentation({"FTSurrogate": {"phase_noise_magnitude": 0.5}, "TimeReverse": {}})


def test_a_mirror_needs_both_sides_and_names(data):
    one_sided = np.array(["rest", "right_hand"])
    with pytest.raises(ConfigError, match=r"would be \['rest', 'left_hand'\]"):
        augment(data, {"ChannelsSymmetry": {}}, SEED, one_sided, NAMES)
    with pytest.raises(ConfigError, match=r"channel names.*come with EEGTrials"):
        augment(data, {"ChannelsSymmetry": {}}, SEED, HANDS)


@pytest.mark.parametrize(
    "classes", [("Left_hand", "Right_hand"), ("LEFT", "RIGHT"), ("imagery_left", "imagery_right")]
)
def test_sides_are_read_in_any_writing(data, classes):
    more = augment(data, {"ChannelsSymmetry": {}}, SEED, np.array(classes), NAMES)
    assert more.labels[8:].tolist() == [1, 0] * 3 + [UNLABELLED] * 2


@pytest.mark.parametrize(
    "classes", [("LH", "RH"), ("769", "770"), (1, 2), ("L", "rest"), ("a", "b")]
)
def test_a_mirror_asks_for_the_pairs_that_it_cannot_read(data, classes):
    with pytest.raises(ConfigError, match=r"it is not known .*'classes': \{'LH': 'RH'\}"):
        augment(data, {"ChannelsSymmetry": {}}, SEED, np.array(classes), NAMES)


def test_the_pairs_may_be_given(data):
    mirror = {"ChannelsSymmetry": {"classes": {"LH": "RH"}}}
    check_augmentation(mirror)
    data.labels[0] = 2
    more = augment(data, mirror, SEED, np.array(["LH", "RH", "moving"]), NAMES)
    assert more.labels[8:].tolist() == [2, 0, 1, 0, 1, 0] + [UNLABELLED] * 2
    torch.testing.assert_close(more.X[8:], data.X[:, [2, 1, 0]])
    codes = {"ChannelsSymmetry": {"classes": {769: 770}}}
    assert augment(data, codes, SEED, np.array([769, 770, 780]), NAMES).labels[9] == 0
    unchanged = augment(
        data, {"ChannelsSymmetry": {"classes": {}}}, SEED, np.array(["a", "b", "c"]), NAMES
    )
    torch.testing.assert_close(unchanged.labels[8:], data.labels)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({"LH": "RF"}, "each class of ChannelsSymmetry must be one of 'LH', 'RH', 'F'; got 'RF'"),
        ({"LH": "RH", "F": "RH"}, "exchange a class with two others"),
        (["LH", "RH"], "must be a mapping"),
    ],
)
def test_pairs_that_cannot_be(data, pairs, said):
    with pytest.raises(ConfigError, match=said):
        augment(
            data,
            {"ChannelsSymmetry": {"classes": pairs}},
            SEED,
            np.array(["LH", "RH", "F"]),
            NAMES,
        )


def test_a_parameter_out_of_range_is_said_in_the_words_of_the_transform(data):
    with pytest.raises(ConfigError, match="FTSurrogate: phase_noise_magnitude should be between"):
        augment(data, {"FTSurrogate": {"phase_noise_magnitude": 3.0}}, SEED, HANDS)


@pytest.mark.parametrize("harm", [lambda X: X[:, :, 1:], lambda X: X / 0, lambda X: X @ X])
def test_a_transform_that_spoils_trials_is_named(harm, data, monkeypatch):
    from braindecode.augmentation import TimeReverse

    monkeypatch.setattr(TimeReverse, "__call__", lambda self, X: harm(X))
    with pytest.raises(ConfigError, match=r"augmentation TimeReverse (fails|gives other shapes)"):
        augment(data, {"TimeReverse": {}}, SEED, HANDS)
