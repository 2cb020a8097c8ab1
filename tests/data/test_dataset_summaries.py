"""Size and licence of datasets, read without importing MOABB."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bci_dann.data import dataset_summaries as module
from bci_dann.data.dataset_summaries import SIMULATED_SUMMARY, dataset_summaries


def summary(name):
    return next(one for one in dataset_summaries(name) if one.name == name)


def test_ours_come_first_and_moabbs_follow_by_name():
    names = [one.name for one in dataset_summaries()]
    assert names[:2] == ["SimulatedMI", "Recordings"]
    assert names[2:] == sorted(names[2:])
    assert "BNCI2014_001" in names
    assert "FakeDataset" not in names


def test_a_known_dataset_has_all_entries():
    known = summary("BNCI2014_001")
    numbers = (known.subjects, known.sessions, known.channels, known.classes, known.sfreq)
    assert numbers == ("9", "2", "22", "4", "250")
    assert known.licence.startswith("CC-BY")


@pytest.mark.parametrize("name", ["Dreyer2023A", "Wang2026", "Beetl2021_A", "Weibo2014"])
def test_a_licence_is_found_wherever_moabb_notes_it(name):
    """In a base class, at the top of a module, among corrections, in the class itself."""
    assert summary(name).licence.startswith("CC")


def test_the_summary_of_the_simulator_is_that_of_its_defaults():
    from bci_dann.data import SimulatedMI

    dataset = SimulatedMI()
    assert SIMULATED_SUMMARY.subjects == str(len(dataset.subject_list))
    assert SIMULATED_SUMMARY.sessions == str(dataset.n_sessions)
    assert SIMULATED_SUMMARY.channels == str(len(dataset.ch_names))
    assert SIMULATED_SUMMARY.classes == str(len(dataset.classes))
    assert float(SIMULATED_SUMMARY.sfreq) == dataset.sfreq
    assert SIMULATED_SUMMARY.trials == str(dataset.n_trials)


def test_a_text_selects_in_upper_and_lower_case():
    assert {one.name for one in dataset_summaries("bnci2014")} >= {"BNCI2014_001", "BNCI2014_004"}
    assert dataset_summaries("no such dataset") == []


def test_without_moabbs_files_names_are_left(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "moabb_datasets_folder", lambda: tmp_path)
    assert summary("BNCI2014_001").subjects == "–"
    monkeypatch.setattr(module, "moabb_datasets_folder", lambda: None)
    assert summary("BNCI2014_001").licence == "–"


def test_a_dataset_that_is_new_in_moabb_is_listed(tmp_path, monkeypatch):
    (tmp_path / "summary_imagery.csv").write_text(
        "Dataset,#Subj,#Chan,#Classes,#Trials / class,Trials length (s),Freq (Hz),#Sessions\n"
        "New2030,5,varies (11-64),2,,3.0,250,1\n"
    )
    (tmp_path / "new.py").write_text(
        'class New2030(Base):\n    M = D(\n        license="CC0 1.0",\n'
    )
    monkeypatch.setattr(module, "moabb_datasets_folder", lambda: tmp_path)
    new = summary("New2030")
    assert (new.channels, new.trials, new.licence) == ("11-64", "–", "CC0-1.0")


def test_moabb_is_not_imported():
    code = (
        "import sys; from bci_dann.data.dataset_summaries import dataset_summaries\n"
        "dataset_summaries(); print({'moabb', 'mne', 'torch', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
