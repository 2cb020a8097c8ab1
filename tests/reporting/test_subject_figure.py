"""The picture of what each method does for each subject."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from bci_dann.exceptions import ResultsError
from bci_dann.reporting import draw_subjects, write_subject_figure


def results(accuracies, protocols=("train",), seeds=(0,), n_classes=2):
    """Return a results table; accuracies by pipeline, one value a subject."""
    rows = [
        {
            "dataset": "Set",
            "pipeline": name,
            "protocol": protocol,
            "seed": seed,
            "subject": str(subject),
            "session": "0",
            "n_test": 80,
            "accuracy": value,
            "roc_auc": value,
        }
        for protocol in protocols
        for seed in seeds
        for name, values in accuracies.items()
        for subject, value in enumerate(values, start=1)
    ]
    table = pd.DataFrame(rows)
    if n_classes:
        table.attrs["n_classes"] = n_classes
    return table


THREE = {"dann": [0.9, 0.6, 0.7], "source_only": [0.8, 0.7, 0.7]}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_plain_training_stands_first_and_each_subject_is_a_line():
    figure = draw_subjects(results(THREE))
    above = figure.axes[0]
    assert [label.get_text() for label in above.get_xticklabels()] == ["source_only", "dann"]
    lines = {line.get_label(): line.get_ydata() for line in above.lines}
    np.testing.assert_allclose(lines["subject 1"], [80, 90])
    assert "(%)" in above.get_ylabel()
    assert "N = 3" in figure.get_suptitle()


def test_means_and_chance_are_marked():
    above = draw_subjects(results(THREE)).axes[0]
    assert {"73.3", "58.8"} <= set(texts(above))
    assert any("chance" in str(line.get_label()) for line in above.lines)


def test_gains_and_losses_have_colours_and_marks_of_their_own():
    below = draw_subjects(results(THREE)).axes[1]
    by_marker = {line.get_marker(): line.get_ydata() for line in below.lines if line.get_marker()}
    np.testing.assert_allclose(by_marker["^"], [10])
    np.testing.assert_allclose(by_marker["v"], [-10])
    np.testing.assert_allclose(by_marker["o"], [0])
    assert "1 of 3 gain" in texts(below)
    assert "+0.0" in texts(below)


def test_without_plain_training_there_is_one_panel():
    assert len(draw_subjects(results({"dann": [0.9, 0.6]})).axes) == 1
    assert len(draw_subjects(results({"source_only": [0.9, 0.6]})).axes) == 1


def test_without_a_number_of_classes_there_is_no_chance_level():
    above = draw_subjects(results(THREE, n_classes=None)).axes[0]
    assert not any("chance" in str(line.get_label()) for line in above.lines)


def test_protocols_stand_side_by_side_and_seeds_are_averaged():
    figure = draw_subjects(results(THREE, ("train", "online"), (0, 1)))
    assert [ax.get_title() for ax in figure.axes[:2]] == ["Set, train", "Set, online"]
    assert "mean over 2 seeds" in figure.get_suptitle()


def test_subjects_with_numbers_are_in_the_order_of_their_numbers():
    figure = draw_subjects(results({"source_only": np.linspace(0.5, 0.9, 11)}))
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels[0] == "a subject"  # more subjects than colours
    few = results({"source_only": [0.5, 0.9]}).replace({"subject": {"1": "10"}})
    assert [line.get_label() for line in draw_subjects(few).axes[0].lines[:2]] == [
        "subject 2",
        "subject 10",
    ]


@pytest.mark.parametrize("n_pipelines", [9, 40])
def test_many_pipelines_with_long_names_are_drawn(n_pipelines):
    names = [f"reweight_ts[alignment=none,weighting={index}]" for index in range(n_pipelines)]
    table = results({name: [0.6, 0.8] for name in names} | {"source_only": [0.7, 0.7]})
    figure = draw_subjects(table)
    figure.canvas.draw()
    assert figure.get_figwidth() <= 60


def test_the_file_is_a_png_and_is_written_in_one_step(tmp_path):
    path = write_subject_figure(results(THREE), tmp_path / "new" / "subjects.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [one.name for one in path.parent.iterdir()] == ["subjects.png"]
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="cannot be written"):
        write_subject_figure(results(THREE), tmp_path / "file" / "subjects.png")


def test_neither_pyplot_nor_a_style_is_used(tmp_path):
    code = (
        "import sys, pandas as pd, matplotlib\n"
        "from bci_dann.reporting import write_subject_figure\n"
        "before = matplotlib.rcParams.copy()\n"
        f"write_subject_figure(pd.read_csv({str(tmp_path / 'r.csv')!r}), {str(tmp_path / 'f')!r})\n"
        "print('matplotlib.pyplot' in sys.modules, before == matplotlib.rcParams.copy())\n"
    )
    results(THREE).to_csv(tmp_path / "r.csv", index=False)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
