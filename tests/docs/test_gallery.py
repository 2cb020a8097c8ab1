"""Gallery scripts are complete, draw, agree in their colours, and leave global state alone.

They are executed when the documentation is built, not here.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT / "docs" / "gallery"
NAMES = [
    "plot_01_toy",
    "plot_02_shift",
    "plot_03_alignment",
    "plot_04_dann_training",
    "plot_05_reweighting",
    "plot_06_leave_one_subject_out",
    "plot_07_new_subject",
    "plot_08_few_labels",
    "plot_09_own_loss",
    "plot_10_own_aligner",
    "plot_11_moabb",
    "plot_12_reading_records",
]
MAKES_FIGURE = {"figure", "subplots", "subplot_mosaic"}
# What would change the state of other scripts in the same process, or write outside of it.
GLOBAL_STATE = re.compile(
    r"rcParams|plt\.style|\bset_log_level|set_download_dir|mne\.set_config|np\.random\.seed"
    r"|torch\.manual_seed|simplefilter|os\.environ|sklearn\.set_config"
)
TEXT_CELL = re.compile(r"^# %%\n((?:#.*\n)+)", re.MULTILINE)
ROLE = re.compile(r":(?:class|func|meth|mod|attr):`(~?bci_dann[\w.]*)`")
REFERENCE = re.compile(r":ref:`sphx_glr_auto_gallery_(\w+)\.py`")


def source_of(name: str) -> str:
    return (GALLERY / f"{name}.py").read_text(encoding="utf-8")


def figure_calls(tree: ast.AST) -> list[str]:
    """Calls of pyplot by which a script makes a figure."""
    return [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "plt"
        and node.func.attr in MAKES_FIGURE
    ]


def colours_of(name: str) -> dict[str, str]:
    """The literal ``COLOURS`` of a script: what each colour stands for."""
    for node in ast.parse(source_of(name)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COLOURS":
            return ast.literal_eval(node.value)
    return {}


def load_extension():
    path = ROOT / "docs" / "_ext" / "gallery_pictures.py"
    spec = importlib.util.spec_from_file_location("gallery_pictures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_scripts_are_these_in_this_order():
    assert [path.stem for path in sorted(GALLERY.glob("*.py"))] == NAMES
    assert (GALLERY / "README.rst").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_script_compiles_and_begins_with_a_title(name):
    tree = ast.parse(source_of(name))
    compile(tree, name, "exec")
    title, underline, empty, *text = ast.get_docstring(tree).splitlines()
    assert len(title) > 5
    assert underline == "=" * len(title)
    assert empty == ""
    assert len(" ".join(text)) > 100


@pytest.mark.parametrize("name", NAMES)
def test_a_script_has_cells_with_text_and_ends_with_conclusions(name):
    cells = TEXT_CELL.findall(source_of(name))
    assert len(cells) >= 3
    assert sum(cell.startswith("# Conclusions\n# ----") for cell in cells) == 1
    assert cells[-1].startswith("# Conclusions\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_script_draws(name):
    assert figure_calls(ast.parse(source_of(name)))


def test_a_script_that_draws_nothing_is_found():
    assert not figure_calls(ast.parse("import matplotlib.pyplot as plt\nplt.show()\nprint(1)"))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_leaves_global_state_alone(name):
    assert GLOBAL_STATE.findall(source_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_references_point_to_other_scripts(name):
    assert set(REFERENCE.findall(source_of(name))) <= set(NAMES) - {name}


def test_the_same_thing_has_the_same_colour_everywhere():
    seen: dict[str, set[str]] = {}
    for name in NAMES:
        assert colours_of(name), name
        for thing, colour in colours_of(name).items():
            seen.setdefault(thing, set()).add(colour)
    assert {thing: colours for thing, colours in seen.items() if len(colours) > 1} == {}


def test_the_build_finds_a_script_without_a_picture(tmp_path):
    scripts, built = tmp_path / "gallery", tmp_path / "auto_gallery"
    (built / "images" / "thumb").mkdir(parents=True)
    scripts.mkdir()
    for name in ("plot_1_draws", "plot_2_nothing"):
        (scripts / f"{name}.py").touch()
        (built / "images" / "thumb" / f"sphx_glr_{name}_thumb.png").touch()
    (built / "images" / "sphx_glr_plot_1_draws_001.png").touch()
    assert load_extension().scripts_without_picture(scripts, built) == ["plot_2_nothing.py"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_package_in_the_text_exist(name):
    for path in ROLE.findall(source_of(name)):
        module, _, attributes = path.removeprefix("~").partition(".")
        found = importlib.import_module(module)
        for attribute in attributes.split("."):
            if not hasattr(found, attribute):  # a package that is not imported yet
                importlib.import_module(f"{found.__name__}.{attribute}")
            found = getattr(found, attribute)
