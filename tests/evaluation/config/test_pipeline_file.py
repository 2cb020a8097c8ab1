from __future__ import annotations

import json
import shutil
import warnings

import pytest

from bci_dann.evaluation.config.pipeline_file import (
    PipelineSpec,
    available_pipelines,
    find_pipeline,
    load_pipeline,
    pipeline_description,
    warn_of_built_in_name,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError

LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}


def test_definition_is_plain_data(write_pipeline):
    path = write_pipeline("one", {**LOGISTIC, "parameters": {"C": 2}})
    loaded = load_pipeline(path)
    assert loaded.definition == ({**LOGISTIC, "parameters": {"C": 2}},)
    assert json.loads(json.dumps(loaded.definition)) == list(loaded.definition)
    assert (loaded.name, loaded.source) == ("one", str(path))


def test_pipelines_are_equal_by_name_and_definition_wherever_they_come_from():
    steps = ({**LOGISTIC, "parameters": {}},)
    assert PipelineSpec("a", steps, source="x.yml") == PipelineSpec("a", steps, set_by={"C": "y"})
    assert PipelineSpec("a", steps) != PipelineSpec("b", steps)
    assert PipelineSpec("a", steps) != PipelineSpec("a", (*steps, *steps))


def test_lookup(write_pipeline):
    path = write_pipeline("ea_dann", LOGISTIC)
    folders = [path.parent]
    assert available_pipelines(folders) == {"ea_dann": path}
    assert find_pipeline("ea_dann", folders) == path
    assert find_pipeline(str(path), []) == path
    assert find_pipeline("ea_dann.yml", folders) == path
    with pytest.raises(ConfigError, match=r"Did you mean 'ea_dann'.*looked in"):
        find_pipeline("ea_dan", folders)


def test_the_nearest_folder_is_taken(write_pipeline, tmp_path):
    near = write_pipeline("shared", LOGISTIC)
    far = tmp_path / "far" / "shared.yml"
    far.parent.mkdir()
    shutil.copy(near, far)
    (tmp_path / "far" / "only_far.yml").write_text(near.read_text())
    folders = [near.parent, far.parent]
    assert find_pipeline("shared", folders) == near
    assert find_pipeline("shared", folders[::-1]) == far
    assert list(available_pipelines(folders)) == ["only_far", "shared"]


def test_a_file_of_another_kind_is_no_pipeline(tmp_path):
    (tmp_path / "notes.txt").write_text("name: x")
    with pytest.raises(ConfigError, match="there is no pipeline"):
        find_pipeline(str(tmp_path / "notes.txt"), [tmp_path])


@pytest.mark.parametrize(
    ("step", "more", "message"),
    [
        ({**LOGISTIC, "parameter": {"C": 1}}, {}, "Did you mean 'parameters'"),
        ({"name": "LogisticRegression"}, {}, "the key 'pipeline.0.from' is missing"),
        (LOGISTIC, {"param_grid": {"C": [1, 2]}}, "mixes the trials of one subject"),
        (LOGISTIC, {"nmae": "x"}, "Did you mean 'name'"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(write_pipeline, step, more, message):
    path = write_pipeline("one", step, **more)
    with pytest.raises(ConfigError, match=message) as raised:
        load_pipeline(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", ""])
def test_a_file_without_keys_is_refused(tmp_path, text):
    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="expected a mapping with the keys name"):
        load_pipeline(path)


def test_code_in_yaml_is_not_run(tmp_path):
    path = tmp_path / "evil.yml"
    path.write_text("name: !!python/object/apply:os.getcwd []\npipeline: []\n")
    with pytest.raises(ConfigError, match=r"evil.yml, line 1: the tag"):
        load_pipeline(path)


@pytest.fixture
def built_in(tmp_path, write_pipeline):
    """Make a folder of the package's pipelines with one called ``ea_dann``."""
    folder = tmp_path / "built_in"
    folder.mkdir()
    shutil.move(write_pipeline("ea_dann", {**LOGISTIC, "parameters": {"C": 1}}), folder)
    return folder


def test_a_users_file_with_a_built_in_name_is_told_with_both_files(built_in, write_pipeline):
    path = write_pipeline("ea_dann", {**LOGISTIC, "parameters": {"C": 2}})
    with pytest.warns(
        BCIDannWarning, match=r"'ea_dann' is taken from (.*), and not from (.*),"
    ) as c:
        warn_of_built_in_name(load_pipeline(path), built_in)
    text = str(c[0].message)
    assert text.index(str(path)) < text.index(str(built_in / "ea_dann.yml"))


def test_the_name_in_the_file_counts_as_well_as_that_of_the_file(built_in, write_pipeline):
    path = write_pipeline("ea_dann", LOGISTIC)
    renamed = path.rename(path.with_name("mine.yml"))
    with pytest.warns(BCIDannWarning, match=r"'ea_dann' is taken from .*mine\.yml"):
        warn_of_built_in_name(load_pipeline(renamed), built_in)


def test_other_names_and_copies_are_no_cause_for_a_warning(built_in, write_pipeline, tmp_path):
    copied = tmp_path / "copied" / "ea_dann.yml"
    copied.parent.mkdir()
    shutil.copy(built_in / "ea_dann.yml", copied)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in (copied, built_in / "ea_dann.yml", write_pipeline("other", LOGISTIC)):
            warn_of_built_in_name(load_pipeline(path), built_in)


def test_a_pipeline_is_described_by_its_first_comment_else_by_its_steps(tmp_path):
    path = tmp_path / "mine.yml"
    body = "name: mine\npipeline:\n  - {name: A, from: m}\n  - {name: B, from: m}\n"
    path.write_text(body)
    assert pipeline_description(path) == "A + B"
    path.write_text(f"# What it is,\n# and its paper.\n\n# Something else.\n{body}")
    assert pipeline_description(path) == "What it is, and its paper."
