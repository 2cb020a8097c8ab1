"""Alignments of the domains of one fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bci_dann.alignment import Alignment, EuclideanAlignment, euclidean_reference
from bci_dann.estimators.inputs.domain_alignment import (
    align,
    align_and_concatenate,
    extend_alignment,
    fit_alignment,
    with_own_domains,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError


class Noting(Alignment):
    """Notes what it is called with."""

    def __init__(self):
        self.calls = []

    def fit(self, X, domains=None):
        self.calls.append(("fit", len(X), sorted(set(domains.tolist()))))
        return self

    def extend(self, X, domains=None):
        self.calls.append(("extend", len(X), sorted(set(domains.tolist()))))
        return self

    def transform(self, X, domains=None):
        self.calls.append(("transform", len(X), None if domains is None else len(domains)))
        return X

    def to_arrays(self):
        return {}

    def from_arrays(self, domains, arrays):
        return self


def test_sources_are_learned_domain_by_domain(draw_part):
    alignment = Noting()
    source = draw_part(4, domains=["b/0", "a/0", "b/0", "a/1"])
    assert fit_alignment(alignment, source) == ["a/0", "a/1", "b/0"]
    assert alignment.calls == [("fit", 4, ["a/0", "a/1", "b/0"])]


def test_domains_of_the_sources_do_not_have_names_of_the_target(draw_part):
    source = draw_part(3, domains=["1/0", "2/0", "1/0"])
    target = draw_part(2, is_target=True, domains=["1/0", "1/1"])
    renamed, same = with_own_domains([source, target])
    assert renamed.domains.tolist() == ["<source> 1/0", "2/0", "<source> 1/0"]
    assert renamed.signals.X is source.signals.X
    assert same is target
    assert with_own_domains([source]) == [source]


def test_all_parts_of_the_target_are_learned_at_once(draw_part):
    alignment = Noting()
    labelled = draw_part(2, is_target=True, domains=["z/1", "z/0"])
    unlabelled = draw_part(3, is_target=True, domains=["z/0", "z/0", "y/0"])
    domains = extend_alignment(alignment, ["a/0", "z/0"], [labelled, unlabelled])
    assert alignment.calls == [("extend", 5, ["y/0", "z/0", "z/1"])]
    assert domains == ["a/0", "z/0", "y/0", "z/1"]  # each once, in the order of learning


def test_without_a_target_nothing_is_extended():
    alignment, learned = Noting(), ["a/0"]
    domains = extend_alignment(alignment, learned, [])
    assert domains == learned
    assert domains is not learned
    assert alignment.calls == []


def test_trials_that_are_domains_of_their_own_are_warned_of(draw_part):
    with pytest.warns(BCIDannWarning, match="every source trial is a domain of its own"):
        fit_alignment(Noting(), draw_part(3, domains=["a", "b", "c"]))


def test_parts_are_joined_in_their_order(draw_part):
    source = draw_part(4, domains=["a/0", "a/0", "b/0", "b/0"])
    target = draw_part(2, is_target=True, labels=[1, -1], seed=1)
    trials = align_and_concatenate([source, target], None)
    np.testing.assert_array_equal(trials.X, np.concatenate([source.signals.X, target.signals.X]))
    assert trials.X.dtype == np.float32
    assert trials.labels.tolist() == [0, 1, 0, 1, 1, -1]
    assert trials.subjects.tolist() == ["a", "a", "b", "b", "<target>", "<target>"]
    assert trials.domains.tolist() == ["a/0", "a/0", "b/0", "b/0", "<target>", "<target>"]
    assert trials.is_target.tolist() == [False] * 4 + [True] * 2
    assert not np.shares_memory(trials.X, source.signals.X)  # a method may overwrite it


def test_joined_parts_are_aligned_by_their_own_domains(draw_part):
    source = draw_part(60, domains=["a/0"] * 30 + ["b/0"] * 30)
    target = draw_part(30, is_target=True, gain=70.0, seed=1)
    alignment = EuclideanAlignment()
    learned = fit_alignment(alignment, source)
    extend_alignment(alignment, learned, [target])
    trials = align_and_concatenate([source, target], alignment)
    for name in ("a/0", "b/0", "<target>"):
        reference = euclidean_reference(trials.X[trials.domains == name])
        np.testing.assert_allclose(reference, np.eye(3), atol=1e-5)


class Halved(Noting):
    """Gives trials of another shape, and says so."""

    def transform(self, X, domains=None):
        return X[:, :, ::2]

    def shape_of(self, shape):
        return (shape[0], shape[1] // 2)


def test_the_alignment_may_change_the_shape_of_trials(draw_part):
    source = draw_part(4)
    assert align_and_concatenate([source], Halved()).X.shape == (4, 3, 20)
    assert align(Halved(), source.signals.X, None).shape == (4, 3, 20)


def test_without_alignment_trials_are_passed_on(draw_part):
    X = draw_part(4).signals.X
    assert align(None, X, None) is X


class Infinite(Noting):
    """Overrides the method that saves memory, and breaks the contract in it."""

    def transform_into(self, X, domains, out):
        out[:] = X
        out[1] = np.inf


def test_what_is_written_in_place_must_be_finite_too(draw_part):
    with np.errstate(invalid="ignore"), pytest.raises(ConfigError, match=r"Infinite: .* 1 trials"):
        align_and_concatenate([draw_part(4)], Infinite())


class NotingRest(Noting):
    """Notes the rest windows that it is given."""

    takes_rest = True

    def fit(self, X, domains=None, rest=None, rest_domains=None):
        self.calls.append((len(X), rest, rest_domains))
        return self

    extend = fit


def resting(part, missing=()):
    rest = np.random.default_rng(3).standard_normal((len(part.labels), 2, 5)).astype(np.float32)
    rest[list(missing)] = np.nan
    return replace(part, signals=replace(part.signals, rest=rest))


def test_rest_windows_that_exist_reach_an_alignment_that_takes_them(draw_part):
    alignment = NotingRest()
    source = resting(draw_part(4, domains=["a/0", "a/0", "b/0", "b/0"]), missing=[1])
    fit_alignment(alignment, source)
    target = resting(draw_part(2, is_target=True, domains=["z/0", "z/0"]))
    extend_alignment(alignment, ["a/0", "b/0"], [target])
    (_, rest, domains), (_, of_target, _) = alignment.calls
    np.testing.assert_array_equal(rest, source.signals.rest[[0, 2, 3]])
    assert domains.tolist() == ["a/0", "b/0", "b/0"]
    np.testing.assert_array_equal(of_target, target.signals.rest)


def test_a_domain_without_rest_window_is_refused(draw_part):
    source = draw_part(4, domains=["a/0", "a/0", "b/0", "b/0"])
    with pytest.raises(DataError, match=r"these trials have none, like all arrays and epochs"):
        fit_alignment(NotingRest(), source)
    with pytest.raises(DataError, match=r"none of the 2 trials of b/0 has a rest window"):
        fit_alignment(NotingRest(), resting(source, missing=[2, 3]))
    broken = resting(source)
    broken.signals.rest[0, 1, 2] = np.inf
    with pytest.raises(DataError, match="NaN or inf"):
        fit_alignment(NotingRest(), broken)
