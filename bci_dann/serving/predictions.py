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
from bci_dann.serving.reading.reading_options import Cues, reading_options
from bci_dann.serving.reading.recording_names import Recording, as_list, recording_files
from bci_dann.serving.reading.recording_trials import PreparedRecording, prepare_with_cues
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
    """Predict the class of each trial of some recordings.

    Parameters
    ----------
    model : str, pathlib.Path or ServedModel
        A model or its folder, best one that was adapted to the subject.
    recordings : str, pathlib.Path, mne.io.Raw, mne.Epochs, or list of these
        Recordings of one subject; see :func:`prepare`.
    cues : sequence of str, or mapping of str to str or None
        Events at which trials start, perhaps with their classes. By default those of training.
    unit_scale : float, str or None
        Factor on the samples, or the unit of the numbers that MNE takes for volt, such as
        ``"microvolt"``. By default that of training.
    rename : mapping of str to str, or None
        New names of channels, beside those of training.
    bads : sequence of str
        Channels that are bad, beside those that recordings mark; see :func:`prepare`.
    reference : sequence of str
        Electrodes to re-reference to; see :func:`prepare`.
    abstain_below : float or None
        A trial gets no class where its largest probability is below this, between 0 and 1, or all
        classes are equally probable. By default what the model itself says: a
        :class:`~bci_dann.CalibratedClassifier` may have such a threshold, other methods always give
        a class.
    out : str, pathlib.Path or None
        CSV file to write the predictions to.

    Returns
    -------
    pandas.DataFrame
        One row a cue, also of those that give no trial: ``file``, ``trial`` (from 0 in each
        recording), ``onset`` (s after the start of the recording), ``event`` (as the recording
        names it), ``class`` (that the event stands for, if any), ``prediction``, one column
        ``p_CLASS`` for each class, and ``left_out``: the reason where there is no prediction, a
        name of :data:`bci_dann.data.screening.cues.REASONS`. Where there is a threshold, also
        ``abstained``: whether a trial has no prediction because of it. Where electrodes were
        interpolated, also ``interpolated``: their names. ``attrs["differences"]`` says by
        recording what was done because it is not like those of training, and
        ``attrs["expected_accuracy"]`` which accuracy to expect, as ``adapt`` found it: the fields
        of :class:`~bci_dann.serving.expected_accuracy.ExpectedAccuracy`, or ``None``.

    Raises
    ------
    ConfigError
        When there is no recording, ``out`` is one of them or in no folder, the threshold is not
        between 0 and 1, or as :func:`prepare`.
    DataError
        As :func:`prepare`.
    ResultsError
        When the file cannot be written.

    See Also
    --------
    adapt_model : The step before.
    write_predictions : Writes the table.

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
        names = {one.label: " ".join(one.interpolated) for one in prepared}
        table["interpolated"] = table["file"].map(names)
    table.attrs["differences"] = [one.differences for one in prepared if one.differences]
    expected = served.recipe.expected
    table.attrs["expected_accuracy"] = None if expected is None else expected.model_dump()
    warn_of_one_class(table["prediction"][table["prediction"] != ""])
    if out is not None:
        write_predictions(table, out)
    return table


def write_predictions(table: pd.DataFrame, path: str | Path) -> None:
    """Write predictions as CSV, with six decimals.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`predict_recordings` returns it.
    path : str or pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.

    See Also
    --------
    predict_recordings : Returns the table, and writes it where ``out`` is given.

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
    """Predict the trials of recordings that were cut before.

    Parameters
    ----------
    model : ServedModel
        The model.
    prepared : sequence of PreparedRecording
        Recordings of one subject.
    abstain_below : float or None
        As :func:`predict_recordings` takes it; ``None`` gives every trial a class.

    Returns
    -------
    pandas.DataFrame
        As :func:`predict_recordings` returns it.

    Raises
    ------
    DataError
        When no recording has a usable trial.
    """
    import pandas as pd

    if all(one.trials is None for one in prepared):
        prepared[0].require_trials()  # tells the reasons
    tables = [_predictions(model, one, abstain_below) for one in prepared]
    return pd.concat(tables, ignore_index=True)


def _check_no_recording(out: Path, recordings: Sequence[Recording]) -> None:
    """Raise where predictions would replace a recording."""
    files = [file for one in recordings for file in recording_files(one)]
    if out.resolve() in {file.resolve() for file in files}:
        raise ConfigError(
            f"{out}, where predictions would be written, is one of the recordings: "
            "name another file."
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
