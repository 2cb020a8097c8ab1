"""The README's own code runs as it stands."""

from __future__ import annotations

import re

import pytest

from bci_dann._threads import limited_threads


@pytest.mark.slow
def test_ten_lines_of_python(project, tmp_path, monkeypatch):
    readme = (project / "README.md").read_text(encoding="utf-8")
    block = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)[0]
    assert "DANNClassifier" in block
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    with limited_threads(1):
        exec(compile(block, "README.md", "exec"), names)
    truth = names["trials"].y[names["new"]]
    assert names["later"].score(names["target"], truth) > 0.7


def test_every_shipped_pipeline_and_verb_is_mentioned(project):
    readme = (project / "README.md").read_text(encoding="utf-8")
    for path in (project / "pipelines").glob("*.yml"):
        assert f"`{path.stem}`" in readme
    for verb in ("run", "fit", "adapt", "predict", "doctor", "select", "choose", "diagnose"):
        assert f"bci-dann {verb}" in readme


def test_nothing_is_left_to_fill_in(project):
    assert "@@" not in (project / "README.md").read_text(encoding="utf-8")


def test_the_loss_of_ones_own_works(project):
    readme = (project / "README.md").read_text(encoding="utf-8")
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "(Term)" in b]
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    from bci_dann.objectives import Sizes, Term

    assert isinstance(names["SmallFeatures"]().build(Sizes(4, 2, 3, True)), Term)
