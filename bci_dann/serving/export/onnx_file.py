"""Export of fitted models to ONNX files, and their comparison with the models in onnxruntime."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import check_folder_of, write_atomically
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import torch

__all__ = ["check_onnx", "export_onnx", "exported_program"]

INPUT, OUTPUT, BATCH = "trials", "probabilities", "batch"
REFERENCE = "whitening"  # part of the names of initialisers that hold alignment references
LIBRARIES = ("onnx", "onnxscript", "onnxruntime")

# Batch sizes of a comparison range from one trial, as online, to about the trials of a session.
LARGEST_BATCH = 64
TYPICAL_UV = 10.0
TOLERANCE = 1e-5

# Norm of the random matrix that is added to the identity to mix the channels of a random trial;
# with a norm below one, the mixed channels stay linearly independent.
MIXING = 0.5


def export_onnx(model: str | Path | ServedModel, path: str | Path) -> Path:
    """Write a model to an ONNX file that maps trials in microvolt to class probabilities.

    The graph includes alignment and standardisation. The input ``trials`` has the shape ``(batch,
    n_chans, n_times)``, single precision, in microvolt, filtered and cut as by :func:`prepare`,
    with the channels in the order of the model; the output ``probabilities`` has the shape
    ``(batch, n_classes)``. The batch size is free. Trials are re-centred like those of an unknown
    session: for an adapted model, by the reference of the new subject.

    The metadata of the file are ``classes``, ``channels`` and ``references`` (JSON lists),
    ``sfreq`` (Hz) and ``unit``. ``references`` lists the initialisers with the inverse square root
    of a mean covariance: to use the file for another subject, replace their values by those in a
    file of the same model, adapted to that subject.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder.
    path : str or pathlib.Path
        The ``.onnx`` file; an existing file is replaced.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ConfigError
        When the method or a part of it cannot be exported, or a library is missing.
    ResultsError
        When the file cannot be written.

    See Also
    --------
    check_onnx : Compares the file with the model.
    adapt_model : Adapts a model before the export.

    Examples
    --------
    With the ``onnx`` extra of the package installed:

    >>> from bci_dann import serving
    >>> path = serving.export_onnx("builtin:right-hand-rest", "model.onnx")  # doctest: +SKIP
    """
    out = check_folder_of(Path(path))
    _check_installed()
    served = as_served_model(model)
    write_atomically(out, _with_metadata(_onnx_of(served), served).SerializeToString())
    return out


def exported_program(model: str | Path | ServedModel) -> torch.export.ExportedProgram:
    """Return a model as a program of :mod:`torch.export`, for :func:`torch.export.save`.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder.

    Returns
    -------
    torch.export.ExportedProgram
        With the same input and output as the file of :func:`export_onnx`.

    Raises
    ------
    ConfigError
        When the method or a part of it cannot be exported.

    See Also
    --------
    export_onnx : Writes the model as ONNX.

    Examples
    --------
    >>> import torch
    >>> from bci_dann import serving
    >>> program = serving.exported_program("builtin:right-hand-rest")  # doctest: +SKIP
    >>> torch.export.save(program, "model.pt2")  # doctest: +SKIP
    """
    import torch

    from bci_dann.serving.export.decoder_graph import ExportedDecoder, decoder_graph

    estimator = as_served_model(model).estimator
    decoder = ExportedDecoder(decoder_graph(estimator))
    shape = (2, estimator.n_features_in_, estimator.n_times_ or 1)
    example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    sizes = ({0: torch.export.Dim(BATCH)},)
    try:
        with torch.no_grad():
            return torch.export.export(decoder, (example,), dynamic_shapes=sizes)
    except Exception as error:  # user-defined networks can fail in any way
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise ConfigError(
            f"{type(estimator).__name__} cannot be exported: torch.export reports {reason} A "
            "backbone must consist of torch operations that do not depend on the values of trials."
        ) from error


def check_onnx(
    model: str | Path | ServedModel, path: str | Path, n_trials: int = 1000, seed: int = 0
) -> float:
    """Compare an ONNX file with its model on random trials, in onnxruntime.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        The model that was exported.
    path : str or pathlib.Path
        The ONNX file.
    n_trials : int
        Number of random trials with the amplitude and band of the model, in batches of 1 to 64. A
        tenth of them has a loose electrode, a tenth a flat one, and a tenth a gap in all channels.
    seed : int
        Seed of the trials and of the batch sizes.

    Returns
    -------
    float
        The largest absolute difference between two probabilities.

    Raises
    ------
    ConfigError
        When onnxruntime is missing.
    DataError
        When the file does not fit the model, or a probability differs by more than 1e-5.

    See Also
    --------
    export_onnx : Writes the file.

    Examples
    --------
    >>> from bci_dann import serving
    >>> serving.check_onnx("builtin:right-hand-rest", "model.onnx") < 1e-5  # doctest: +SKIP
    True
    """
    _check_installed()
    import onnxruntime

    served = as_served_model(model)
    trials = _with_faults(_random_trials(served, n_trials, seed))
    with warnings.catch_warnings():  # warnings about missing adaptation do not matter for noise
        warnings.simplefilter("ignore", BCIDannWarning)
        expected = served.estimator.predict_proba(trials)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # small layers are slower with several threads
    try:
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        found = [session.run([OUTPUT], {INPUT: one})[0] for one in _batches(trials, seed)]
    except Exception as error:  # onnxruntime has its own exception classes
        raise DataError(f"onnxruntime cannot use {path} for this model: {error}") from error
    difference = float(np.abs(np.concatenate(found) - expected).max())
    if not difference <= TOLERANCE:
        raise DataError(
            f"the probabilities of {path} and of the model differ by {difference:.1e}, more than "
            f"{TOLERANCE:g}: export the model again, and use the file for this model only."
        )
    return difference


def _check_installed() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"ONNX files need {', '.join(missing)}, which cannot be found. Install with: "
            "pip install 'bci_dann[onnx]'."
        )


def _onnx_of(served: ServedModel) -> Any:
    import torch

    program = exported_program(served)
    with _quiet_exporter(), torch.no_grad():
        exported = torch.onnx.export(
            program, input_names=[INPUT], output_names=[OUTPUT], dynamo=True, verbose=False
        )
    assert exported is not None  # it is None only if a path is given
    return _with_plain_names(exported.model_proto)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Suppress log messages and warnings of the exporter during a ``with`` block."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _with_plain_names(proto: Any) -> Any:
    """Shorten the names of the references and name the batch dimension, in place."""
    new_names = {
        one.name: one.name.replace("decoder.", "")
        for one in proto.graph.initializer
        if REFERENCE in one.name
    }
    for one in proto.graph.initializer:
        one.name = new_names.get(one.name, one.name)
    for node in proto.graph.node:
        node.input[:] = [new_names.get(name, name) for name in node.input]
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    return proto


def _with_metadata(proto: Any, served: ServedModel) -> Any:
    estimator, recipe = served.estimator, served.recipe
    initialisers = [one.name for one in proto.graph.initializer]
    metadata = {
        "classes": json.dumps([str(name) for name in estimator.classes_]),
        "channels": json.dumps(recipe.preprocessing.channels),
        "references": json.dumps([name for name in initialisers if REFERENCE in name]),
        "sfreq": f"{recipe.sfreq:g}",
        "unit": "microvolt",
        "pipeline": recipe.pipeline,
    }
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return proto


def _random_trials(served: ServedModel, n_trials: int, seed: int) -> NDArray[np.float32]:
    """Return noise in the band of the model, with mixed channels and varying amplitudes."""
    recipe, estimator = served.recipe, served.estimator
    n_chans, n_times = estimator.n_features_in_, estimator.n_times_ or 1
    rng = np.random.default_rng(seed)
    low, high = recipe.preprocessing.band or (1.0, recipe.sfreq / 2)
    frequencies = np.fft.rfftfreq(n_times, 1 / recipe.sfreq)
    gains = 0.05 + ((frequencies >= low) & (frequencies <= high))
    noise = np.fft.irfft(
        np.fft.rfft(rng.standard_normal((n_trials, n_chans, n_times))) * gains, n_times
    )
    strength = MIXING / np.sqrt(n_chans)
    mixing = np.eye(n_chans) + strength * rng.standard_normal((n_trials, n_chans, n_chans))
    mixed = mixing @ noise * rng.uniform(0.5, 2.0, (n_trials, 1, 1))
    scale = (recipe.typical_uv or TYPICAL_UV) / np.median(mixed.std(axis=2))
    return (mixed * scale).astype(np.float32)


def _with_faults(trials: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return trials of which some have loose or flat electrodes, or gaps."""
    n_chans, n_times = trials.shape[1:]
    trials[1::10, n_chans // 2] *= 30
    trials[4::10, n_chans // 2] = 0
    trials[7::10, :, : n_times // 2] = 0
    return trials


def _batches(trials: NDArray[np.float32], seed: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    parts, start = [], 0
    while start < len(trials):
        size = int(rng.integers(1, LARGEST_BATCH + 1)) if start else 1
        parts.append(trials[start : start + size])
        start += size
    return parts
