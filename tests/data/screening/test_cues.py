"""Accounts of cues: doubles, contradictions, reasons and counts."""

from __future__ import annotations

import pytest

from bci_dann.data.screening.cues import (
    REASONS,
    account_of,
    account_sentence,
    cue_table,
    left_out_sentence,
    mark_repeated,
    with_outcome,
)


def table(*cues):
    """Return cues of (sample, label)."""
    return cue_table([s for s, _ in cues], [f"event {n}" for _, n in cues], [n for _, n in cues])


def test_cues_come_in_the_order_of_samples():
    cues = table((30, "left"), (10, "right"))
    assert cues["sample"].tolist() == [10, 30]
    assert cues["label"].tolist() == ["right", "left"]
    assert (cues["left_out"] == "").all()


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        ([(0, "a"), (100, "a"), (200, "b")], ["", "", ""]),
        ([(0, "a"), (2, "a"), (200, "b")], ["", "doubled", ""]),
        ([(0, "a"), (0, "b"), (200, "b")], ["contradicting", "contradicting", ""]),
        ([(0, "a"), (30, "a"), (60, "a"), (90, "a")], ["", *["doubled"] * 3]),  # a marker in a loop
        ([(0, "a"), (5, "b"), (9, "a")], ["contradicting"] * 3),
        ([(0, "a"), (51, "a")], ["", ""]),
        ([], []),
    ],
)
def test_cues_within_half_a_second_are_one(cues, expected):
    assert mark_repeated(table(*cues), sfreq=100.0)["left_out"].tolist() == expected


def test_the_reason_of_contradicting_cues_holds_for_all_that_are_rejected():
    account = account_of([({}, mark_repeated(table((0, "a"), (40, "b"), (200, "a")), 100.0))])
    assert "2: the recording has a cue of another class within half a second" in account_sentence(
        account
    )


def test_a_reason_that_is_known_stays():
    cues = table((0, "a"), (2, "a")).assign(left_out=["outside", ""])
    assert mark_repeated(cues, 100.0)["left_out"].tolist() == ["outside", "doubled"]


def test_the_outcome_of_cutting_is_entered_by_sample():
    cues = mark_repeated(table((0, "a"), (2, "a"), (100, "b"), (900, "b")), 100.0)
    cut = table((0, "a"), (100, "b")).assign(left_out=["", "flat"])
    assert with_outcome(cues, cut)["left_out"].tolist() == ["", "doubled", "flat", "outside"]


def test_an_account_counts_by_recording_and_event():
    first = table((0, "a"), (100, "b"), (200, "a")).assign(left_out=["", "", "flat"])
    place = {"file": "s1.edf", "subject": 1, "session": "0", "run": "0"}
    account = account_of([(place, first), ({"file": "s2.edf"}, table((0, "b")))])
    assert account["event"].tolist() == ["event a", "event b", "event b"]
    assert account["subject"].tolist() == ["1", "1", ""]
    assert account["found"].tolist() == [2, 1, 1]
    assert account["used"].tolist() == [1, 1, 1]
    assert account["flat"].tolist() == [1, 0, 0]
    assert (account["found"] == account["used"] + account[list(REASONS)].sum(axis=1)).all()
    assert account_sentence(account) == (
        "3 of 4 cues are used as trials. Left out: 1: a channel is constant during the trial."
    )


def test_an_account_without_losses_and_one_without_cues():
    assert account_sentence(account_of([({}, table((0, "a")))])) == "All 1 cues are used as trials."
    empty = account_of([])
    assert empty.empty
    assert {"file", "found", "used", *REASONS} <= set(empty.columns)


def test_the_sentence_names_what_occurs():
    assert left_out_sentence({"": 5, "flat": 0}) == ""
    assert left_out_sentence({"doubled": 2, "outside": 1}) == (
        "1: the trial is not entirely inside the recording; 2: the same cue occurred just before"
    )
