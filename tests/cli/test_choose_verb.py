"""The verb ``choose``, and variants on the command line."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml


@pytest.fixture
def with_variants(config):
    content = {**yaml.safe_load(config.read_text()), "pipelines": ["shallow"]}
    content["variants"] = {"shallow": {"n_components": [2, 4], "alignment": [None, "euclidean"]}}
    config.write_text(yaml.safe_dump(content, sort_keys=False))
    return config


def test_choose_prints_what_is_chosen_and_what_it_is_worth(
    bci_dann, with_variants, sources, tmp_path
):
    out = tmp_path / "out"
    done = bci_dann("choose", with_variants, "--out", out, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    assert "0/36 tasks are finished" in done.stderr
    assert "1/36 shallow[n_components=2,alignment=none], train, subject 1" in done.stderr
    chosen = pd.read_csv(out / "nested.csv").query("chosen")
    assert all(f" {name} " in done.stdout for name in chosen["pipeline"])
    for way in ("nested", "best over pseudo-targets", "best in hindsight", "oracle"):
        assert way in done.stdout
    assert set(pd.read_csv(out / "results.csv").groupby("pipeline").size()) == {3}
    names = "shallow[n_components=2,alignment=none],shallow[n_components=4,alignment=none]"
    selected = bci_dann("select", out, "--pipelines", names)
    assert selected.exit_code == 0, selected.output
    assert "always shallow[n_components=4,alignment=none]" in selected.stdout


def test_choose_counts_its_tasks_beforehand(bci_dann, with_variants, sources, tmp_path):
    arguments = ("--dry-run", "--data-dir", sources, "--out", tmp_path / "out")
    done = bci_dann("choose", with_variants, *arguments, "--seeds", "0,1", "--protocols", "online")
    assert done.exit_code == 0, done.output
    assert "72 tasks; results would go to" in done.stdout
    assert "48 of them play the target for a person who is left out" in done.stdout
    assert "shallow[n_components=4,alignment=euclidean]" in done.stdout
    assert not (tmp_path / "out").exists()


def test_variants_of_what_is_not_asked_for_are_dropped(bci_dann, with_variants, sources):
    arguments = ("--dry-run", "--data-dir", sources, "--pipelines", "source_only")
    done = bci_dann("run", with_variants, *arguments)
    assert done.exit_code == 0, done.output
    assert "3 tasks" in done.stdout
    alone = bci_dann("choose", with_variants, *arguments)
    assert alone.exit_code == 2
    assert "a choice needs at least two pipelines" in alone.stderr
