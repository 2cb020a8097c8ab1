"""The runs of a configuration with regimes: one for each regime and each simulated world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.data.dataset_names import SIMULATED
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.regimes.regime import Regime
from bci_dann.data.regimes.worlds import World
from bci_dann.evaluation.config.run_config import RunConfig
from bci_dann.evaluation.suites.suite_config import Suite
from bci_dann.exceptions import ConfigError

__all__ = ["PlannedRegime", "plan_regimes"]

# Separates a dataset of a suite from the regime, in the names of folders and of rows.
OF_DATASET = "."


@dataclass(frozen=True)
class PlannedRegime:
    """One regime of a configuration, as a run of its own.

    Attributes
    ----------
    name : str
        The regime; in a suite ``DATASET.REGIME``.
    config : RunConfig
        The run, which has no regimes itself.
    is_held_out : bool
        Whether it is reserved for a final test.
    is_world : bool
        Whether it is a simulated world.
    """

    name: str
    config: RunConfig
    is_held_out: bool
    is_world: bool = False


def plan_regimes(
    config: RunConfig | Suite, names: Sequence[str] | None = None, held_out: bool = False
) -> list[PlannedRegime]:
    """Return the runs of a configuration with regimes.

    Parameters
    ----------
    config : RunConfig or Suite
        A configuration with ``regimes`` or ``worlds``. In a suite each regime is applied to each
        dataset by itself, and worlds, which do not depend on the data, come once.
    names : sequence of str, or None
        The regimes to run; ``None`` takes all. In a suite ``REGIME`` is that of every dataset,
        and ``DATASET.REGIME`` that of one.
    held_out : bool
        Whether to run those that are held out as well.

    Returns
    -------
    list of PlannedRegime
        In the order of the configuration, worlds last.

    Raises
    ------
    ConfigError
        When the configuration has none, a name is unknown or comes twice, or one of the names is
        held out and was not meant to be run.
    """
    if not config.has_regimes:
        raise ConfigError(
            f"{config.name} has no regimes: add the key `regimes` or `worlds`, and `baselines`."
        )
    runs = config.runs if isinstance(config, Suite) else {"": config}
    planned = [
        _of_data(run, f"{dataset}{OF_DATASET}{name}" if dataset else name, regime)
        for dataset, run in runs.items()
        for name, regime in run.regimes.items()
    ]
    first = next(iter(runs.values()))
    if first.worlds is not None:
        planned += [_of_world(first, name, world) for name, world in first.worlds.draw().items()]
    if names is None:
        chosen = [one for one in planned if held_out or not one.is_held_out]
    else:
        names = _of_every_dataset(names, list(runs), first)
        _check_names(names, planned, held_out)
        chosen = [one for one in planned if one.name in names]
    if not chosen:
        raise ConfigError("all regimes are held out: add --held-out (held_out=True).")
    return chosen


def _of_every_dataset(names: Sequence[str], datasets: list[str], run: RunConfig) -> list[str]:
    """Replace the name of a regime by those that it has on each dataset of a suite."""
    if datasets == [""]:
        return list(names)
    full = []
    for name in names:
        is_plain = name in run.regimes
        full += [f"{one}{OF_DATASET}{name}" for one in datasets] if is_plain else [name]
    return full


def _of_data(config: RunConfig, name: str, regime: Regime) -> PlannedRegime:
    # a regime that changes nothing has the trials and records of an ordinary run
    kept = regime.model_copy(update={"held_out": False}) if regime.changes_trials else None
    data = config.data.model_copy(update={"regime": kept})
    return PlannedRegime(name, _single(config, name, data=data), regime.held_out)


def _of_world(config: RunConfig, name: str, world: World) -> PlannedRegime:
    regime = world.regime.model_copy(update={"held_out": False})
    kept = regime if regime.changes_trials else None
    data = DataConfig(dataset=SIMULATED, params=dict(world.params), regime=kept)
    preprocessing = _without_channels(config.preprocessing)
    single = _single(config, name, data=data, preprocessing=preprocessing)
    return PlannedRegime(name, single, world.regime.held_out, is_world=True)


def _single(config: RunConfig, name: str, **replaced: Any) -> RunConfig:
    without: dict[str, Any] = {"regimes": {}, "worlds": None, "baselines": []}
    single = config.model_copy(update={"name": name, **without, **replaced})
    single._origin = config._origin
    return single


def _without_channels(preprocessing: Preprocessing) -> Preprocessing:
    """Leave names of channels out, which a world may not have."""
    reference = preprocessing.reference
    kept = None if isinstance(reference, list) else reference
    return preprocessing.model_copy(update={"channels": None, "reference": kept})


def _check_names(names: Sequence[str], planned: Sequence[PlannedRegime], held_out: bool) -> None:
    by_name = {one.name: one for one in planned}
    for name in names:
        if name not in by_name:
            raise ConfigError(
                f"there is no regime {name!r}.{did_you_mean(name, by_name)} The configuration has "
                f"{', '.join(by_name)}."
            )
        if list(names).count(name) > 1:
            raise ConfigError(f"the regime {name!r} is named more than once.")
        if by_name[name].is_held_out and not held_out:
            raise ConfigError(
                f"the regime {name!r} is held out, for a final test: add --held-out "
                "(held_out=True) to run it now."
            )
