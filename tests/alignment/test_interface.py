"""What every alignment promises, the package's own and a user's."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from bci_dann.alignment import Alignment
from bci_dann.alignment.interface import check_finite, checked_transform, read_only_trials
from bci_dann.exceptions import ConfigError


def test_it_gives_trials_of_the_shape_that_it_promises(alignment, draw_domains):
    X, domains = draw_domains()
    before = X.copy()
    aligned = alignment.fit(X, domains).transform(X, domains)
    assert aligned.shape == (len(X), *alignment.shape_of(X.shape[1:]))
    assert aligned.dtype == np.float32
    assert np.isfinite(aligned).all()
    np.testing.assert_array_equal(X, before)


def test_it_removes_the_gain_of_a_domain(alignment, draw_domains):
    X, domains = draw_domains()
    louder = X * np.where(domains == "b/0", 50.0, 1.0)[:, None, None].astype("f4")
    one, two = (copy.deepcopy(alignment).fit(Z, domains).transform(Z, domains) for Z in (X, louder))
    np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-3)


def test_a_reference_is_frozen_until_it_is_learned_again(alignment, draw_domains):
    X, domains = draw_domains()
    alignment.fit(X, domains)
    first = alignment.transform(X[:5], domains[:5])
    other = draw_domains(seed=1)[0]
    alignment.transform(other, domains)
    np.testing.assert_array_equal(alignment.transform(X, domains)[:5], first)
    alignment.extend(other, np.repeat("c/0", len(other)))
    np.testing.assert_array_equal(alignment.transform(X[:5], domains[:5]), first)
    alignment.fit(other, domains)
    assert np.abs(alignment.transform(X[:5], domains[:5]) - first).max() > 1e-3


def test_unknown_domains_and_none_get_the_reference_of_the_last_domains(alignment, draw_domains):
    X, domains = draw_domains()
    alignment.fit(X, domains)
    of_sources = alignment.transform(X[:5])
    np.testing.assert_array_equal(alignment.transform(X[:5], np.repeat("z/0", 5)), of_sources)
    alignment.extend(30 * X, np.repeat("c/0", len(X)))
    of_target = alignment.transform(X[:5])
    np.testing.assert_array_equal(alignment.transform(X[:5], np.repeat("z/0", 5)), of_target)
    assert of_target.std() < 0.2 * of_sources.std()


def test_each_trial_is_aligned_by_itself(alignment, draw_domains):
    X, domains = draw_domains()
    alignment.fit(X, domains)
    together = alignment.transform(X, domains)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(alignment.transform(X[order], domains[order]), together[order])
    np.testing.assert_array_equal(alignment.transform(X[7:8], domains[7:8]), together[7:8])


def test_what_it_has_learned_is_restored_from_arrays(alignment, draw_domains):
    X, domains = draw_domains()
    alignment.fit(X[20:], domains[20:]).extend(X[:20], domains[:20])
    arrays = alignment.to_arrays()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    names = ["b/0", "b/1", "a/0"]  # in the order of learning
    restored = type(alignment)().from_arrays(names, copy.deepcopy(arrays))
    for given in (domains, np.repeat("z/0", len(X)), None):
        np.testing.assert_array_equal(restored.transform(X, given), alignment.transform(X, given))
    restored.extend(3 * X[:20], np.repeat("c/0", 20))
    np.testing.assert_array_equal(restored.transform(X, domains), alignment.transform(X, domains))


def test_it_can_be_copied_and_pickled(alignment, draw_domains):
    X, domains = draw_domains()
    expected = alignment.fit(X, domains).transform(X, domains)
    again = copy.deepcopy(alignment)
    alignment.extend(5 * X, domains)
    np.testing.assert_array_equal(again.transform(X, domains), expected)
    if type(alignment).__module__.startswith("bci_dann"):  # that of the test has no module
        sent = pickle.loads(pickle.dumps(again))
        np.testing.assert_array_equal(sent.transform(X, domains), expected)


def test_aligned_trials_are_written_where_they_are_wanted(alignment, draw_domains):
    X, domains = draw_domains()
    out = np.full((len(X) + 2, 4, 100), -1, dtype=np.float32)
    alignment.fit(X, domains).transform_into(X, domains, out[1:-1])
    np.testing.assert_array_equal(out[1:-1], alignment.transform(X, domains))
    assert (out[[0, -1]] == -1).all()


def test_an_instance_that_is_not_complete_cannot_be_made():
    class Half(Alignment):
        def fit(self, X, domains=None):
            return self

    with pytest.raises(TypeError, match="abstract method"):
        Half()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.zeros((60, 4)), r"trials of shape \(60, 4, 100\); got shape \(60, 4\)"),
        (np.zeros((1, 4, 100)), r"trials of shape \(60, 4, 100\); got shape \(1, 4, 100\)"),
        (np.zeros(()), r"got shape \(\)"),
        (None, r"got shape \(\)"),
        (np.where(np.arange(60) < 2, np.inf, 0)[:, None, None] * np.ones((1, 4, 100)), "2 trials"),
        (np.full((60, 4, 100), np.nan), "finite values; got 60 trials with NaN or infinity"),
    ],
)
def test_what_breaks_the_promise_is_named(scaling, draw_domains, result, message):
    X, domains = draw_domains()
    scaling.transform = lambda X, domains=None: result
    with np.errstate(invalid="ignore"):
        for use in (
            checked_transform,
            lambda *given: given[0].transform_into(*given[1:], X.copy()),
        ):
            with pytest.raises(ConfigError, match=f"alignment Scaling: transform must.*{message}"):
                use(scaling, X, domains)


def test_large_numbers_are_finite():
    """A sum that overflows is no evidence of infinity."""
    large = np.full((4, 2, 8), np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        check_finite(Alignment, large)


def test_lists_are_accepted_as_trials(scaling, draw_domains):
    X, domains = draw_domains()
    scaling.fit(X, domains)
    plain = scaling.transform
    scaling.transform = lambda X, domains=None: plain(X, domains).tolist()
    aligned = checked_transform(scaling, X, domains)
    np.testing.assert_allclose(aligned, plain(X, domains), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64])
def test_aligned_trials_are_in_single_precision(scaling, draw_domains, dtype):
    X, domains = draw_domains()
    scaling.transform = lambda X, domains=None: X.astype(dtype)
    assert checked_transform(scaling, X, domains).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.complex64, object, str])
def test_aligned_trials_are_real_numbers(scaling, draw_domains, dtype):
    X, domains = draw_domains()
    scaling.transform = lambda X, domains=None: X.astype(dtype)
    with pytest.raises(ConfigError, match="must return real numbers; got values of type"):
        checked_transform(scaling, X, domains)


def test_numbers_too_large_for_single_precision_are_not_finite(scaling, draw_domains):
    X, domains = draw_domains()
    scaling.transform = lambda X, domains=None: np.full(X.shape, 1e300)
    with pytest.raises(ConfigError, match="must return finite values; got 60 trials"):
        checked_transform(scaling, X, domains)


def test_trials_cannot_be_changed_in_place(scaling, draw_domains):
    X, domains = draw_domains()
    before = X.copy()

    def double(X, domains=None):
        X *= 2
        return X

    scaling.transform = double
    with pytest.raises(ConfigError, match="Scaling: expected methods that leave X unchanged; got"):
        checked_transform(scaling, X, domains)
    np.testing.assert_array_equal(X, before)
    assert X.flags.writeable


def test_other_errors_of_an_alignment_are_its_own(scaling, draw_domains):
    X, _ = draw_domains()
    with pytest.raises(ValueError, match="its own") as caught, read_only_trials(scaling, X):
        raise ValueError("its own")
    assert not isinstance(caught.value, ConfigError)
