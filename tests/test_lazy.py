from __future__ import annotations

import sys
import types

import pytest

from bci_dann._lazy import lazy_names


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules whose names are lazy."""
    folder = tmp_path / "lazy_example"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from bci_dann._lazy import lazy_names\n"
        "__getattr__, __dir__ = lazy_names(__name__, {'Small': 'small', 'broken': 'bad'})\n"
    )
    (folder / "small.py").write_text("class Small: pass\n")
    (folder / "bad.py").write_text("import a_library_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    import lazy_example

    yield lazy_example
    for name in [name for name in sys.modules if name.startswith("lazy_example")]:
        del sys.modules[name]


def test_a_module_is_imported_when_its_name_is_first_used(package):
    assert "lazy_example.small" not in sys.modules
    assert package.Small is sys.modules["lazy_example.small"].Small


def test_from_import_works(package):
    from lazy_example import Small

    assert Small is package.Small


def test_dir_lists_the_public_names_sorted(package):
    assert dir(package) == ["Small", "broken"]


def test_a_name_that_is_missing_is_told_with_the_package(package):
    with pytest.raises(AttributeError, match="module 'lazy_example' has no attribute 'Smal'"):
        _ = package.Smal
    assert not hasattr(package, "Smal")


def test_a_submodule_that_is_no_public_name_can_still_be_imported(package):
    from lazy_example import small

    assert isinstance(small, types.ModuleType)


def test_what_goes_wrong_inside_a_module_is_not_taken_for_a_missing_name(package):
    with pytest.raises(ModuleNotFoundError, match="a_library_that_is_missing"):
        _ = package.broken


def test_a_name_whose_module_lacks_it_is_an_attribute_error():
    get, _ = lazy_names("bci_dann", {"Gone": "exceptions"})
    with pytest.raises(AttributeError, match="Gone"):
        get("Gone")
