"""Leaderboards: entries in and out, what is refused, and the page."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from bci_dann.exceptions import ConfigError, ResultsError
from bci_dann.reporting import write_leaderboard
from bci_dann.reporting.leaderboard.entry import read_entry

BROWSER = shutil.which("chromium")


@pytest.fixture(scope="module")
def site(small_run, tmp_path_factory):
    (small_run / "report.html").write_text("<p>the report</p>")
    folder = tmp_path_factory.mktemp("board") / "site"
    write_leaderboard([small_run], folder, title="Mine & others")
    return folder


def altered(site, tmp_path, name="small", **changes):
    """Copy a site and change an entry in it, or add one."""
    copy = tmp_path / "site"
    shutil.copytree(site, copy, dirs_exist_ok=True)
    content = json.loads((site / "entries" / "small.json").read_text())
    (copy / "entries" / f"{name}.json").write_text(json.dumps({**content, "name": name, **changes}))
    return copy


def test_scores_are_those_of_the_run(site, small_run):
    entry = read_entry(site / "entries" / "small.json")
    assert len(entry.scores) == 3 * 2
    results = pd.read_csv(small_run / "results.csv")
    for score in entry.scores:
        rows = results[
            (results["pipeline"] == score.method) & (results["protocol"] == score.protocol)
        ]
        expected = 100 * rows.groupby("subject")["accuracy"].mean().mean()
        assert score.accuracy == pytest.approx(expected, abs=1e-3)
        assert score.low < score.accuracy < score.high
        assert score.n_subjects == 8
    assert entry.commit == "abc"


def test_report_and_configuration_are_beside_the_page(site, small_run):
    entry = read_entry(site / "entries" / "small.json")
    assert (site / entry.report).read_text() == "<p>the report</p>"
    copied = (site / entry.configuration).read_bytes()
    assert copied == (small_run / "config.json").read_bytes()
    page = (site / "index.html").read_text()
    assert f'href="{entry.report}"' in page
    assert "Mine &amp; others" in page


def test_entries_of_others_are_kept_and_shown(site, write_run, tmp_path):
    copy = altered(site, tmp_path, "theirs", machine="<b>theirs</b>", report=None)
    other = write_run(tmp_path / "another", n_subjects=3, protocols=("train",))
    entries = write_leaderboard([other], copy)
    assert [entry.name for entry in entries] == ["another", "small", "theirs"]
    page = (copy / "index.html").read_text()
    assert "<b>theirs</b>" not in page
    assert "&lt;b&gt;theirs&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "other/1"}, "schema"),
        ({"report": "javascript:alert(1)"}, "below the site"),
        ({"report": "https://example.org/x"}, "below the site"),
        ({"report": "../../etc/passwd"}, "below the site"),
        ({"report": "//example.org/x"}, "below the site"),
        ({"scores": []}, "scores"),
        ({"scores": [{"dataset": "A", "protocol": "train"}]}, "method"),
        ({"date": "yesterday"}, "date"),
        ({"scoers": 1}, "Did you mean 'scores'"),
    ],
)
def test_a_wrong_entry_is_named_and_the_page_is_left_as_it_was(site, tmp_path, changes, message):
    copy = altered(site, tmp_path, "theirs", **changes)
    before = (copy / "index.html").read_bytes()
    with pytest.raises(ConfigError, match=message) as raised:
        write_leaderboard([], copy)
    assert "theirs.json" in str(raised.value)
    assert (copy / "index.html").read_bytes() == before


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-3", "250", '"high"', "null"])
def test_an_accuracy_that_cannot_be_is_refused(site, tmp_path, value):
    copy = altered(site, tmp_path)
    path = copy / "entries" / "small.json"
    content = json.loads(path.read_text())
    accuracy = content["scores"][0]["accuracy"]
    path.write_text(path.read_text().replace(f'"accuracy": {accuracy}', f'"accuracy": {value}', 1))
    with pytest.raises(ConfigError, match="accuracy"):
        write_leaderboard([], copy)


def test_what_cannot_be_shown_is_refused(site, write_run, tmp_path):
    with pytest.raises(ConfigError, match="holds no entry"):
        write_leaderboard([], tmp_path / "empty")
    with pytest.raises(ResultsError, match="no results folder"):
        write_leaderboard([tmp_path], tmp_path / "new")
    one = write_run(tmp_path / "a" / "run", n_subjects=2, protocols=("train",))
    other = write_run(tmp_path / "b" / "run", n_subjects=2, protocols=("train",))
    with pytest.raises(ConfigError, match="would both be the entry 'run'"):
        write_leaderboard([one, other], tmp_path / "new")
    copy = altered(site, tmp_path, "run", run="another run")
    with pytest.raises(ConfigError, match="the entry of another run"):
        write_leaderboard([one], copy)


def test_an_unfinished_run_says_so(write_run, tmp_path):
    run = write_run(tmp_path / "part", n_subjects=4, protocols=("train",))
    sorted((run / "records").glob("*.npz"))[0].unlink()
    (entry,) = write_leaderboard([run], tmp_path / "site")
    assert entry.n_missing == 1
    assert "1 task missing" in (tmp_path / "site" / "index.html").read_text()


def test_a_name_that_is_long_or_odd_is_shortened(write_run, tmp_path):
    run = write_run(tmp_path / f"mine & läuft {'x' * 120}", n_subjects=2, protocols=("train",))
    (entry,) = write_leaderboard([run], tmp_path / "site")
    assert entry.name.startswith("mine-läuft-xxx")
    assert len(entry.name) == 100
    assert write_leaderboard([], tmp_path / "site") == [entry]


def test_a_site_that_is_a_file_is_refused(small_run, tmp_path):
    (tmp_path / "site").write_text("")
    with pytest.raises(ResultsError):
        write_leaderboard([small_run], tmp_path / "site")


def test_a_suite_stands_for_its_data_sets(write_run, tmp_path):
    for name in ("A", "B"):
        write_run(tmp_path / "mi-v1" / name, n_subjects=2, protocols=("train",))
    (tmp_path / "mi-v1" / "suite.csv").write_text("dataset\n")
    entries = write_leaderboard([tmp_path / "mi-v1"], tmp_path / "site")
    assert [entry.name for entry in entries] == ["mi-v1-A", "mi-v1-B"]


def test_the_page_asks_for_nothing(site, read_page):
    assert read_page(site / "index.html").loaded == ["data:,"]
    source = (site / "index.html").read_text()
    assert "default-src 'none'" in source
    assert "http://" not in source
    assert "https://" not in source


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_the_table_sorts_and_filters_in_a_browser(site, tmp_path):
    page = (site / "index.html").read_text()
    probe = """<script>
      const shown = () => [...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden);
      const of = (place) => shown().map((row) => row.cells[place].dataset.value);
      const selects = document.querySelectorAll('select');
      const results = [shown().length, document.getElementById('mixed').hidden];
      results.push(of(1).join());
      document.querySelectorAll('th button')[1].click();
      results.push(of(1).join());
      selects.forEach((one) => { one.value = ''; one.dispatchEvent(new Event('change')); });
      results.push(shown().length, document.getElementById('mixed').hidden);
      document.title = JSON.stringify(results);
    </script></body>"""
    probed = tmp_path / "probed.html"
    probed.write_text(page.replace("</body>", probe))
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, probed.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    n_shown, is_hidden, first, second, n_all, is_hidden_for_all = json.loads(title)
    assert (n_shown, is_hidden, n_all, is_hidden_for_all) == (3, True, 6, False)
    falling = [float(value) for value in first.split(",")]
    assert falling == sorted(falling, reverse=True)
    np.testing.assert_allclose([float(value) for value in second.split(",")], falling[::-1])
