"""Shipped pipelines and configurations are found in a checkout and in an installed package."""

from __future__ import annotations

import importlib.resources
import shutil
from pathlib import Path

import pytest

from bci_dann._resources import (
    configs_folder,
    documentation_index,
    find_configuration,
    pipelines_folder,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, InstallationError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An empty package folder that stands for ``site-packages/bci_dann``."""
    folder = tmp_path / "site-packages" / "bci_dann"
    folder.mkdir(parents=True)
    monkeypatch.setattr(importlib.resources, "files", lambda name: folder)
    return folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder without configurations."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_shipped_files_are_there():
    assert (pipelines_folder() / "rts_im.yml").is_file()
    assert (configs_folder() / "quickstart.yaml").is_file()


def test_they_are_the_files_of_the_repository(project):
    for folder, name in ((pipelines_folder(), "pipelines"), (configs_folder(), "configs")):
        shipped = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.y*ml")}
        source = project / name
        assert shipped == {p.relative_to(source): p.read_bytes() for p in source.rglob("*.y*ml")}


def test_an_installed_package_holds_its_own(package):
    (package / "_pipelines").mkdir()
    assert pipelines_folder() == package / "_pipelines"


def test_the_copy_inside_the_package_goes_before_a_checkout(package):
    for folder in ("bci_dann/_configs", "configs"):
        (package.parent / folder).mkdir()
    (package.parent / "pyproject.toml").touch()
    assert configs_folder() == package / "_configs"


def test_a_checkout_has_them_beside_the_package(package):
    (package.parent / "configs").mkdir()
    (package.parent / "pyproject.toml").touch()
    assert configs_folder() == package.parent / "configs"


def test_a_stranger_in_site_packages_is_not_taken_for_ours(package):
    """Another distribution may install a top-level folder ``pipelines``."""
    (package.parent / "pipelines").mkdir()
    with pytest.raises(InstallationError, match=r"lacks its pipelines.*Install bci_dann again"):
        pipelines_folder()


@pytest.mark.parametrize("given", ["quickstart", Path("quickstart"), "configs/quickstart"])
def test_a_name_is_the_shipped_configuration(elsewhere, given):
    assert find_configuration(given) == configs_folder() / "quickstart.yaml"


@pytest.mark.parametrize("given", ["configs/quickstart.yaml", "quickstart.yaml", "quickstart.yml"])
def test_a_path_that_is_missing_is_the_shipped_one_with_a_warning(elsewhere, given):
    with pytest.warns(BCIDannWarning, match=f"no file {given}; .*'quickstart' that comes with"):
        assert find_configuration(given) == configs_folder() / "quickstart.yaml"


@pytest.mark.parametrize("given", ["quickstart", "quickstart.yaml", "configs/quickstart.yaml"])
def test_a_file_of_the_user_goes_before_the_shipped_one(elsewhere, given):
    path = elsewhere / given
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert find_configuration(given).resolve() == path


def test_a_folder_is_no_configuration(elsewhere):
    """Results of a run lie in a folder of its name."""
    (elsewhere / "quickstart").mkdir()
    assert find_configuration("quickstart") == configs_folder() / "quickstart.yaml"
    (elsewhere / "mine").mkdir()
    for folder in ("mine", ".", "configs", ""):
        with pytest.raises(ConfigError, match="no configuration file"):
            find_configuration(folder)


def test_configurations_in_subfolders_have_names_too(package, elsewhere):
    (package / "_configs" / "experiments").mkdir(parents=True)
    path = package / "_configs" / "experiments" / "strength.yaml"
    path.touch()
    assert find_configuration("experiments/strength") == path
    with pytest.raises(ConfigError, match=r"Those of the package: experiments/strength\.$"):
        find_configuration("strength")


def test_what_is_missing_everywhere_gets_a_suggestion(elsewhere):
    with pytest.raises(ConfigError, match=r"quikstart.*Did you mean 'quickstart'.*article"):
        find_configuration("quikstart")
    (elsewhere / "mine.yaml").touch()
    with pytest.raises(ConfigError, match=r"Did you mean 'mine\.yaml'"):
        find_configuration("mime.yaml")


@pytest.mark.parametrize("given", ["../configs/quickstart.yaml", "/nowhere/quickstart.yaml"])
def test_a_path_of_another_folder_is_not_guessed_at(elsewhere, given):
    with pytest.raises(ConfigError, match="no configuration file"):
        find_configuration(given)


def test_a_shipped_configuration_needs_no_source_tree(package, elsewhere, project):
    """Its pipelines are found in the package, not beside the folder of configurations."""
    from bci_dann.evaluation import load_config

    for name in ("configs", "pipelines"):
        shutil.copytree(project / name, package / f"_{name}")
    run = load_config("quickstart")
    assert run.name == "quickstart"
    assert all(Path(path).parent == package / "_pipelines" for path in run.pipelines)


def index_in(folder):
    folder.mkdir(parents=True)
    (folder / "index.html").touch()
    return folder / "index.html"


def test_the_documentation_of_a_checkout_is_what_was_built_there(package):
    built = index_in(package.parent / "docs" / "_build" / "html")
    with pytest.raises(InstallationError, match="not built"):
        documentation_index()  # some other folder named docs
    (package.parent / "pyproject.toml").touch()
    assert documentation_index() == built


def test_the_documentation_of_a_wheel_goes_before_that(package):
    index_in(package.parent / "docs" / "_build" / "html")
    (package.parent / "pyproject.toml").touch()
    inside = index_in(package / "_docs")
    assert documentation_index() == inside


def test_documentation_that_is_not_built_says_how_to_build_it(package):
    with pytest.raises(InstallationError, match=r"sphinx -b html docs"):
        documentation_index()
