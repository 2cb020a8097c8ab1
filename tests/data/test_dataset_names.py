"""Names of datasets, known without importing MOABB."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from bci_dann.data import dataset_names as module
from bci_dann.data.dataset_names import (
    MOABB_IMAGERY_DATASETS,
    check_dataset_name,
    dataset_names,
)
from bci_dann.exceptions import ConfigError


def test_a_path_is_told_from_a_misspelt_name(tmp_path):
    with pytest.raises(ConfigError, match="is a path, and a dataset is given by its name"):
        check_dataset_name(str(tmp_path))
    with pytest.raises(ConfigError, match="unknown dataset ''"):
        check_dataset_name("")


def test_the_list_is_that_of_the_installed_moabb():
    """After an update of MOABB: copy the names that this test finds missing into the list."""
    import moabb.datasets
    from moabb.datasets.base import BaseDataset

    classes = [
        member
        for _, member in inspect.getmembers(moabb.datasets, inspect.isclass)
        if issubclass(member, BaseDataset)
    ]
    imagery = {one.__name__ for one in classes if one().paradigm == "imagery"}
    assert imagery - set(MOABB_IMAGERY_DATASETS) == set()
    assert set(MOABB_IMAGERY_DATASETS) - imagery == set()


def test_the_list_is_sorted_and_has_no_duplicates():
    assert list(MOABB_IMAGERY_DATASETS) == sorted(set(MOABB_IMAGERY_DATASETS))


def test_ours_come_first():
    assert dataset_names()[:3] == ["SimulatedMI", "Recordings", "AguileraRodriguez2025"]


def test_every_listed_name_is_accepted():
    for name in dataset_names():
        check_dataset_name(name)


def test_a_dataset_of_another_paradigm_exists():
    check_dataset_name("BNCI2014_009")  # P300: refused by make_dataset, which says why


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("BNCI2014_01", "'BNCI2014_001'"),
        ("bnci2014_001", "'BNCI2014_001'"),
        ("SimulatedMi", "'SimulatedMI'"),
        ("recording", "'Recordings'"),
        ("PhysioNetMI", "'PhysionetMI'"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(name, nearest):
    message = rf"unknown dataset '{name}'. Did you mean {nearest}\? `bci-dann datasets`"
    with pytest.raises(ConfigError, match=message):
        check_dataset_name(name)


def test_a_name_like_no_other_is_refused_without_a_guess():
    with pytest.raises(ConfigError, match=r"unknown dataset 'qqqq'. `bci-dann datasets` lists"):
        check_dataset_name("qqqq")


@pytest.mark.parametrize("name", ["compound_dataset", "BaseDataset", "_init_dataset", ""])
def test_other_names_in_moabb_are_no_datasets(name):
    with pytest.raises(ConfigError, match="unknown dataset"):
        check_dataset_name(name)


def test_nothing_heavy_is_imported_to_accept_or_refuse_a_name():
    code = (
        "import sys\n"
        "from bci_dann.data import DataConfig, make_dataset\n"
        "from bci_dann.data.dataset_names import check_dataset_name\n"
        "check_dataset_name('BNCI2014_001')\n"
        "try: make_dataset(DataConfig(dataset='BNCI2014_0001'))\n"
        "except ValueError as error: print(error)\n"
        "print(sorted({'moabb', 'mne', 'pandas', 'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, heavy = done.stdout.splitlines()
    assert message.startswith("unknown dataset 'BNCI2014_0001'. Did you mean 'BNCI2014_001'?")
    assert heavy == "[]"


NEWER_MOABB = """
from . import compound_dataset
from .bnci import (
    BNCI2014_001,
    BNCI2031_001,
)
from .tanaka import Tanaka2031 as Tanaka2031_MI
from .utils import dataset_dict
"""


@pytest.mark.parametrize("name", ["BNCI2031_001", "Tanaka2031_MI", "Weibo2014"])
def test_datasets_of_a_newer_moabb_are_accepted(monkeypatch, name):
    monkeypatch.setattr(module, "_moabb_datasets_source", lambda: NEWER_MOABB)
    check_dataset_name(name)


@pytest.mark.parametrize("name", ["Tanaka2031", "dataset_dict", "BNCI2014_01"])
def test_a_newer_moabb_does_not_make_every_name_right(monkeypatch, name):
    monkeypatch.setattr(module, "_moabb_datasets_source", lambda: NEWER_MOABB)
    with pytest.raises(ConfigError, match="unknown dataset"):
        check_dataset_name(name)


def missing_source():
    raise FileNotFoundError


@pytest.mark.parametrize(
    "source",
    [missing_source, lambda: "no python (", lambda: "names = lazy_loader.attach(__name__)"],
)
def test_without_a_readable_list_of_imports_moabb_itself_is_asked(monkeypatch, source):
    monkeypatch.setattr(module, "_moabb_datasets_source", source)
    check_dataset_name("BNCI2014_009")
    with pytest.raises(ConfigError, match="unknown dataset 'BNCI2014_0099'"):
        check_dataset_name("BNCI2014_0099")
