"""Topographies in the report: there where positions are known, and words where they are not."""

from __future__ import annotations

import shutil

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials
from bci_dann.evaluation.runs.channel_power import write_channel_power
from bci_dann.reporting import write_run_report
from bci_dann.reporting.run_report.patterns.patterns_section import patterns_section
from bci_dann.reporting.run_report.run_content import read_run

CHANNELS = ["Fz", "C3", "Cz", "C4", "Pz"]
N_ROWS = 8 * 40  # trials of the made-up run


def add_power(folder, data_key="made-up", montage=True):
    info = mne.create_info(CHANNELS, 128.0, "eeg")
    if montage:
        info.set_montage(mne.channels.make_standard_montage("biosemi64"))
    X = np.random.default_rng(0).normal(0, 10, (N_ROWS, len(CHANNELS), 64)).astype(np.float32)
    metadata = pd.DataFrame({"subject": "1", "session": "0", "run": "0"}, index=range(N_ROWS))
    write_channel_power(folder, EEGTrials(X, None, metadata, info), data_key)


@pytest.fixture
def run(small_run, tmp_path):
    return shutil.copytree(small_run, tmp_path / "run")


def test_each_protocol_has_maps_of_the_true_class_and_of_pipelines(run, read_page):
    add_power(run)
    page = read_page(write_run_report(run))
    for protocol in ("train", "train_and_target_unlabeled_50p"):
        assert f"Patterns under {protocol}, N = 8 subjects" in page.figures
    assert "Haufe et al. 2014" in page.text


def test_without_positions_it_says_so(run):
    add_power(run, montage=False)
    body = patterns_section(read_run(run)).body
    assert "these channels have no unique position: Fz, C3, Cz, C4, Pz." in body
    assert "<figure" not in body


def test_folders_without_the_power_of_these_trials_have_no_such_section(run):
    assert patterns_section(read_run(run)) is None
    add_power(run, data_key="other")
    assert patterns_section(read_run(run)) is None


def test_the_scale_and_the_axis_name_what_is_drawn(run):
    from bci_dann.reporting.run_report.patterns.patterns_section import (
        draw_patterns,
        group_patterns,
        usable_power,
    )

    add_power(run)
    content = read_run(run)
    power = usable_power(content)
    table = group_patterns(content.groups[0], power, content.classes)
    figure = draw_patterns(table, power, "N = 8 subjects")
    titles = [ax.get_title() for ax in figure.axes[:-1]]
    assert titles[0] == "true class"
    assert titles[1:] == content.groups[0].shown(4)
    assert figure.axes[-1].get_xlabel() == "correlation over trials"
    assert "N = 8 subjects" in figure.get_suptitle()
