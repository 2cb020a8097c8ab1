"""Files as they are downloaded for each dataset of the suites, with made-up signals.

Folders, names, formats, fields, channels, sampling frequencies, sessions, runs and codes of events
are those that the publications and MOABB's readers document; MOABB reads the files as it reads
downloaded ones. Only the number of trials is smaller, and the signals are noise, in which the n-th
class is louder on the n-th channel.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import edfio
import mne
import mne_bids
import moabb.datasets
import numpy as np
import pandas as pd
from scipy.io import savemat

GIGA_DB = "gigadb-datasets/live/pub/10.5524/100001_101000"
PHYSIONET = "MNE-eegbci-data/files/eegmmidb/1.0.0"
HIGH_GAMMA = "MNE-schirrmeister2017-data/robintibor/high-gamma-dataset/raw/master/data"

LOUDER = 2.5  # amplitude of the channel of a class during its trials
NOISE = 10.0  # µV
MOTOR = ["C3", "Cz", "C4"]
MUSCLES = ["EMG1", "EMG2", "EMG3", "EMG4"]
EYES = ["EOG1", "EOG2", "EOG3"]


@dataclass(frozen=True)
class Run:
    """A run: signals (µV), first samples of trials, and their classes, counted from 1."""

    signals: np.ndarray
    cues: np.ndarray
    labels: np.ndarray
    sfreq: float


def electrodes(dataset):
    """Return the names of the electrodes, those of the motor cortex first."""
    sensors = getattr(moabb.datasets, dataset).METADATA.acquisition.sensors
    others = [name for name in sensors if name not in MOTOR and name[:3] not in ("EMG", "EOG")]
    return [*MOTOR, *others]


def made_up_run(n_chans, sfreq, n_classes, interval, n_trials, seed):
    """Return a run with ``n_trials`` of each class; ``interval`` is that of the task (s)."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(1, n_classes + 1), n_trials))
    period = int(np.ceil(interval[1])) + 1
    n_times = int((period * len(labels) + 2) * sfreq)
    signals = NOISE * rng.standard_normal((n_chans, n_times), dtype=np.float32)
    cues = np.array([int((period * place + 1) * sfreq) for place in range(len(labels))], int)
    for cue, label in zip(cues, labels, strict=True):
        task = slice(cue + int(interval[0] * sfreq), cue + int(interval[1] * sfreq))
        signals[label - 1, task] *= LOUDER
    return Run(signals, cues, labels, sfreq)


# MATLAB files of BNCI Horizon 2020


def bnci_struct(run, classes):
    """Return a run in the fields that all sets of BNCI Horizon 2020 have."""
    return {
        "X": run.signals.T,
        "trial": run.cues[:, None] + 1,  # MATLAB counts from 1
        "y": run.labels[:, None],
        "fs": run.sfreq,
        "classes": np.array(classes, object)[None],
        "artifacts": np.zeros((len(run.cues), 1)),
        "gender": "male",
        "age": 25.0,
    }


def write_bnci(path, runs, classes):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(runs)), object)
    for place, run in enumerate(runs):
        cells[0, place] = bnci_struct(run, classes)
    savemat(path, {"data": cells}, do_compression=True)


def bnci_folder(root, number):
    return root / "MNE-bnci-data" / "~bci" / "database" / number


def write_2014_001(root, subject, n_trials):
    """Each session has three runs of eye movements, without trials, and six of 48 trials."""
    classes = ["left hand", "right hand", "feet", "tongue"]
    for place, session in enumerate("TE"):
        runs = [
            made_up_run(25, 250.0, 4, (2, 6), n_trials if run >= 3 else 0, (subject, place, run))
            for run in range(9)
        ]
        write_bnci(bnci_folder(root, "001-2014") / f"A{subject:02d}{session}.mat", runs, classes)


def write_2014_002(root, subject, n_trials):
    """Five runs for training and three for tests, all of one session."""
    for place, (part, n_runs) in enumerate([("T", 5), ("E", 3)]):
        runs = [
            made_up_run(15, 512.0, 2, (3, 8), n_trials, (subject, place, run))
            for run in range(n_runs)
        ]
        path = bnci_folder(root, "002-2014") / f"S{subject:02d}{part}.mat"
        write_bnci(path, runs, ["right hand", "feet"])


def write_2014_004(root, subject, n_trials):
    """Five sessions, each a run of one of two files."""
    for place, (part, n_runs) in enumerate([("T", 3), ("E", 2)]):
        runs = [
            made_up_run(6, 250.0, 2, (3, 7.5), n_trials, (subject, place, run))
            for run in range(n_runs)
        ]
        path = bnci_folder(root, "004-2014") / f"B{subject:02d}{part}.mat"
        write_bnci(path, runs, ["left hand", "right hand"])


def write_2015_001(root, subject, n_trials):
    """Two sessions of one run each; subjects 8 to 11 have three."""
    for session in "ABC" if subject in (8, 9, 10, 11) else "AB":
        run = made_up_run(13, 512.0, 2, (0, 5), n_trials, (subject, ord(session)))
        path = bnci_folder(root, "001-2015") / f"S{subject:02d}{session}.mat"
        write_bnci(path, [run], ["right hand", "feet"])


# MATLAB files of GigaDB


def cell(names):
    return np.array(names, object)[None]


def write_lee2019(root, subject, n_trials):
    """Two sessions, each a struct with fields of the OpenBMI toolbox."""
    for session in (1, 2):
        phases = {}
        for phase in ("train", "test"):
            run = made_up_run(66, 1000.0, 2, (0, 4), n_trials, (subject, session, len(phase)))
            phases[f"EEG_MI_{phase}"] = {
                "x": run.signals[:62].T,
                "t": run.cues[None],
                "fs": 1000,
                "y_dec": run.labels[None].astype(np.uint8),
                "class": np.array([["1", "right"], ["2", "left"]], object),
                "chan": cell(electrodes("Lee2019_MI")),
                "EMG": run.signals[62:].T,
                "EMG_index": cell(MUSCLES),
            }
        place = root / "MNE-lee2019-mi-data" / GIGA_DB / "100542" / f"session{session}"
        path = place / f"s{subject}" / f"sess{session:02d}_subj{subject:02d}_EEG_MI.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        savemat(path, phases, do_compression=True)


def write_cho2017(root, subject, n_trials):
    """One matrix of all trials of the left hand, and one of the right; cues of both in common."""
    sides = [made_up_run(68, 512.0, 1, (0, 3), n_trials, (subject, side)) for side in range(2)]
    event = np.zeros(sides[0].signals.shape[1])
    event[sides[0].cues] = 1
    right = sides[1].signals  # the louder channel of the other class
    right[[0, 1]] = right[[1, 0]]
    eeg = {
        "imagery_left": sides[0].signals,
        "imagery_right": right,
        "imagery_event": event[None],
        "n_imagery_trials": n_trials,
        "srate": 512,
        "subject": f"subject {subject}",
    }
    path = root / "MNE-gigadb-data" / GIGA_DB / "100295" / "mat_data" / f"s{subject:02d}.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"eeg": eeg}, do_compression=True)


# EDF


def write_edf(path, run, names, events):
    """Write a run with an annotation of 4 s for each trial; ``events`` are by class from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(values, run.sfreq, label=name, physical_dimension="uV")
        for values, name in zip(run.signals, names, strict=True)
    ]
    marks = [
        edfio.EdfAnnotation(cue / run.sfreq, 4.0, events[label - 1])
        for cue, label in zip(run.cues, run.labels, strict=True)
    ]
    edfio.Edf(signals, annotations=marks).write(path)


def write_physionet(root, subject, n_trials):
    """Two runs at rest, three of the hands, three of both hands or feet; T0 is rest."""
    names = [f"{name.capitalize():.<4}" for name in electrodes("PhysionetMI")]  # "Fc5."
    for number in (1, 2, 4, 6, 8, 10, 12, 14):
        tasks = 0 if number < 3 else n_trials
        run = made_up_run(64, 160.0, 3, (0, 4), tasks, (subject, number))
        path = root / PHYSIONET / f"S{subject:03d}" / f"S{subject:03d}R{number:02d}.edf"
        write_edf(path, run, names, ["T1", "T2", "T0"])


def write_schirrmeister(root, subject, n_trials):
    """Two files; labels begin with the type of the channel."""
    names = [f"EEG {name}" for name in electrodes("Schirrmeister2017")]
    names += ["EOG EOGh", "EOG EOGv", "EMG EMG_RH", "EMG EMG_LH", "EMG EMG_RF"]
    for place, part in enumerate(("train", "test")):
        run = made_up_run(133, 500.0, 4, (0, 4), n_trials, (subject, place))
        path = root / HIGH_GAMMA / part / f"{subject}.edf"
        write_edf(path, run, names, ["right_hand", "left_hand", "rest", "feet"])


# BIDS


def write_dreyer(root, subject, n_trials):
    """One archive for each subject, in BIDS with codes of OpenViBE, and a manifest of all files."""
    folder = root / "MNE-dreyer2023-data"
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made"
    names = [*electrodes("Dreyer2023"), *EYES, "EMGg", "EMGd"]
    types = ["eeg"] * 27 + ["eog"] * 3 + ["emg"] * 2
    tasks = ["CE_baseline", "R1acquisition", "R2acquisition", "R3online", "R4online"]
    for place, task in enumerate([task.replace("_", "") for task in tasks]):
        run = made_up_run(32, 512.0, 2, (0, 5), n_trials, (subject, place))
        info = mne.create_info(names, run.sfreq, types)
        raw = mne.io.RawArray(run.signals * 1e-6, info, verbose="error")
        codes = [str(768 + label) for label in run.labels]
        raw.set_annotations(mne.Annotations(run.cues / run.sfreq, 0.0, codes))
        raw.info["line_freq"] = 50.0
        where = mne_bids.BIDSPath(subject=f"{subject:02d}", task=task, datatype="eeg", root=made)
        mne_bids.write_raw_bids(
            raw, where, format="EDF", allow_preload=True, overwrite=True, verbose="error"
        )
    of_subject = f"sub-{subject:02d}"
    shutil.make_archive(str(folder / of_subject), "zip", made, of_subject)
    shared = ["dataset_description.json", "participants.tsv"]
    for name in shared:
        shutil.move(made / name, folder / name)
    shutil.rmtree(made)
    manifest = folder / "dreyer2023_manifest.tsv"
    listed = [*shared, *sorted(path.name for path in folder.glob("sub-*.zip"))]
    urls = [f"https://osf.io/download/{place:05d}/" for place, _ in enumerate(listed)]
    pd.DataFrame({"filename": listed, "url": urls}).to_csv(manifest, sep="\t", index=False)


WRITERS = {
    "BNCI2014_001": write_2014_001,
    "BNCI2014_002": write_2014_002,
    "BNCI2014_004": write_2014_004,
    "BNCI2015_001": write_2015_001,
    "Lee2019_MI": write_lee2019,
    "Cho2017": write_cho2017,
    "PhysionetMI": write_physionet,
    "Schirrmeister2017": write_schirrmeister,
    "Dreyer2023": write_dreyer,
}


def write_downloads(dataset: str, root: Path, subject: int, n_trials: int = 2) -> None:
    """Write the files of a subject where MOABB stores downloads below ``root``.

    ``n_trials`` is the number of trials of each class in a run.
    """
    WRITERS[dataset](root, subject, n_trials)
