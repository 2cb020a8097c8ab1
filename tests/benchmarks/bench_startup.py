"""Time what importing the package and starting a command costs, against importing torch.

CPU seconds of processes of their own, taken in turns. ``adapt`` and ``predict`` are measured
until the first recording is read, and to their end on one of 16 trials, with a network and with
a Riemannian decoder.

    python tests/benchmarks/bench_startup.py --repeats 5
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import mne
import numpy as np
from timing import Row, machine, markdown, say

IMPORTS = {
    "import torch": "import torch",
    "from bci_dann import DANNClassifier": "from bci_dann import DANNClassifier",
    "braindecode's models": "from bci_dann._compat import braindecode_models as b; b()",
    "bci-dann --help": "import sys; sys.argv[1:] = ['--help']; import bci_dann.__main__",
}
COMMAND = """
import sys
sys.argv[1:] = {arguments!r}
import bci_dann.data.recordings.reading as reading
if {until_reading}:
    reading.read_recording = lambda *_: sys.exit(0)
from bci_dann.cli import main
main()
"""
# The steps of pipelines with a backbone and with covariances that adapt to the target.
METHODS = {
    "network": {"name": "DANNClassifier", "parameters": {"max_epochs": 1}},
    "covariances": {
        "name": "RiemannianClassifier",
        "parameters": {"terms": {"information_maximisation": 0.4}},
    },
}


def cpu_seconds(code: str) -> float:
    """Return the CPU time of a process that runs the code."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", code], **quiet)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"this code has failed: {code}")
    return usage.ru_utime + usage.ru_stime


def startup_rows(repeats: int) -> list[Row]:
    """Return one row for each import and each command."""
    with tempfile.TemporaryDirectory() as folder:
        return cpu_rows({**IMPORTS, **command_codes(Path(folder))}, repeats)


def cpu_rows(codes: Mapping[str, str], repeats: int) -> list[Row]:
    """Return one row for each code; the first is what the others are compared with."""
    seconds: dict[str, list[float]] = {name: [] for name in codes}
    for repeat in range(repeats + 1):
        for name, code in codes.items():
            taken = cpu_seconds(code)
            if repeat:  # the first round fills the disk cache
                seconds[name].append(taken)
    reference = median(next(iter(seconds.values())))
    return [
        {"what": name, "CPU [s]": median(taken), "of import torch": median(taken) / reference}
        for name, taken in seconds.items()
    ]


def command_codes(folder: Path) -> dict[str, str]:
    """Fit models in a folder; return the code of commands that use them."""
    recording = write_recording(folder / "new_raw.fif")
    codes = {}
    for name, step in METHODS.items():
        model = fit(name, step, folder)
        for command in ("adapt", "predict"):
            out = folder / f"{command}_{name}"
            arguments = [command, str(model), str(recording), "-o", str(out)]
            for until in (True, False):
                title = f"{command}, {name}" + (", until the recording is read" if until else "")
                codes[title] = COMMAND.format(arguments=arguments, until_reading=until)
    return codes


def fit(name: str, step: Mapping[str, object], folder: Path) -> Path:
    """Train on two simulated subjects and return the model's folder."""
    import yaml

    from bci_dann.serving import fit_model

    steps = [{"from": "bci_dann.estimators", **step}]
    content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": steps}
    (folder / f"{name}.yml").write_text(yaml.safe_dump(content))
    config = {
        "name": "startup",
        "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 2, "n_trials": 10}},
        "pipelines": [str(folder / f"{name}.yml")],
        "protocols": ["train"],
    }
    fit_model(config, out=folder / name, cache_dir=folder / "cache")
    return folder / name


def write_recording(path: Path, n_trials: int = 16, sfreq: float = 128.0) -> Path:
    """Write noise with the simulator's channels and events."""
    from bci_dann.data import load_dataset

    names = load_dataset("SimulatedMI", n_subjects=1, n_trials=2, cache_dir=path.parent).ch_names
    samples = 1e-5 * np.random.default_rng(0).normal(size=(len(names), int(6 * n_trials * sfreq)))
    raw = mne.io.RawArray(samples, mne.create_info(names, sfreq, "eeg"), verbose="error")
    onsets = 6.0 * np.arange(n_trials)
    raw.set_annotations(mne.Annotations(onsets, 0.0, ["left_hand", "right_hand"] * (n_trials // 2)))
    raw.save(path, verbose="error")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    o = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the processes: spinning threads count
    say(machine([1]))
    say(markdown(startup_rows(o.repeats)))


if __name__ == "__main__":
    main()
