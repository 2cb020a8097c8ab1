"""Patterns of decoders: correlation of each channel's power with the predicted probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.runs.channel_power import ChannelPower

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUE_CLASS", "decision_patterns"]

# Name, in the column of pipelines, for the pattern of the true classes.
TRUE_CLASS = "true class"
# Sessions with fewer trials are left out: their correlations are mostly noise.
MIN_SESSION_TRIALS = 8
# Probabilities are clipped to this distance from 0 and 1, whose logits are infinite.
PROBABILITY_MARGIN = 1e-6


def decision_patterns(
    trials: pd.DataFrame,
    power: ChannelPower,
    classes: Sequence[str],
    pipelines: Sequence[str],
) -> pd.DataFrame:
    """Return the correlation of each channel's log-power with the outputs of pipelines.

    A linear decoder is interpreted by its pattern, the covariance of its output with its input, and
    not by its weights (Haufe et al. 2014, "On the interpretation of weight vectors of linear models
    in multivariate neuroimaging", NeuroImage 87, 96-110). Such a covariance can be computed for any
    decoder. Here it is that of the log-odds of a class with the log-power in each channel, divided
    by both standard deviations: a correlation over the scored trials of a session. For comparison,
    the correlation of the true class with the log-power shows the differences between classes in
    the data.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row for each scored trial of a dataset and protocol, such as
        ``open_results(folder).trials``.
    power : ChannelPower
        Power of all prepared trials.
    classes : sequence of str
        The classes. For two classes there is one pattern, of the second against the first; for
        more classes there is one for each class, against the rest.
    pipelines : sequence of str
        The pipelines whose patterns are computed.

    Returns
    -------
    pandas.DataFrame
        ``pipeline`` (or :data:`TRUE_CLASS`), ``subject``, ``class``, ``channel`` and ``value``
        (-1 to 1), the mean correlation over sessions and seeds; sessions with fewer than eight
        trials, or with one class, are left out.
    """
    import pandas as pd

    shown = [classes[1]] if len(classes) == 2 else list(classes)
    columns = ["pipeline", "subject", "class", "channel", "value"]
    parts = []
    for keys, rows in trials[trials["pipeline"].isin(list(pipelines))].groupby(
        ["pipeline", "subject", "seed", "session"], sort=False
    ):
        pipeline, subject = keys[:2]
        for source, name, values in _session_patterns(rows, power, shown, pipeline):
            parts.append(
                pd.DataFrame(
                    {
                        "pipeline": source,
                        "subject": subject,
                        "class": name,
                        "channel": power.ch_names,
                        "value": values,
                    }
                )
            )
    if not parts:
        return pd.DataFrame(columns=columns)
    table = pd.concat(parts, ignore_index=True)
    order = {name: place for place, name in enumerate([TRUE_CLASS, *pipelines])}
    table = table.sort_values("pipeline", key=lambda names: names.map(order), kind="stable")
    means = table.groupby(columns[:4], sort=False)["value"].mean()
    return means.reset_index()


def _session_patterns(
    rows: pd.DataFrame, power: ChannelPower, shown: Sequence[str], pipeline: str
) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Yield the patterns of one session: of the pipeline, and of the true class."""
    if len(rows) < MIN_SESSION_TRIALS:
        return
    log_power = power.log_power[rows["trial"].to_numpy(dtype=np.intp)].astype(np.float64)
    for name in shown:
        is_class = (rows["truth"] == name).to_numpy(dtype=float)
        if is_class.std() == 0:
            continue
        probability = rows[f"p_{name}"].to_numpy(dtype=float)
        probability = probability.clip(PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
        yield TRUE_CLASS, name, _correlations(is_class, log_power)
        logit = np.log(probability / (1 - probability))
        if np.ptp(logit) > 0:
            yield pipeline, name, _correlations(logit, log_power)


def _correlations(output: NDArray[Any], channels: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = channels - channels.mean(axis=0)
    deviation = output - output.mean()
    scale = np.sqrt((centred**2).sum(axis=0) * (deviation**2).sum())
    product = deviation @ centred
    return np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
