"""The command ``run`` on a suite of several datasets."""

from __future__ import annotations

import pytest
import yaml

CONTENT = {
    "name": "mine-v1",
    "datasets": {
        name: {"dataset": "SimulatedMI", "params": {"n_subjects": n, "n_trials": 4, "sfreq": 64.0}}
        for name, n in (("few", 3), ("more", 4))
    },
    "preprocessing": {"band": [8, 28]},
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train"],
    "reference": "csp_lda",
}


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "mine-v1.yaml"
    path.write_text(yaml.safe_dump(CONTENT))
    return path


def test_a_dry_run_prints_the_effort_of_a_suite(bci_dann, suite, tmp_path):
    done = bci_dann("run", suite, "--dry-run", "--out", tmp_path / "out", "--datasets", "more")
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "8 tasks on 1 dataset;" in text
    assert "Nothing was downloaded." in text
    assert "few" not in text
    assert not (tmp_path / "out").exists()


def test_a_dry_run_tells_memory_and_the_time_that_records_tell(
    bci_dann, suite, tmp_path, monkeypatch
):
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path / "cache"))  # no durations of earlier runs
    arguments = ("run", suite, "--out", tmp_path / "out")

    def cells_of(name, *more):
        stdout = bci_dann(*arguments, "--dry-run", *more).stdout
        (line,) = [line for line in stdout.splitlines() if line.startswith(name)]
        return line.split()

    assert int(cells_of("few")[-2]) > 500  # MB
    assert cells_of("few")[-1] == "–"
    assert bci_dann(*arguments, "--datasets", "few").exit_code == 0
    assert cells_of("few")[-1] == "0.0"
    assert cells_of("few", "--pipelines", "csp_lda,mdm")[-1] == "–"
    assert cells_of("more")[-1] == "0.0"  # by the run on the other dataset


def test_regimes_of_a_suite_are_run_and_reported_together(bci_dann, suite, tmp_path):
    regimes = {"whole": {}, "short": {"duration": 1.0}}
    content = {**CONTENT, "reference": None, "baselines": ["csp_lda"], "regimes": regimes}
    suite.write_text(yaml.safe_dump(content))
    out = tmp_path / "out"
    plan = bci_dann("run", suite, "--out", out, "--dry-run", "--datasets", "more")
    assert "16 tasks in 2 regimes" in plan.stdout
    done = bci_dann("run", suite, "--out", out, "--regimes", "short,few.whole")
    assert done.exit_code == 0, done.output
    assert "Regime 3 of 3: more.short" in done.stderr
    page = (out / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in ("few.whole", "few.short", "more.short"))
    assert "more.whole" not in page
    assert "no regime 'mre.short'" in bci_dann("run", suite, "--regimes", "mre.short").stderr


def test_a_run_joins_data_sets_and_a_leaderboard_shows_them(bci_dann, suite, tmp_path):
    out, site = tmp_path / "out", tmp_path / "site"
    done = bci_dann("run", suite, "--out", out)
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "Over datasets: train" in text
    assert "Stouffer" in text
    assert "gain: mean difference from csp_lda in points" in text
    assert [path.parent.name for path in sorted(out.glob("*/report.html"))] == ["few", "more"]
    done = bci_dann("leaderboard", out, "-o", site)
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (site / "entries").iterdir())
    assert names == ["out-few.json", "out-more.json"]


def test_without_a_reference_gains_are_over_the_first_pipeline(bci_dann, tmp_path):
    """The table of all pairs lacks those that have this pipeline on the other side."""
    content = {**CONTENT, "reference": None}
    suite = tmp_path / "pairs.yaml"
    suite.write_text(yaml.safe_dump(content))
    done = bci_dann("run", suite, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if "ea_csp_lda" in line and "±" in line]
    assert [row.split("│")[5].strip() == "–" for row in rows] == [False, False]
    assert "gain: mean difference from csp_lda in points" in " ".join(done.stdout.split())


def test_a_data_set_that_fails_is_named_and_the_exit_code_is_not_0(bci_dann, suite, tmp_path):
    # a band that 64 Hz signals cannot have, in one dataset only
    changed = ("--set", "datasets.few.params.sfreq=128", "--set", "preprocessing.band=[8, 50]")
    done = bci_dann("run", suite, "--out", tmp_path / "out", *changed)
    assert done.exit_code == 1
    assert "1 of 2 datasets are incomplete" in " ".join(done.output.split())
    assert "more:" in done.output
    assert (tmp_path / "out" / "few" / "report.html").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--regimes", "whole"), "for configurations with regimes, not for a suite"),
        (("--held-out",), "for configurations with regimes, not for a suite"),
        (("--datasets", "fwe"), "Did you mean 'few'"),
        (("--set", "datasets.few.datset=x"), "Did you mean 'dataset'"),
    ],
)
def test_options_that_do_not_fit_are_refused(bci_dann, suite, options, message):
    done = bci_dann("run", suite, "--dry-run", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_data_sets_of_an_ordinary_run_are_refused(bci_dann):
    done = bci_dann("run", "quickstart", "--dry-run", "--datasets", "few")
    assert done.exit_code == 2
    assert "quickstart is not a suite" in " ".join(done.output.split())
    assert bci_dann("fit", "suites/mi-v1", "-o", "model").exit_code == 2
