"""Patterns from paths: which parts are subject, session and run."""

from __future__ import annotations

from itertools import product

import pytest

from bci_dann.data.survey.pattern_guess import guess_pattern


def paths(form, **values):
    return [form.format(**dict(zip(values, row, strict=True))) for row in product(*values.values())]


NUMBERS = ["01", "02", "10"]


FORMS = {
    "edf{subject}/{session}/eeg.edf": paths("edf{s}/{e}/eeg.edf", s=NUMBERS, e=["001", "Test4"]),
    "S{subject}/S{subject}R{run}.edf": paths("S{s}/S{s}R{r}.edf", s=NUMBERS, r=["04", "08"]),
    "a/1.0/S{subject}/S{subject}R{run}.edf": ["a/1.0/S01/S01R04.edf", "a/1.0/S01/S01R06.edf"],
    "P{subject}_session{session}.gdf": ["P3_session2.gdf"],
    "{subject}_run{run}.edf": ["Anna_run1.edf", "Anna_run2.edf", "Ben_run1.edf"],
    "{subject}.set": ["Anna.set", "Ben.set"],
    "day{session}/P{subject}_raw.fif": paths("day{e}/P{s}_raw.fif", e="12", s="12"),
    "data/{subject}/{session}/{run}.fif": paths("data/{s}/{e}/{r}.fif", s="ab", e="12", r="12"),
    "A{subject:2}{run:1}.gdf": paths("A{s}{e}.gdf", s=NUMBERS, e="TE"),
    "B{subject:2}{run:2}x.gdf": paths("B{s}{e}x.gdf", s=NUMBERS, e=["01", "02"]),
    "P{subject}_ses{session}_*.gdf": ["P1_ses1_37.gdf", "P1_ses2_41.gdf", "P2_ses1_40.gdf"],
    "s{subject}/{session}/x.edf": paths("s{s}/2024-0{m}-0{d}/x.edf", s="12", m="34", d="12"),
    "{{x}}S{subject}.edf": ["{x}S1.edf", "{x}S2.edf"],
    "{subject}/run{run}.fif": ["Anna/run1.fif", "Anna/run2.fif"],
    "sub-{subject}_ses-a_eeg.fif.gz": paths("sub-{s}_ses-a_eeg.fif.gz", s="12"),
    "S{subject}_Session{session}.edf": ["S1_Session1.edf", "S1_SessionTest.edf"],
}


@pytest.mark.parametrize("pattern", FORMS)
def test_the_pattern(pattern):
    assert guess_pattern(FORMS[pattern]).pattern == pattern


@pytest.mark.parametrize(
    "names",
    [["run1.edf", "run2.edf"], paths("{a}/{b}/{c}/{d}.edf", a="AB", b="12", c="12", d="12"), []],
)
def test_paths_that_do_not_tell_the_subjects_apart_give_none(names):
    assert guess_pattern(names).pattern is None


def test_fields_that_no_word_names_are_said():
    assert guess_pattern(paths("S{s}_run{r}.edf", s="12", r="12")).by_place == ()
    assert guess_pattern(paths("{s}/{e}/x.edf", s="12", e="12")).by_place == ("subject", "session")


def test_numbers_that_only_count_are_one_number():
    assert guess_pattern([f"{n:04}.edf" for n in range(1, 200)]).pattern == "{subject}.edf"
    assert guess_pattern([f"{n}.edf" for n in range(1001, 1020)]).pattern == "{subject}.edf"


def test_paths_of_another_form_are_left_out_and_named():
    guess = guess_pattern(["S1.edf", "S2.edf", "old/S3.edf", "S4.set"])
    assert guess.pattern == "S{subject}.edf"
    assert guess.left_out == ("S4.set", "old/S3.edf")
    assert guess.fields == {"S1.edf": {"subject": "1"}, "S2.edf": {"subject": "2"}}


def test_varying_parts_beside_the_run_belong_to_it():
    guess = guess_pattern(paths("s{s}/ses{e}/run{r}_{c}.edf", s="12", e="12", r="12", c="ab"))
    assert guess.pattern == "s{subject}/ses{session}/run{run}.edf"
    assert guess.fields["s1/ses1/run1_a.edf"]["run"] == "1_a"
