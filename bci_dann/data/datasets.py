"""Datasets by name: those of MOABB, the simulator, and folders of recordings."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from bci_dann._validation import did_you_mean
from bci_dann.data.dataset_names import RECORDINGS, SIMULATED, check_dataset_name
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.regimes.regime import Regime
from bci_dann.data.subset import SubsetConfig
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["DataConfig", "make_dataset"]


class DataConfig(SubsetConfig):  # numpydoc ignore=PR02
    """The dataset of a run, and the selected subjects, sessions and classes.

    Parameters
    ----------
    dataset : str
        The class name of a MOABB motor-imagery dataset, for example ``"BNCI2014_001"``;
        ``"SimulatedMI"``; or ``"Recordings"`` for a folder of files.
    params : dict
        Constructor arguments of the dataset class.
    recordings : RecordingsLayout or None
        The files and events of the folder; required for ``"Recordings"``, and only allowed for it.
    subjects : list of int or str, or None
        ``None`` selects all.
    sessions : list of str, "first" or None
        Session names; ``"first"`` selects the first session of each subject; ``None`` all.
    classes : list of str, or None
        ``None`` selects all classes of the dataset.
    regime : Regime or None
        Reduction and disturbances that are applied to the prepared trials.

    See Also
    --------
    make_dataset : Creates the dataset of a configuration.
    load_dataset : Loads its trials.
    RecordingsLayout : The key ``recordings``.
    Regime : The key ``regime``.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.data import DataConfig
    >>> config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 3, "n_trials": 10})
    >>> load_dataset(config, subjects=[1, 2]).X.shape
    (40, 15, 513)
    """

    dataset: str
    params: dict[str, Any] = Field(default_factory=dict)
    recordings: RecordingsLayout | None = None
    regime: Regime | None = None

    @model_validator(mode="after")
    def _check_layout(self) -> DataConfig:
        if self.dataset == RECORDINGS and self.recordings is None:
            raise ValueError(
                "dataset: Recordings needs the key 'recordings' with the layout; `bci-dann init "
                "FOLDER` writes it (in Python: DataConfig(dataset='Recordings', "
                "recordings={'pattern': ..., 'events': ...}))"
            )
        if self.dataset != RECORDINGS and self.recordings is not None:
            raise ValueError(f"the key 'recordings' is for dataset: Recordings, not {self.dataset}")
        return self

    @model_serializer(mode="wrap")
    def _without_unset_regime(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out an unset regime, so that stored configurations without one do not change."""
        content: dict[str, Any] = handler(self)
        if self.regime is None:
            content.pop("regime", None)
        return content


def make_dataset(config: DataConfig, data_dir: Path | str | None = None) -> BaseDataset:
    """Create the dataset of a configuration.

    Parameters
    ----------
    config : DataConfig
        The configuration.
    data_dir : path, or None
        The folder of ``Recordings``; not used for other datasets, which `prepare_trials` loads
        later.

    Returns
    -------
    moabb.datasets.base.BaseDataset
        A motor-imagery dataset, not loaded yet.

    Raises
    ------
    ConfigError
        When the name or a parameter is unknown, the dataset is not motor imagery, or the
        folder of ``Recordings`` is not given.
    DataError
        When the folder of ``Recordings`` is missing or empty, or no file matches the layout.

    See Also
    --------
    load_dataset : Loads trials instead of creating a dataset.
    check_dataset_name : Checks whether a dataset exists.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, make_dataset
    >>> dataset = make_dataset(DataConfig(dataset="SimulatedMI", params={"n_subjects": 3}))
    >>> dataset.subject_list
    [1, 2, 3]
    """
    if config.dataset == RECORDINGS:
        return _recordings(config, data_dir)
    return _construct(_dataset_class(config.dataset), config)


def _parameters(config: DataConfig) -> dict[str, Any]:
    """Return constructor arguments; the simulator generates only the selected classes."""
    if config.dataset == SIMULATED and config.classes is not None:
        return {"classes": config.classes, **config.params}
    return config.params


def _recordings(config: DataConfig, data_dir: Path | str | None) -> BaseDataset:
    from bci_dann.data.recordings.folder import Recordings

    if data_dir is None:
        raise ConfigError(
            "dataset: Recordings needs the folder of the recordings: pass --data-dir FOLDER "
            "(or data_dir= in Python)."
        )
    assert config.recordings is not None
    _check_parameters(config, _parameter_names(Recordings) - {"folder", "layout"})
    return Recordings(data_dir, config.recordings, **config.params)


def _dataset_class(name: str) -> type[BaseDataset]:
    check_dataset_name(name)
    if name == SIMULATED:
        from bci_dann.data.simulation.simulated import SimulatedMI

        return SimulatedMI
    return _moabb_class(name)


def _moabb_class(name: str) -> type[BaseDataset]:
    import moabb.datasets
    from moabb.datasets.base import BaseDataset

    member = getattr(moabb.datasets, name, None)
    if not (inspect.isclass(member) and issubclass(member, BaseDataset)):
        raise ConfigError(
            f"the installed MOABB {version('moabb')} has no dataset {name!r}. "
            "`bci-dann datasets` lists the datasets."
        )
    return member


def _construct(dataset_class: type[BaseDataset], config: DataConfig) -> BaseDataset:
    _check_parameters(config, _parameter_names(dataset_class))
    try:
        dataset = dataset_class(**_parameters(config))
    except ConfigError:
        raise
    except (TypeError, ValueError, AssertionError) as error:
        raise ConfigError(f"data.params does not fit {config.dataset}: {error}.") from error
    if dataset.paradigm != "imagery":
        raise ConfigError(
            f"{config.dataset} is a {dataset.paradigm!r} dataset, and motor imagery is needed. "
            "`bci-dann datasets` lists those that fit."
        )
    return dataset


def _parameter_names(dataset_class: type[BaseDataset]) -> set[str]:
    parameters = inspect.signature(dataset_class).parameters.values()
    return {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}


def _check_parameters(config: DataConfig, known: set[str]) -> None:
    for name in config.params:
        if name not in known:
            raise ConfigError(
                f"{config.dataset} has no parameter {name!r}.{did_you_mean(name, known)} "
                f"It has {', '.join(sorted(known)) or 'none'}."
            )
