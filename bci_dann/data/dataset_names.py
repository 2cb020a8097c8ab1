"""Names of the datasets that a configuration may use, checked without importing MOABB."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import ConfigError

__all__ = [
    "MOABB_IMAGERY_DATASETS",
    "RECORDINGS",
    "SIMULATED",
    "check_dataset_name",
    "dataset_names",
    "moabb_datasets_folder",
]

SIMULATED, RECORDINGS = "SimulatedMI", "Recordings"

# The motor-imagery datasets of MOABB 1.7.2, including its `FakeDataset` for tests. A test
# compares them with the installed MOABB; datasets added later are accepted as well.
# fmt: off
MOABB_IMAGERY_DATASETS = (
    "AguileraRodriguez2025", "AlexMI", "BCIComp2020UpperLimb", "BNCI2003_004", "BNCI2014_001",
    "BNCI2014_002", "BNCI2014_004", "BNCI2015_001", "BNCI2015_004", "BNCI2019_001",
    "BNCI2020_001", "BNCI2022_001", "BNCI2024_001", "BNCI2025_001", "BNCI2025_002",
    "Beetl2021_A", "Beetl2021_B", "Brandl2020", "Chang2025", "Cho2017", "Dreyer2023",
    "Dreyer2023A", "Dreyer2023B", "Dreyer2023C", "FakeDataset", "Forenzo2023", "Gao2026",
    "GrosseWentrup2009", "GuttmannFlury2025_ME", "GuttmannFlury2025_MI", "HefmiIch2025",
    "Jeong2020", "Kaneshiro2015", "Kaya2018", "Kumar2024", "Lee2019_MI", "Liu2024", "Liu2025",
    "Ma2020", "Nguyen2017_L", "Nguyen2017_S", "Nguyen2017_SL", "Nguyen2017_V", "Nieto2022",
    "Ofner2017", "PhysionetMI", "Pressel2016", "Rozado2015", "Schirrmeister2017", "Shin2017A",
    "Shin2017B", "Stieger2021", "Tavakolan2017", "TrianaGuzman2024", "Wairagkar2018", "Wang2026",
    "Weibo2014", "Wu2020", "Yang2025", "Yi2025", "Zhang2017", "Zhou2016", "Zhou2020", "Zuo2025",
)
# fmt: on


def dataset_names() -> list[str]:
    """Return the names of the datasets with motor imagery.

    Returns
    -------
    list of str
        The simulator, folders of recordings, and MOABB's motor-imagery datasets.
    """
    return [SIMULATED, RECORDINGS, *MOABB_IMAGERY_DATASETS]


def check_dataset_name(name: str) -> None:
    """Raise an error unless a dataset of this name exists.

    MOABB is not imported, so that a misspelt name is reported immediately. MOABB datasets of other
    paradigms pass this check; `make_dataset` refuses them.

    Parameters
    ----------
    name : str
        A name as in ``DataConfig.dataset``.

    Raises
    ------
    ConfigError
        When neither this package nor the installed MOABB has the dataset; the message suggests
        the most similar name.

    See Also
    --------
    make_dataset : Creates the dataset.

    Examples
    --------
    >>> from bci_dann.data import check_dataset_name
    >>> check_dataset_name("BNCI2014_001")
    >>> try:
    ...     check_dataset_name("BNCI2014_01")
    ... except ValueError as error:
    ...     print(str(error).partition("`")[0].rstrip())
    unknown dataset 'BNCI2014_01'. Did you mean 'BNCI2014_001'?
    """
    if name in dataset_names() or name in _installed_moabb_names():
        return
    if name and Path(name).exists():
        raise ConfigError(
            f"{name} is a path, and a dataset is given by its name. For your own recordings, "
            "`bci-dann init` writes a configuration with dataset: Recordings; in Python pass its "
            "section `data` as DataConfig(**section), with data_dir=FOLDER."
        )
    raise ConfigError(
        f"unknown dataset {name!r}.{did_you_mean(name, dataset_names())} "
        "`bci-dann datasets` lists the datasets."
    )


def moabb_datasets_folder() -> Path | None:
    """Return the folder of ``moabb.datasets`` without importing it, which takes seconds.

    Returns
    -------
    pathlib.Path or None
        The folder; ``None`` if MOABB is not installed as plain files.
    """
    package = importlib.util.find_spec("moabb")
    return Path(package.origin).parent / "datasets" if package and package.origin else None


def _installed_moabb_names() -> set[str]:
    """Return the names that the installed ``moabb.datasets`` defines."""
    try:
        names = _imported_names(_moabb_datasets_source())
    except (OSError, SyntaxError):
        names = set()
    if names.isdisjoint(MOABB_IMAGERY_DATASETS):  # its source cannot be read, or has no imports
        import moabb.datasets

        return set(dir(moabb.datasets))
    return names


def _moabb_datasets_source() -> str:
    folder = moabb_datasets_folder()
    if folder is None:
        raise FileNotFoundError("moabb/datasets")
    return (folder / "__init__.py").read_text(encoding="utf-8")


def _imported_names(source: str) -> set[str]:
    """Return the capitalised names (classes) that a module imports from others."""
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    names = {alias.asname or alias.name for node in imports for alias in node.names}
    return {name for name in names if name[:1].isupper()}
