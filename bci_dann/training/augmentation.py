"""Data augmentation: transformed versions of trials, by braindecode's transforms.

Transforms are compared by Rommel, Paillard, Moreau and Gramfort (2022), "Data
augmentation for learning predictive models on EEG: a systematic comparison", J. Neural Eng. 19(6),
066020.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bci_dann._compat import braindecode_augmentation
from bci_dann._validation import check_option
from bci_dann.exceptions import ConfigError
from bci_dann.training.training_data import TrainingData

__all__ = ["Augmentation", "augment", "check_augmentation"]

# Transforms of braindecode by name, each with its parameters.
Augmentation = Mapping[str, Mapping[str, Any]]

# Transforms that mix trials of several subjects, or do nothing.
EXCLUDED = {"Mixup", "SegmentationReconstruction", "Compose", "IdentityTransform"}
SYMMETRY = "ChannelsSymmetry"
# Our parameter of ChannelsSymmetry, in addition to braindecode's: pairs of classes to swap.
PAIRS = "classes"
OPPOSITE = {
    write(side): write(other)
    for side, other in (("left", "right"), ("right", "left"))
    for write in (str.lower, str.title, str.upper)
}
# Classes, in lower case, that do not change when left and right are swapped.
WITHOUT_SIDE = {"rest", "idle", "none", "feet", "both_feet", "hands", "both_hands", "tongue"}
# Number of trials that are transformed at a time, to bound the memory of intermediate results.
CHUNK = 256


def check_augmentation(augmentation: Augmentation | None) -> None:
    """Raise on unknown transforms or parameters.

    Parameters
    ----------
    augmentation : mapping of str to mapping, or None
        As in :func:`augment`.

    Raises
    ------
    ConfigError
        With the closest known name.

    See Also
    --------
    augment : Applies the transforms.

    Examples
    --------
    >>> from bci_dann.training import check_augmentation
    >>> check_augmentation({"FTSurrogate": {"phase_noise_magnitude": 0.5}})
    >>> try:
    ...     check_augmentation({"FTSurogate": {}})
    ... except ValueError as error:
    ...     print("FTSurrogate" in str(error))
    True
    """
    if not isinstance(augmentation, Mapping | None):
        raise ConfigError(
            "augmentation must map names of transforms to their parameters, as {'SignFlip': {}}; "
            f"got {augmentation!r}."
        )
    for name, params in (augmentation or {}).items():
        check_option("each key of augmentation", name, _transforms())
        known = set(inspect.signature(_transforms()[name].__init__).parameters)
        for key in params or {}:
            if (name, key) != (SYMMETRY, PAIRS):
                check_option(
                    f"each parameter of {name}",
                    key,
                    known - {"self", "probability", "random_state"},
                )


def augment(
    data: TrainingData,
    augmentation: Augmentation,
    seed: np.random.SeedSequence,
    classes: NDArray[Any],
    ch_names: Sequence[str] | None = None,
    sfreq: float | None = None,
) -> TrainingData:
    """Return the trials, and one transformed version of each trial for every transform.

    Transforms are compared in [1]_. The length of an epoch does not change; it draws from all
    versions. Labels change only with ``ChannelsSymmetry``, which turns imagery of the left hand
    into imagery of the right hand. Where class names do not contain ``left`` and ``right``, give
    the pairs: ``{"ChannelsSymmetry": {"classes": {"LH": "RH"}}}``.

    Parameters
    ----------
    data : TrainingData
        Recorded trials.
    augmentation : mapping of str to mapping
        Transforms of ``braindecode.augmentation`` by name, with their parameters.
    seed : numpy.random.SeedSequence
        Seeds the transforms, each with an independent stream.
    classes : ndarray, shape (n_classes,)
        Class names, which contain ``left`` or ``right``.
    ch_names : sequence of str, optional
        Channel names (10-20), which ``ChannelsSymmetry`` needs.
    sfreq : float, optional
        Sampling frequency (Hz), which some transforms need.

    Returns
    -------
    TrainingData
        Recorded trials first, then the versions of each transform.

    Raises
    ------
    ConfigError
        When a transform lacks what it needs, or fails on these trials.

    See Also
    --------
    check_augmentation : Checks the names and parameters.
    bci_dann.NetworkClassifier : Takes them as ``augmentation``.

    References
    ----------
    .. [1] Rommel, C., Paillard, J., Moreau, T. and Gramfort, A. (2022). Data augmentation for
       learning predictive models on EEG: a systematic comparison. Journal of Neural Engineering
       19(6), 066020. arXiv:2206.14483.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from bci_dann.training import TrainingData, augment
    >>> labels, domains = torch.tensor([0, 1]), torch.tensor([0, 0])
    >>> X, target = torch.randn(2, 3, 64), torch.tensor([False, False])
    >>> data = TrainingData(X, labels, domains, torch.ones(2), target)
    >>> seed, classes = np.random.SeedSequence(0), np.array(["feet", "rest"])
    >>> augment(data, {"TimeReverse": {}}, seed, classes).X.shape
    torch.Size([4, 3, 64])
    """
    parts = [data]
    seeds = seed.spawn(len(augmentation))
    for (name, given), transform_seed in zip(augmentation.items(), seeds, strict=True):
        params, labels = dict(given or {}), data.labels
        if name == SYMMETRY:
            labels = _mirrored(labels, [str(one) for one in classes], params.pop(PAIRS, None))
        transform = _built(name, params, transform_seed, ch_names, sfreq)
        X = _transformed(name, transform, data.X)
        parts.append(dataclasses.replace(data, X=X, labels=labels))
    per_trial = ("X", "labels", "domains", "weights", "is_target")
    joined = {field: torch.cat([getattr(part, field) for part in parts]) for field in per_trial}
    return dataclasses.replace(data, **joined, n_recorded=len(data.labels))


def _transforms() -> dict[str, Any]:
    module = braindecode_augmentation()
    return {
        name: item
        for name, item in vars(module).items()
        if inspect.isclass(item) and issubclass(item, module.Transform) and name not in EXCLUDED
        if item is not module.Transform
    }


def _built(
    name: str,
    params: dict[str, Any],
    seed: np.random.SeedSequence,
    ch_names: Sequence[str] | None,
    sfreq: float | None,
) -> Any:
    transform = _transforms()[name]
    known = inspect.signature(transform.__init__).parameters
    if "ordered_ch_names" in known and ch_names is not None:
        params.setdefault("ordered_ch_names", list(ch_names))
    if "sfreq" in known and sfreq is not None:
        params.setdefault("sfreq", sfreq)
    state = int(seed.generate_state(1)[0])
    try:
        return transform(probability=1.0, random_state=state, **params)
    except (AssertionError, TypeError, ValueError) as error:
        raise ConfigError(
            f"augmentation {name}: {error} Change its parameters; channel names and the "
            "sampling frequency come with EEGTrials or mne.Epochs, not with arrays."
        ) from error


def _transformed(name: str, transform: Any, X: Tensor) -> Tensor:
    try:
        changed = torch.cat([transform(part) for part in torch.split(X, CHUNK)])
    except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(f"augmentation {name} fails on these trials: {error}") from error
    if changed.shape != X.shape or not bool(torch.isfinite(changed).all()):
        raise ConfigError(
            f"augmentation {name} gives other shapes, or samples that are not finite."
        )
    return changed.to(X.dtype)


def _mirrored(labels: Tensor, names: list[str], pairs: Mapping[str, str] | None) -> Tensor:
    """Return the labels after swapping left and right; unlabelled trials stay unlabelled."""
    swapped = _by_name(names) if pairs is None else _by_pairs(names, pairs)
    index = torch.tensor([names.index(name) for name in swapped])
    return torch.where(labels >= 0, index[labels.clamp(min=0)], labels)


def _by_name(names: list[str]) -> list[str]:
    """Return the class that each class becomes, by ``left`` and ``right`` in the names."""
    swapped = [_other_side(name) for name in names]
    unknown = [
        name
        for name, other in zip(names, swapped, strict=True)
        if name == other and name.lower() not in WITHOUT_SIDE
    ]
    if unknown:
        raise ConfigError(
            f"augmentation {SYMMETRY}: it is not known to which side the classes {unknown} belong. "
            f"Give the classes to exchange, {{'{SYMMETRY}': {{'{PAIRS}': {{'LH': 'RH'}}}}}}; "
            "those that are not named stay as they are."
        )
    if set(swapped) != set(names):
        raise ConfigError(
            f"augmentation {SYMMETRY}: with sides swapped, the classes {names} would be {swapped}. "
            "It can be used where both sides are among the classes, or neither."
        )
    return swapped


def _by_pairs(names: list[str], pairs: Mapping[str, str]) -> list[str]:
    """Return the class that each class becomes, by given pairs; others do not change."""
    if not isinstance(pairs, Mapping):
        raise ConfigError(
            f"{PAIRS} of {SYMMETRY} must be a mapping, as {{'LH': 'RH'}}; got {pairs!r}."
        )
    swapped: dict[str, str] = {}
    for pair in pairs.items():
        one, other = map(str, pair)
        for name in (one, other):
            check_option(f"each class of {SYMMETRY}", name, names)
        if swapped.setdefault(one, other) != other or swapped.setdefault(other, one) != one:
            raise ConfigError(f"{PAIRS} of {SYMMETRY} exchange a class with two others: {pairs}.")
    return [swapped.get(name, name) for name in names]


def _other_side(name: str) -> str:
    for side, other in OPPOSITE.items():
        if side in name:
            return name.replace(side, other)
    return name
