from __future__ import annotations

import pytest
import yaml

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.yaml_file import read_config_content
from bci_dann.exceptions import ConfigError


@pytest.fixture
def write(tmp_path):
    def to(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content))
        return path

    return to


def test_own_keys_replace_inherited_ones_whole(write):
    write("base.yaml", {"seeds": [0], "data": {"dataset": "A", "subjects": [1]}})
    child = write("child.yaml", {"extends": "base.yaml", "data": {"dataset": "B"}})
    assert read_config_content(child) == {"seeds": [0], "data": {"dataset": "B"}}


def test_the_nearest_file_of_a_chain_has_the_last_word(write):
    write("eldest.yaml", {"a": 1, "b": 1, "c": 1})
    write("deeper/middle.yaml", {"extends": "../eldest.yaml", "a": 2, "b": 2})
    child = write("child.yaml", {"extends": "deeper/middle.yaml", "a": 3})
    assert read_config_content(child) == {"a": 3, "b": 2, "c": 1}


def test_a_run_is_the_same_with_inherited_keys(config, write):
    write("base.yaml", {**config, "seeds": [0]})
    child = write("child.yaml", {"extends": "base.yaml", "seeds": [1, 2]})
    assert load_config(child) == load_config({**config, "seeds": [1, 2]})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bose.yaml", r"no configuration file .*Did you mean 'base\.yaml'"),
        (["base.yaml"], "must be the name of one file"),
        ("child.yaml", "which extends it in turn"),
        ("list.yaml", "holds no keys"),
    ],
)
def test_what_cannot_be_extended(write, name, message):
    write("base.yaml", {"seeds": [0]})
    write("list.yaml", [1])
    with pytest.raises(ConfigError, match=message):
        read_config_content(write("child.yaml", {"extends": name}))


def test_a_circle_of_files(write):
    write("a.yaml", {"extends": "b.yaml"})
    with pytest.raises(ConfigError, match=r"extends b\.yaml, which extends it in turn"):
        read_config_content(write("b.yaml", {"extends": "a.yaml"}))


def test_a_misspelt_key_of_the_extended_file_is_named(config, write):
    write("base.yaml", {**config, "sedes": [0]})
    with pytest.raises(ConfigError, match="Did you mean 'seeds'"):
        load_config(write("child.yaml", {"extends": "base.yaml"}))
