"""The methods paragraph follows the configuration."""

from __future__ import annotations

import json

from bci_dann.reporting.run_report.publication.methods_text import methods_paragraphs
from bci_dann.reporting.run_report.run_content import read_run


def methods_of(run, **preprocessing):
    manifest = json.loads((run / "config.json").read_text())
    manifest["fixed"]["preprocessing"].update(preprocessing)
    (run / "config.json").write_text(json.dumps(manifest))
    return "\n".join(methods_paragraphs(read_run(run)))


def test_it_says_what_was_done(write_run, tmp_path):
    run = write_run(tmp_path / "run", n_subjects=3, seeds=(0, 1))
    text = methods_of(run, notch=50.0, band=[8.0, 30.0], window=[0.5, 4.0], resample=128.0)
    for words in (
        "EEG of 3 subjects (2 sessions each) was taken from the dataset SimulatedMI",
        "the classes left_hand, right_hand; 120 trials were scored",
        "Of 126 cues, 120 became trials",
        "notch filtered at 50 Hz, band-pass filtered from 8 to 30 Hz (IIR)",
        "cut from 0.5 s to 4 s after the cue, resampled to 128 Hz",
        "csp_lda: No alignment, common spatial patterns, linear discriminant analysis",
        "the first half of each target session without labels",
        "2 seeds, averaged within subjects",
        "(Holm 1979)",
    ):
        assert words in text, words


def test_steps_that_were_not_taken_are_not_told(write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda",), n_subjects=3, protocols=("train",))
    text = methods_of(run, notch=None, resample=None, reject_uv=None, reference=None)
    for words in ("notch", "resampled", "amplitude", "re-referenced", "Holm", "Nemenyi", "None"):
        assert words not in text, words


def test_a_variant_is_told_with_its_settings(write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda[n_components=2]",), n_subjects=3)
    assert "(Ramoser et al. 2000) (with n_components=2)" in methods_of(run)


def test_parameters_of_the_run_are_told(write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda",), n_subjects=3)
    manifest = json.loads((run / "config.json").read_text())
    manifest["pipelines"]["csp_lda"][0].setdefault("parameters", {})["n_components"] = 4
    (run / "config.json").write_text(json.dumps(manifest))
    assert "(Ramoser et al. 2000) (with n_components=4)" in methods_of(run)


def test_a_pipeline_of_ones_own_borrows_no_citation(write_run, tmp_path):
    run = write_run(tmp_path / "run", ("csp_lda",), n_subjects=3)
    manifest = json.loads((run / "config.json").read_text())
    manifest["pipelines"]["csp_lda"][0]["name"] = "MyClassifier"
    (run / "config.json").write_text(json.dumps(manifest))
    text = methods_of(run)
    assert "csp_lda: MyClassifier." in text
    assert "Ramoser" not in text
