"""The command ``compare``."""

from __future__ import annotations

import json


def test_compare_names_changes_and_scores(bci_dann, config, sources, tmp_path):
    out = tmp_path / "out"
    assert bci_dann("run", config, "--out", out, "--data-dir", sources).exit_code == 0
    done = bci_dann("compare", out, out)
    assert done.exit_code == 0, done.output
    assert "nothing" in done.stdout
    assert "shallow" in done.stdout
    manifest = json.loads((out / "config.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    manifest["fixed"]["threads"] = 7
    (other / "config.json").write_text(json.dumps(manifest))
    (other / "results.csv").write_text((out / "results.csv").read_text())
    changed = bci_dann("compare", out, other, "--metric", "roc_auc")
    assert changed.exit_code == 0, changed.output
    assert "7 in the second" in changed.stdout


def test_a_folder_without_results_is_refused(bci_dann, tmp_path):
    done = bci_dann("compare", tmp_path, tmp_path)
    assert done.exit_code != 0
    assert "results.csv" in done.output


def test_merge_joins_shards_and_says_what_is_there(bci_dann, config, sources, tmp_path):
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, start=1):
        done = bci_dann(
            "run", config, "--out", part, "--data-dir", sources, "--shard", f"{number}/2"
        )
        assert done.exit_code == 0, done.output
    done = bci_dann("merge", *parts, "--out", tmp_path / "all")
    assert done.exit_code == 0, done.output
    assert "6 of 6 tasks are in" in done.stdout
    done = bci_dann("merge", parts[0], "--out", tmp_path / "half")
    assert done.exit_code == 0, done.output
    assert "3 of 6 tasks are in" in done.stdout
    assert "3 of 6 tasks are missing" in done.stderr
