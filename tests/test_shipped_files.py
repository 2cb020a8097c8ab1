"""Every pipeline and configuration that ships can be used as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from bci_dann._resources import configs_folder, pipelines_folder
from bci_dann.evaluation import load_config

CONFIGS = sorted(configs_folder().rglob("*.yaml"))
PIPELINES = sorted(pipelines_folder().glob("*.yml"))


def named(path: Path) -> str:
    return path.stem


def test_there_are_some():
    assert {"quickstart", "mi_openbci"} <= {path.stem for path in CONFIGS}
    assert {"bci_dann", "ea_dann", "rts_im"} <= {path.stem for path in PIPELINES}


def test_there_is_nothing_else():
    """One suffix each, so that nothing is overlooked by the ones who look for it."""
    files = [path for path in configs_folder().rglob("*") if path.is_file()]
    readme = configs_folder() / "experiments" / "README.md"  # a wheel has none
    assert sorted(set(files) - {readme}) == CONFIGS
    locks = {path for path in pipelines_folder().iterdir() if path.suffix == ".lock"}  # of MOABB
    assert sorted(set(pipelines_folder().iterdir()) - locks) == PIPELINES


@pytest.mark.parametrize("path", CONFIGS, ids=named)
def test_a_config_is_valid_and_named_like_its_file(path):
    assert load_config(path).name == path.stem


def test_every_experiment_is_explained(project):
    folder = project / "configs" / "experiments"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in text for path in folder.glob("*.yaml"))
    named = set(re.findall(r"`(\w+\.yaml)`", text))
    assert named == {path.name for path in folder.glob("*.yaml")}


def test_no_config_has_the_name_of_another():
    assert len({path.stem for path in CONFIGS}) == len(CONFIGS)


def test_runs_on_the_same_dataset_agree_on_it():
    """What several files say of one dataset must not drift apart."""
    stems = [path for path in CONFIGS if path.stem.startswith("mi_openbci")]
    runs = [load_config(path) for path in stems]
    assert len(runs) > 1
    assert all((r.data, r.preprocessing) == (runs[0].data, runs[0].preprocessing) for r in runs)


def is_plain(value) -> bool:
    """Whether a value is text, numbers, lists and mappings alone."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return isinstance(value, (str, int, float, bool, type(None)))


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_is_named_like_its_file_and_plain_for_moabb(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["name"] == path.stem
    # MOABB's arrays bring no sampling frequency, which a filter bank needs, and no rest windows
    ours = "fbcsp" in path.stem or path.stem == "rts_rest"
    in_moabb = set() if ours else {"LeftRightImagery", "MotorImagery"}
    assert set(content["paradigms"]) == in_moabb
    for step in content["pipeline"]:
        assert is_plain(step["parameters"])


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_says_in_one_line_what_it_is_and_gives_its_paper(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith(".")
    assert re.search(r"\([A-Z].* (19|20)\d\d\)", lines[0])
    assert not lines[1].startswith("#")


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_loads_in_moabb(path, tmp_path):
    from moabb.pipelines.utils import parse_pipelines_from_directory

    # from a copy: the parser leaves lock files behind
    copied = shutil.copy(path, tmp_path)
    (parsed,) = parse_pipelines_from_directory(str(copied))
    assert parsed["name"] == path.stem
