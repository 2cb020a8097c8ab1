"""A recording of an amplifier as a stream: at each cue what the recording itself gives."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import RiemannianClassifier
from bci_dann.data import open_trials, prepare_trials
from bci_dann.evaluation import load_config
from bci_dann.serving import ModelRecipe, OnlineDecoder, ServedModel, prepare
from bci_dann.serving.reading.continuous_recordings import read_continuous
from bci_dann.serving.reading.reading_options import ReadingOptions

pytestmark = pytest.mark.real_data


def test_at_each_cue_the_stream_gives_the_trial_of_the_recording(project, shared_data):
    run = load_config(project / "configs" / "mi_openbci.yaml")
    data = run.data.model_copy(update={"subjects": ["02", "03"]})
    steps = run.preprocessing.model_copy(update={"filter_method": "causal"})
    trials = open_trials(prepare_trials(data, steps, shared_data / "mi-openbci"))
    known, classes = trials.subjects == "02", sorted(data.recordings.classes)
    estimator = RiemannianClassifier(n_windows=1, n_delays=1).fit(trials[known], trials[known].y)
    estimator = estimator.adapt(trials[~known].unlabelled())
    recipe = ModelRecipe(
        pipeline="light",
        seed=0,
        classes=classes,
        sfreq=trials.sfreq,
        data=data,
        preprocessing=steps.model_copy(update={"channels": trials.ch_names}),
        layout=data.recordings,
        adapted_to=[{"file": "edf03"}],
    )
    model = ServedModel(estimator, recipe)
    path = shared_data / "mi-openbci" / "edf03" / "002" / "eeg.edf"
    of_recording = prepare(path, model)
    expected = estimator.predict_proba(of_recording.X)

    continuous = read_continuous(path, model, ReadingOptions())
    decoder = OnlineDecoder(
        model, sfreq=continuous.sfreq, ch_names=continuous.raw.ch_names, step=0.5
    )
    online, start = [], 0
    signal = continuous.raw.get_data() * 1e6
    for onset in of_recording.metadata["onset"]:
        stop = round(onset * continuous.sfreq) + round(4.0 * continuous.sfreq) + 1
        decoder.push(signal[:, start:stop])
        online.append(decoder.decide())
        start = stop
    assert all(one.ok for one in online)
    np.testing.assert_allclose([one.probabilities for one in online], expected, atol=1e-6)
