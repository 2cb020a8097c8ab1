"""Selection of subjects, sessions and classes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bci_dann._config import validate
from bci_dann.data.subset import (
    Subset,
    SubsetConfig,
    check_sessions,
    resolve_subset,
    without_subjects,
)
from bci_dann.exceptions import ConfigError


def dataset(subjects=(1, 2, 10), classes=("left_hand", "right_hand", "feet")):
    codes = {name: code for code, name in enumerate(classes, start=1)}
    return SimpleNamespace(code="Toy", subject_list=list(subjects), event_id=codes)


def resolved(toy=None, **choice):
    return resolve_subset(toy or dataset(), SubsetConfig(**choice))


def test_nothing_chosen_is_everything():
    assert resolved() == Subset([1, 2, 10], None, ["left_hand", "right_hand", "feet"])


@pytest.mark.parametrize("subjects", [[10, 1], ["10", "1"], [10, "1"], [1, 10, 10]])
def test_subjects_come_in_the_order_and_type_of_the_dataset(subjects):
    assert resolved(subjects=subjects).subjects == [1, 10]


def test_subjects_with_names_are_kept_as_names():
    toy = dataset(subjects=("A", "B"))
    assert resolved(toy, subjects=["B"]).subjects == ["B"]


def test_classes_come_in_the_order_asked_for_and_once():
    assert resolved(classes=["feet", "left_hand", "feet"]).classes == ["feet", "left_hand"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"subjects": [3]}, r"Toy has no subject 3.*It has 1, 2, 10"),
        ({"subjects": [1, "11"]}, r"no subject '11'.*Did you mean '1'"),
        ({"classes": ["feet", "lefthand"]}, r"no class 'lefthand'. Did you mean 'left_hand'"),
    ],
)
def test_what_the_dataset_lacks_is_told_with_what_it_has(choice, message):
    with pytest.raises(ConfigError, match=message):
        resolved(**choice)


def test_a_dataset_of_one_class_is_refused():
    with pytest.raises(ConfigError, match=r"Toy has the classes \['feet'\]; at least two"):
        resolved(dataset(classes=("feet",)))


@pytest.mark.parametrize(
    ("sessions", "selected"),
    [
        (None, ["0", "1", "2"]),
        ("first", ["0"]),
        (["2", "0"], ["0", "2"]),
        (["7"], []),
    ],
)
def test_sessions_of_a_subject(sessions, selected):
    subset = resolved(sessions=sessions)
    assert subset.sessions_of(["0", "1", "2"]) == selected


def test_the_first_of_no_sessions():
    assert resolved(sessions="first").sessions_of([]) == []


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"subjects": []}, "subjects must not be empty; leave the key out to take all"),
        ({"sessions": []}, "sessions must not be empty"),
        ({"classes": []}, "classes must not be empty"),
        ({"classes": ["feet"]}, "at least two classes"),
        ({"classes": ["feet", "feet"]}, "at least two classes"),
        ({"sessions": "last"}, "sessions"),
        ({"subject": [1]}, "unknown key 'subject'. Did you mean 'subjects'"),
    ],
)
def test_wrong_choices_are_explained(choice, message):
    with pytest.raises(ConfigError, match=message):
        validate(SubsetConfig, choice, "data")


def test_a_choice_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        SubsetConfig().subjects = [1]


def test_sessions_that_no_subject_has():
    toy = dataset()
    toy.session_names = ["0", "1test"]
    assert resolved(toy, sessions=["1test", "0"]).sessions == ["1test", "0"]
    with pytest.raises(ConfigError, match=r"session '1tset'. Did you mean '1test'\? It has 0, 1"):
        resolved(toy, sessions=["0", "1tset"])
    for choice in (None, "first", []):
        check_sessions(toy, choice, [])


def test_numbers_are_names_where_names_are_wanted():
    choice = SubsetConfig(subjects=[1, "01"], sessions=[1, 2.5], classes=[769, 770])
    assert choice.subjects == [1, "01"]
    assert choice.sessions == ["1", "2.5"]
    assert choice.classes == ["769", "770"]


def test_letters_with_marks_are_equal_in_either_form():
    toy = dataset(subjects=("M\u00fcller", "A\u030asa"))
    assert resolved(toy, subjects=["Mu\u0308ller", "\u00c5sa"]).subjects == toy.subject_list


def test_subjects_are_left_out_of_those_selected():
    everyone = SubsetConfig(sessions="first")
    kept, excluded = without_subjects(dataset(), everyone, ["10", 1])
    assert (kept, excluded) == (SubsetConfig(subjects=["2"], sessions="first"), ["1", "10"])
    chosen = SubsetConfig(subjects=[1, 2])
    with pytest.raises(ConfigError, match=r"'10' cannot be excluded.* of Toy.* They are 1, 2\."):
        without_subjects(dataset(), chosen, [10])
    with pytest.raises(ConfigError, match="all 2 subjects are excluded"):
        without_subjects(dataset(), chosen, [1, 2])
