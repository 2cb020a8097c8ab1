"""Predictions of a saved model for the cues of recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann._files import check_folder_of, write_atomically
from bci_dann._validation import check_between
from bci_dann.exceptions import ConfigError
from bci_dann.serving.checks.plausibility import warn_of_one_class
from bci_dann.serving.reading.prepared_recording import PreparedRecording
from bci_dann.serving.reading.reading_options import Cues, reading_options
from bci_dann.serving.reading.recording_names import Recording, as_list, recording_files
from bci_dann.serving.reading.recording_trials import prepare_with_cues
from bci_dann.serving.served_model import ServedModel, as_served_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["predict_recordings", "predictions_of", "write_predictions"]


def predict_recordings(
    model: str | Path | ServedModel,
    recordings: Recording | Sequence[Recording],
    *,
    cues: Cues = (),
    unit_scale: float | str | None = None,
    rename: Mapping[str, str] | None = None,
    bads: Sequence[str] = (),
    reference: Sequence[str] = (),
    abstain_below: float | None = None,
    out: str | Path | None = None,
) -> pd.DataFrame:
    """Predict the class of each trial of one or several recordings.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, preferably adapted to the subject.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject; see :func:`prepare`.
    cues : sequence of str, or mapping of str to str or None
        Events that start a trial, optionally with their classes. Default: the events of training.
    unit_scale : float, str or None
        Unit of the samples in the file, such as ``"microvolt"``, or the factor that converts them
        to volt, such as 1e-6. By default, as for the training recordings.
    rename : mapping of str to str, or None
        Electrode names by channel name, in addition to the renaming used in training.
    bads : sequence of str
        Bad channels, in addition to those marked in the recordings; see :func:`prepare`.
    reference : sequence of str
        Electrodes whose mean is subtracted; see :func:`prepare`.
    abstain_below : float or None
        Leave a trial without a class if its largest probability is below this value, between 0
        and 1, or if all classes are equally probable. By default the threshold of the model: a
        :class:`~bci_dann.CalibratedClassifier` may have one; other methods always give a class.
    out : str, pathlib.Path or None
        CSV file for the predictions.

    Returns
    -------
    pandas.DataFrame
        One row for each cue, including cues without a usable trial. The columns are ``file`` (the
        name of the recording; several in memory are ``Raw``, ``Raw 2`` and so on),
        ``trial`` (number of the cue in its recording, from 0), ``onset`` (s after the start of the
        recording), ``event`` (its name in the recording), ``class`` (the class of the event, if
        known), ``prediction``, a column ``p_CLASS`` for each class, and ``left_out``: why there is
        no prediction, one of :data:`bci_dann.data.screening.cues.REASONS`. With a threshold, the
        column ``abstained`` says whether a trial has no class because of it. If electrodes were
        interpolated, ``interpolated`` lists them. ``attrs["differences"]`` describes how each
        recording was changed because it differs from the training recordings, and
        ``attrs["expected_accuracy"]`` has the expected accuracy from ``adapt``: the fields of
        :class:`~bci_dann.serving.expected_accuracy.ExpectedAccuracy`, or ``None``.

    Raises
    ------
    ConfigError
        When there is no recording, ``out`` is one of the recordings or its folder does not exist,
        the threshold is not between 0 and 1, or for the reasons of :func:`prepare`.
    DataError
        When a recording is given twice, or for the reasons of :func:`prepare`.
    ResultsError
        When the file cannot be written.

    See Also
    --------
    adapt_model : The previous step.
    write_predictions : Writes the table to a file.

    Examples
    --------
    >>> from bci_dann import serving
    >>> from bci_dann.data import SimulatedMI
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["ea_csp_lda"], "protocols": ["train"]}
    >>> raw = SimulatedMI(n_subjects=4, n_trials=10).get_data([4])[4]["0"]["0"]
    >>> adapted = serving.adapt_model(serving.fit_model(config), raw).model
    >>> table = serving.predict_recordings(adapted, raw)
    >>> list(table.columns)[:6]
    ['file', 'trial', 'onset', 'event', 'class', 'prediction']
    >>> list(table.columns)[6:]
    ['p_left_hand', 'p_right_hand', 'left_out']
    """
    if abstain_below is not None:
        check_between("abstain_below", abstain_below, 0.0, 1.0)
    served, listed = as_served_model(model), as_list(recordings)
    if out is not None:
        _check_no_recording(check_folder_of(Path(out)), listed)
    options = reading_options(served.recipe, cues, unit_scale, rename, bads, reference)
    prepared = prepare_with_cues(listed, served, options)
    if abstain_below is None:
        abstain_below = served.estimator.abstains_below
    table = predictions_of(served, prepared, abstain_below)
    if any(one.interpolated for one in prepared):
        names = [" ".join(one.interpolated) for one in prepared]
        table["interpolated"] = np.repeat(names, [len(one.cues) for one in prepared])
    table.attrs["differences"] = [one.differences for one in prepared if one.differences]
    expected = served.recipe.expected
    table.attrs["expected_accuracy"] = None if expected is None else expected.model_dump()
    decided = table["prediction"][table["prediction"] != ""]
    warn_of_one_class(decided, served.recipe.adapted_files)
    if out is not None:
        write_predictions(table, out)
    return table


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write predictions to a CSV file, with six decimals.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`predict_recordings`.
    path : str or pathlib.Path
        The CSV file.

    Raises
    ------
    ResultsError
        When it cannot be written.

    See Also
    --------
    predict_recordings : Returns the table, and writes it if ``out`` is given.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from bci_dann import serving
    >>> table = pd.DataFrame({"trial": [0], "prediction": ["feet"], "p_feet": [2 / 3]})
    >>> with TemporaryDirectory() as folder:
    ...     serving.write_predictions(table, path := Path(folder, "predictions.csv"))
    ...     print(path.read_text(), end="")
    trial,prediction,p_feet
    0,feet,0.666667
    """
    write_atomically(Path(path), table.to_csv(index=False, float_format="%.6f").encode())


def predictions_of(
    model: ServedModel, prepared: Sequence[PreparedRecording], abstain_below: float | None = None
) -> pd.DataFrame:
    """Predict the trials of recordings that have already been cut into trials.

    Parameters
    ----------
    model : ServedModel
        The model.
    prepared : sequence of PreparedRecording
        Recordings of one subject.
    abstain_below : float or None
        See :func:`predict_recordings`; with ``None`` every trial gets a class.

    Returns
    -------
    pandas.DataFrame
        See :func:`predict_recordings`.

    Raises
    ------
    DataError
        When no recording has a usable trial.
    """
    import pandas as pd

    if all(one.trials is None for one in prepared):
        prepared[0].require_trials()  # raises an error with the reasons
    tables = [_predictions(model, one, abstain_below) for one in prepared]
    return pd.concat(tables, ignore_index=True)


def _check_no_recording(out: Path, recordings: Sequence[Recording]) -> None:
    """Raise an error if the file for the predictions is one of the recordings."""
    files = [file for one in recordings for file in recording_files(one)]
    if out.resolve() in {file.resolve() for file in files}:
        raise ConfigError(
            f"{out}, the file for the predictions, is one of the recordings: choose another file "
            "name."
        )


def _predictions(
    model: ServedModel, prepared: PreparedRecording, abstain_below: float | None
) -> pd.DataFrame:
    import pandas as pd

    from bci_dann.estimators.calibration.abstention import is_abstained

    cues, classes = prepared.cues, np.asarray(model.estimator.classes_)
    used = (cues["left_out"] == "").to_numpy()
    probabilities = np.full((len(cues), len(classes)), np.nan)
    prediction = np.full(len(cues), "", dtype=object)
    abstained = np.zeros(len(cues), dtype=bool)
    if prepared.trials is not None:
        probabilities[used] = model.estimator.predict_proba(prepared.trials)
        prediction[used] = classes[probabilities[used].argmax(axis=1)]
        if abstain_below is not None:
            abstained[used] = is_abstained(probabilities[used], abstain_below)
            prediction[abstained] = ""
    known = cues["label"].isin(model.recipe.classes)
    columns: dict[str, Any] = {
        "file": prepared.label,
        "trial": range(len(cues)),
        "onset": cues["onset"].to_numpy(),
        "event": cues["event"].to_numpy(),
        "class": cues["label"].where(known, "").to_numpy(),
        "prediction": prediction,
    }
    for name, column in zip(classes.tolist(), probabilities.T, strict=True):
        columns[f"p_{name}"] = column
    columns["left_out"] = cues["left_out"].to_numpy()
    if abstain_below is not None:
        columns["abstained"] = abstained
    return pd.DataFrame(columns)
