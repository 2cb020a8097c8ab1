"""Files of samples beside a header: whole, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from format_writers import FORMATS, Content

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.reading import open_recording
from bci_dann.exceptions import DataError


@pytest.mark.parametrize("name", ["brainvision", "eeglab fdt"])
@pytest.mark.parametrize("missing", [1, 4, 8])
def test_a_samples_file_from_which_bytes_are_missing_is_refused(tmp_path, name, missing):
    """From there on channels would be taken for each other."""
    signals = np.random.default_rng(0).normal(0, 1e-5, (3, 1000))
    content = Content(signals, ["C3", "Cz", "C4"], 100.0, [(100, "left_hand")])
    path = FORMATS[name].write(tmp_path, "s1", content)
    layout = RecordingsLayout(interval=(0, 3), **FORMATS[name].layout)
    assert len(open_recording(path, layout).cues) == 1
    samples = next(file for file in tmp_path.iterdir() if file.suffix in (".eeg", ".fdt"))
    data = samples.read_bytes()
    samples.write_bytes(data[:600] + data[600 + missing :])
    with pytest.raises(DataError, match=rf"s1.*: {samples.name} is damaged: it has \d+ bytes"):
        open_recording(path, layout)
