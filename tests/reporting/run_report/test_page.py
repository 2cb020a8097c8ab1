"""The page as its reader sees it: content, figures, what is missing, no request, no error."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pandas as pd
import pytest

from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import BCIDannWarning, ResultsError
from bci_dann.reporting import report_or_warn, write_run_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
# A request is refused, and is an error of the console.
NO_REQUESTS = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src data: 'unsafe-inline' 'unsafe-eval'\">"
)
MOST_BYTES, MOST_SECONDS = 15e6, 60
# The figures of each protocol, and those of the run.
OF_PROTOCOL = (
    *("Mean accuracy", "Average ranks", "Accuracy of each subject", "Confusion"),
    *("Calibration", "Errors of the most certain trials", "Accuracy over the session"),
)
OF_RUN = (
    *("Accuracy by protocol", "Accuracy by number of target trials in training"),
    "Time of a task",
)


@pytest.fixture(scope="module")
def page_file(small_run):
    return write_run_report(small_run)


@pytest.fixture(scope="module")
def page(page_file, read_page):
    return read_page(page_file)


def test_it_is_beside_the_results(page_file, small_run):
    assert page_file == small_run / "report.html"
    assert page_file.stat().st_size < MOST_BYTES


def test_every_figure_is_there_with_its_number_of_subjects(page):
    results = [title for title in page.figures if title != "MNE"]
    for protocol in ("train", "train_and_target_unlabeled_50p"):
        for name in OF_PROTOCOL:
            found = [t for t in results if t.startswith(name) and f"under {protocol}," in t]
            assert len(found) == 1, (name, protocol)
    for name in OF_RUN:
        assert sum(title.startswith(name) for title in results) == 1, name
    assert len(results) == 2 * len(OF_PROTOCOL) + len(OF_RUN)
    assert all("N = " in title for title in results)


def test_every_figure_says_how_to_read_it(page):
    for words in ("How to read this.", "Good", "Bad", "What to do"):
        assert page.text.count(words) >= len(page.figures) - 1, words


def test_the_words_name_the_best_and_what_can_be_detected(page, small_run):
    means = pd.read_csv(small_run / "results.csv").query("protocol == 'train'")
    best = 100 * means.groupby(["pipeline", "subject"])["accuracy"].mean().groupby(level=0).mean()
    assert f"{best.idxmax()} has the highest mean accuracy, {best.max():.1f} %" in page.text
    assert "the reference" in page.text
    assert "significant in 80 % of such studies" in page.text
    assert "Folds share most of their training data" in page.text


def test_a_subject_who_loses_is_named(page):
    assert "Subjects that lose with every other pipeline: 1." in page.text


def test_what_is_missing_is_told_in_a_whole_run_too(page):
    assert "All 48 tasks have their records." in page.text
    assert "320 of 336 cues are used as trials. Left out: 16: a channel is constant" in page.text


def test_commands_versions_and_configuration_are_there(page):
    for words in ("bci-dann run my", "scikit-learn", "dataset: SimulatedMI", "n_components: 10"):
        assert words in page.text


def test_nothing_outside_the_page_is_loaded(page):
    assert all(address.startswith("data:") for address in page.loaded)


def complaints_about(source, folder):
    """Open a page that may load nothing from outside; return what the browser complains about."""
    file = folder / "page.html"
    file.write_text(source.replace("<head>", f"<head>{NO_REQUESTS}", 1), encoding="utf-8")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--virtual-time-budget=5000", "--dump-dom", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert "</html>" in done.stdout
    return [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the page with")
def test_a_browser_has_nothing_to_complain_about(page_file, tmp_path):
    assert complaints_about(page_file.read_text(encoding="utf-8"), tmp_path) == []
    broken = "<html><head></head><img src='http://example.org/a.png'><script>f()</script></html>"
    assert len(complaints_about(broken, tmp_path)) == 2  # the check itself can fail


def test_a_run_that_has_not_ended_says_what_is_missing(write_run, read_page, tmp_path):
    skipped = [("ea_csp_lda", "3"), ("ea_csp_lda", "4"), ("ra_ts_logistic", "3")]
    run = write_run(tmp_path / "run", n_subjects=4, protocols=("train",), skipped=skipped)
    record = next(iter(sorted((run / "records").glob("*.npz"))))
    record.write_bytes(b"half")
    label = "ra_ts_logistic, train, subject 3, seed 0"
    (run / "failures.txt").write_text(f"== {label}\nTraceback\nMemoryError: too <large>\n")
    with pytest.warns(BCIDannWarning, match="1 records .* are damaged"):
        text = read_page(write_run_report(run)).text
    assert "4 of 12 tasks" in text
    assert f"1 record cannot be read and count as missing: {record.name}" in text
    assert f"{label}: MemoryError: too <large>" in text
    assert "results.csv is missing or differs from the records" in text
    assert "subjects, no difference can be significant at 5 %" in text


def test_a_run_without_any_record_has_a_report(write_run, read_page, tmp_path):
    run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
    shutil.rmtree(run / "records")
    page = read_page(write_run_report(run))
    assert "No task has finished yet" in page.text
    assert "9 of 9 tasks" in page.text
    assert [title for title in page.figures if title != "MNE"] == []
    (run / "account.csv").unlink()
    text = read_page(write_run_report(run)).text
    assert "the folder contains no subjects yet" in text
    assert "How many cues of the recordings are used as trials is not known" in text


def test_one_pipeline_has_nothing_to_be_compared_with(write_run, read_page, tmp_path):
    run = write_run(tmp_path / "run", pipelines=("csp_lda",), n_subjects=3, protocols=("train",))
    text = read_page(write_run_report(run, tmp_path / "page.html")).text
    assert "so there is no comparison" in text
    assert "There is no critical-difference diagram" in text
    assert not (run / "report.html").exists()


def test_a_folder_of_an_earlier_version_has_a_report(write_run, read_page, tmp_path):
    run = write_run(tmp_path / "run", n_subjects=3, protocols=("train",))
    manifest = json.loads((run / "config.json").read_text())
    kept = {key: manifest[key] for key in ("fixed", "pipelines", "protocols", "seeds")}
    (run / "config.json").write_text(json.dumps(kept))
    (run / "invocations.json").unlink()
    table = pd.read_csv(run / "results.csv")
    table.drop(columns=["ece", "nll", "ess", "domain_auc"]).to_csv(run / "results.csv", index=False)
    text = read_page(write_run_report(run)).text
    assert "The commands that computed these results are not recorded in the folder." in text
    assert "The versions of the packages are not recorded in the folder." in text


@pytest.mark.parametrize("kind", ["empty", "missing"])
def test_a_folder_without_a_run_is_refused(kind, tmp_path):
    folder = tmp_path / kind
    if kind != "missing":
        folder.mkdir()
    with pytest.raises(ResultsError, match="is no results folder"):
        write_run_report(folder)


def test_a_report_that_fails_is_a_warning_that_names_the_cause(write_run, monkeypatch, tmp_path):
    run = write_run(tmp_path / "my run", n_subjects=3, protocols=("train",))
    results = (run / "results.csv").read_bytes()

    def fails(*_):
        raise ZeroDivisionError("no fonts here")

    monkeypatch.setattr("bci_dann.reporting.run_report.page.ranking_section", fails)
    with pytest.warns(
        BCIDannWarning, match=r"no fonts here \(ZeroDivisionError\).*bci-dann report '.*/my run'`"
    ):
        assert report_or_warn(run) is None
    assert (run / "results.csv").read_bytes() == results
    assert not (run / "report.html").exists()


def test_texts_go_into_a_folder_of_their_own(small_run, tmp_path):
    write_run_report(small_run, tmp_path / "page.html", tmp_path / "paper")
    names = {path.name for path in (tmp_path / "paper").iterdir()}
    assert names == {"methods.md", "references.bib", "results.md", "results.tex"}


@pytest.mark.slow
def test_a_large_run_is_drawn_in_a_minute(write_run, read_page, tmp_path):
    from bci_dann._resources import pipelines_folder

    names = sorted(file.stem for file in pipelines_folder().glob("*.yml"))[:30]
    run = write_run(tmp_path / "run", names, n_subjects=100)
    start = time.process_time()  # other programs may use the machine
    file = write_run_report(run)
    assert time.process_time() - start < MOST_SECONDS
    assert file.stat().st_size < MOST_BYTES
    page = read_page(file)
    assert len(page.figures) == 2 * len(OF_PROTOCOL) + len(OF_RUN) + 1
    assert "The figure shows 12 of 30 pipelines" in page.text
    assert "Accuracy (%) of all 100 subjects" in page.text
    assert ResultsFolder(run).table_path.is_file()
