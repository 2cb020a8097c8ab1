from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from bci_dann.reporting.shift_figures import overlap_chart, session_map


def drawn(figure):
    """Every text, once the figure is laid out as it would be saved."""
    figure.savefig(io.BytesIO(), format="png")
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def test_every_subject_is_on_the_chart_once_for_each_alignment(draw_diagnosis):
    figure = overlap_chart(draw_diagnosis())
    texts = drawn(figure)
    assert {"01", "02", "03", "no alignment", "euclidean alignment"} <= set(texts)
    for ax in figure.axes:
        points = [line for line in ax.get_lines() if line.get_marker() not in ("", "None")]
        assert sum(len(line.get_xdata()) for line in points) == 6


def test_weights_without_overlap_are_hollow(draw_diagnosis):
    lines = overlap_chart(draw_diagnosis()).axes[1].get_lines()
    hollow = [line for line in lines if line.get_fillstyle() == "none"]
    assert [len(line.get_xdata()) for line in hollow] == [3, 0]


def test_a_subject_with_too_few_trials_leaves_a_gap(draw_diagnosis):
    assert "02" in drawn(overlap_chart(draw_diagnosis(few=["02"])))


def test_the_map_keeps_distances_that_fit_in_the_plane(draw_diagnosis):
    diagnosis = draw_diagnosis()
    flat = np.random.default_rng(1).standard_normal((6, 2))
    names = diagnosis.session_distances["session"].unique().tolist()
    for start, scale in ((0, 1.0), (6, 0.1)):
        where = diagnosis.session_distances.index[start : start + 6]
        diagnosis.session_distances.loc[where, names] = scale * squareform(pdist(flat))
    figure = session_map(diagnosis)
    texts = drawn(figure)
    assert sum("100% of the squared distances" in text for text in texts) == 2
    assert "the same, 10 times larger" in texts
    dots = [line.get_xydata() for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(pdist(np.concatenate(dots)), pdist(flat), atol=1e-6)


def test_maps_above_have_one_scale(draw_diagnosis):
    figure = session_map(draw_diagnosis())
    first, second = (np.ptp(ax.get_xlim()) for ax in figure.axes[:2])
    assert first == pytest.approx(second)
    assert np.ptp(figure.axes[3].get_xlim()) < second


@pytest.mark.parametrize(("n_subjects", "n_sessions"), [(2, 1), (30, 1)])
def test_maps_of_few_and_of_many(draw_diagnosis, n_subjects, n_sessions):
    texts = drawn(session_map(draw_diagnosis(n_subjects, n_sessions)))
    assert "01" in texts
    assert not any("nan" in text for text in texts)


def test_a_single_alignment_needs_no_second_row(draw_diagnosis):
    diagnosis = draw_diagnosis()
    first = diagnosis.session_distances.iloc[:6]
    figure = session_map(replace(diagnosis, session_distances=first))
    assert len(figure.axes) == 1
    assert not any("Above" in text for text in drawn(figure))


def test_sessions_in_one_place(draw_diagnosis):
    diagnosis = draw_diagnosis()
    names = diagnosis.session_distances["session"].unique().tolist()
    diagnosis.session_distances[names] = 0.0
    assert "01" in drawn(session_map(diagnosis))
