from __future__ import annotations

import io

import numpy as np
import pytest

from bci_dann.reporting.topographies import topographies, without_position


def panels(figure):
    """Axes that hold a picture of a head, with its colour limits."""
    return [ax for ax in figure.findobj(lambda a: hasattr(a, "images")) if ax.images]


def texts(figure):
    figure.savefig(io.BytesIO(), format="png")
    return [text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text"))]


def test_a_topography_for_each_subject_band_and_part(draw_diagnosis):
    (figure,) = topographies(draw_diagnosis())
    assert len(panels(figure)) == 3 * 2 * 2
    said = texts(figure)
    assert {"01", "02", "03", "mu\n8–13 Hz", "beta\n13–30 Hz", "Mean over trials"} <= set(said)
    assert sum("SD" in text for text in said) == 2  # the unit beside each scale


def test_one_scale_for_all_topographies_of_a_part_on_all_pages(draw_diagnosis):
    diagnosis = draw_diagnosis(n_subjects=12, bands=("mu",))
    pages = topographies(diagnosis)
    assert [len(panels(page)) for page in pages] == [20, 4]
    limits = {image.get_clim() for page in pages for ax in panels(page) for image in ax.images}
    assert len(limits) <= 2
    assert all(low == -high for low, high in limits)


def test_the_scale_reaches_what_is_shown(draw_diagnosis):
    diagnosis = draw_diagnosis()
    diagnosis.shifts["mean_shift"] *= 7
    (figure,) = topographies(diagnosis)
    widest = max(image.get_clim()[1] for ax in panels(figure) for image in ax.images)
    assert widest >= np.quantile(diagnosis.shifts["mean_shift"].abs(), 0.98)


def test_a_subject_with_too_few_trials_is_marked(draw_diagnosis):
    (figure,) = topographies(draw_diagnosis(few=["03"]))
    assert len(panels(figure)) == 2 * 2 * 2
    assert texts(figure).count("too few\ntrials") == 4


@pytest.mark.parametrize("place", [np.nan, 0.0])
def test_channels_without_a_position_allow_no_topography(draw_diagnosis, place):
    diagnosis = draw_diagnosis()
    diagnosis.info["chs"][1]["loc"][:3] = place
    assert without_position(diagnosis.info) == ["C3"]
    assert topographies(diagnosis) == []
    assert len(without_position(draw_diagnosis(montage=False).info)) == 5


def test_channels_in_one_place_cannot_be_told_apart(draw_diagnosis):
    info = draw_diagnosis().info
    info["chs"][0]["loc"][:3] = info["chs"][4]["loc"][:3]
    assert without_position(info) == ["Fz", "Pz"]
