"""Runs of a configuration with regimes: one for each regime and each simulated world."""

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

# Separates the dataset from the regime in names such as ``DATASET.REGIME`` of a suite.
SEPARATOR = "."


@dataclass(frozen=True)
class PlannedRegime:
    """The run of one regime of a configuration.

    Attributes
    ----------
    name : str
        Name of the regime; in a suite ``DATASET.REGIME``.
    config : RunConfig
        Configuration of the run, with the regime applied to its data.
    is_held_out : bool
        Whether the regime is reserved for a final test.
    is_world : bool
        Whether the regime is a simulated world.
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
        A configuration with ``regimes`` or ``worlds``. In a suite, each regime is applied to each
        dataset separately; each world is run only once, since it does not depend on the data.
    names : sequence of str, or None
        The regimes to run; ``None`` selects all. In a suite, ``REGIME`` selects the regime of
        every dataset, and ``DATASET.REGIME`` that of one dataset.
    held_out : bool
        Whether to run regimes that are held out, too.

    Returns
    -------
    list of PlannedRegime
        The runs in the order of the configuration, worlds last.

    Raises
    ------
    ConfigError
        When the configuration has no regimes, a name is unknown or repeated, or a named regime is
        held out and ``held_out`` is false.
    """
    if not config.has_regimes:
        raise ConfigError(
            f"{config.name} has no regimes: add the key `regimes` or `worlds`, and `baselines`."
        )
    runs = config.runs if isinstance(config, Suite) else {"": config}
    planned = [
        _planned_regime(run, f"{dataset}{SEPARATOR}{name}" if dataset else name, regime)
        for dataset, run in runs.items()
        for name, regime in run.regimes.items()
    ]
    first = next(iter(runs.values()))
    if first.worlds is not None:
        planned += [
            _planned_world(first, name, world) for name, world in first.worlds.draw().items()
        ]
    if names is None:
        selected = [regime for regime in planned if held_out or not regime.is_held_out]
    else:
        names = _full_names(names, list(runs), first)
        _check_names(names, planned, held_out)
        selected = [regime for regime in planned if regime.name in names]
    if not selected:
        raise ConfigError("all regimes are held out: add --held-out (held_out=True).")
    return selected


def _full_names(names: Sequence[str], datasets: list[str], run: RunConfig) -> list[str]:
    """Replace ``REGIME`` by ``DATASET.REGIME`` for each dataset of a suite."""
    if datasets == [""]:
        return list(names)
    full_names = []
    for name in names:
        if name in run.regimes:
            full_names += [f"{dataset}{SEPARATOR}{name}" for dataset in datasets]
        else:
            full_names.append(name)
    return full_names


def _planned_regime(config: RunConfig, name: str, regime: Regime) -> PlannedRegime:
    data = config.data.model_copy(update={"regime": _regime_of_run(regime)})
    return PlannedRegime(name, _config_of_one_regime(config, name, data=data), regime.held_out)


def _planned_world(config: RunConfig, name: str, world: World) -> PlannedRegime:
    regime = _regime_of_run(world.regime)
    data = DataConfig(dataset=SIMULATED, params=dict(world.params), regime=regime)
    preprocessing = _without_channels(config.preprocessing)
    single = _config_of_one_regime(config, name, data=data, preprocessing=preprocessing)
    return PlannedRegime(name, single, world.regime.held_out, is_world=True)


def _regime_of_run(regime: Regime) -> Regime | None:
    """Return a regime as the data of a run have it.

    If it changes no trials, the result is ``None``, so that the run uses the trials and records of
    an ordinary run.
    """
    return regime.model_copy(update={"held_out": False}) if regime.changes_trials else None


def _config_of_one_regime(config: RunConfig, name: str, **replaced: Any) -> RunConfig:
    """Return the configuration of the run of one regime, without the keys for several regimes."""
    without: dict[str, Any] = {"regimes": {}, "worlds": None, "baselines": []}
    single = config.model_copy(update={"name": name, **without, **replaced})
    single._origin = config._origin
    return single


def _without_channels(preprocessing: Preprocessing) -> Preprocessing:
    """Remove channel names, because a world may not have these channels."""
    reference = preprocessing.reference
    if isinstance(reference, list):
        reference = None
    return preprocessing.model_copy(update={"channels": None, "reference": reference})


def _check_names(names: Sequence[str], planned: Sequence[PlannedRegime], held_out: bool) -> None:
    by_name = {regime.name: regime for regime in planned}
    for name in names:
        if name not in by_name:
            raise ConfigError(
                f"there is no regime {name!r}.{did_you_mean(name, by_name)} The regimes of the "
                f"configuration are {', '.join(by_name)}."
            )
        if list(names).count(name) > 1:
            raise ConfigError(f"the regime {name!r} is named more than once.")
        if by_name[name].is_held_out and not held_out:
            raise ConfigError(
                f"the regime {name!r} is held out for a final test: add --held-out "
                "(held_out=True) to run it now."
            )
