"""Warning of networks with pre-trained weights, whose training data may include target subjects."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials
    from bci_dann.evaluation.config.pipeline_file import PipelineSpec

__all__ = ["warn_of_given_weights"]


def warn_of_given_weights(
    pipelines: Sequence[PipelineSpec], trials: EEGTrials, dataset: str
) -> None:
    """Warn of pipelines whose backbone starts from weights that do not depend on the seed.

    Built-in backbones start from random weights. A user-defined backbone is built with two seeds:
    weights that are equal for both, and not constant, are probably pre-trained.

    Parameters
    ----------
    pipelines : sequence of PipelineSpec
        The pipelines of a run.
    trials : EEGTrials
        The trials of the run; only their shape and sampling frequency are used.
    dataset : str
        Name of the dataset, for the message.

    Warns
    -----
    BCIDannWarning
        For each such pipeline.
    """
    _, n_chans, n_times = trials.shape
    for spec in pipelines:
        for backbone in _user_defined_backbones(spec.definition):
            if _has_given_weights(backbone, n_chans, n_times, trials.sfreq):
                warnings.warn(
                    f"pipeline {spec.name}: the network starts from given weights, such as "
                    f"pre-trained ones. If subjects of {dataset} took part in that training, they "
                    "are not new to it, and their scores are too high. Look up the data that the "
                    "weights come from, and leave these subjects out with `data.subjects`.",
                    BCIDannWarning,
                    stacklevel=2,
                )


def _user_defined_backbones(part: Any) -> Iterator[Any]:
    """Yield the user-defined backbones in a definition, including those of ensemble members."""
    if isinstance(part, Mapping):
        backbone = part.get("backbone")
        name = backbone.get("name") if isinstance(backbone, Mapping) else backbone
        if isinstance(name, str) and ":" in name:
            yield backbone
        for value in part.values():
            yield from _user_defined_backbones(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _user_defined_backbones(value)


def _has_given_weights(backbone: Any, n_chans: int, n_times: int, sfreq: float) -> bool:
    """Return whether a layer has the same weights, not all equal, for two seeds."""
    import torch

    from bci_dann._random import isolated_torch_seed, stream
    from bci_dann.components import resolve

    built = []
    for seed in range(2):
        with isolated_torch_seed(stream(seed, "discarded")):
            try:
                network = resolve("backbone", backbone)(
                    n_chans=n_chans, n_times=n_times, sfreq=sfreq
                )
            except Exception:  # the task that trains it reports the error
                return False
        built.append([weights for weights in network.parameters() if weights.dim() > 1])
    return any(
        torch.equal(one, other) and bool((one != one.flatten()[0]).any())
        for one, other in zip(*built, strict=True)
    )
