"""Folders of recordings: found, named, read, and refused for the right reason."""

import shutil

import mne
import numpy as np
import pytest

from bci_dann.data import (
    DataConfig,
    Preprocessing,
    Recordings,
    RecordingsLayout,
    load_dataset,
    open_trials,
    prepare_trials,
)
from bci_dann.data.recordings.discovery import numbered_names
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.exceptions import ConfigError, DataError

SFREQ, SECONDS = 100.0, 40
EVENTS = {"left": "left_hand", "right": "right_hand"}
LAYOUT = {"pattern": "s{subject}/{session}_raw.fif", "events": EVENTS, "interval": (0, 3)}


def make_raw(seed=0, names=("C3", "Cz", "C4"), scale=1e-5, events=("left", "right")):
    rng = np.random.default_rng(seed)
    info = mne.create_info(list(names), SFREQ, "eeg")
    signals = scale * rng.standard_normal((len(names), int(SFREQ * SECONDS)))
    raw = mne.io.RawArray(signals, info, verbose="error")
    onsets = np.arange(2, SECONDS - 4, 4.0)
    labels = [events[i % len(events)] for i in range(len(onsets))]
    return raw.set_annotations(mne.Annotations(onsets, 0, labels))


def write(folder, subject, session, raw):
    path = folder / f"s{subject}" / f"{session}_raw.fif"
    path.parent.mkdir(exist_ok=True)
    raw.save(path, verbose="error")
    return path


@pytest.fixture
def folder(tmp_path):
    for subject in ("A", "B"):
        for session in ("01", "02"):
            write(tmp_path, subject, session, make_raw(seed=int(session) + 10 * ord(subject)))
    return tmp_path


def load(folder, layout=LAYOUT, **changes):
    config = DataConfig(dataset="Recordings", recordings={**layout, **changes})
    return load_dataset(config, data_dir=folder, preprocessing={"band": None})


def test_trials_are_the_samples_after_the_events(folder):
    trials = load(folder)
    assert trials.X.shape == (2 * 2 * 9, 3, 301)
    assert list(trials.metadata.iloc[0]) == ["A", "01", "0"]
    raw = mne.io.read_raw_fif(folder / "sA" / "01_raw.fif", verbose="error")
    np.testing.assert_allclose(trials.X[0], raw.get_data()[:, 200:501] * 1e6, rtol=1e-5)
    assert trials.y[:2].tolist() == ["left_hand", "right_hand"]


def test_electrode_positions_come_from_the_montage(folder):
    places = {ch["ch_name"]: ch["loc"][:3] for ch in load(folder).info["chs"]}
    assert places["C3"][0] < -0.04 < 0.04 < places["C4"][0]


def test_interval_moves_the_trial(folder):
    late, all_of_it = load(folder, interval=(1, 3)), load(folder)
    np.testing.assert_array_equal(late.X, all_of_it.X[:, :, 100:])


# MOABB's results file: h5py deprecates the way in which it is made
@pytest.mark.filterwarnings("ignore:Creating a dataset without passing data or dtype")
def test_runs_under_stock_moabb(folder):
    from mne.decoding import CSP
    from moabb.evaluations import CrossSubjectEvaluation
    from moabb.paradigms import LeftRightImagery
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline

    dataset = Recordings(folder, LAYOUT, code="Recordings-test")
    evaluation = CrossSubjectEvaluation(
        LeftRightImagery(), datasets=[dataset], hdf5_path=str(folder), overwrite=True
    )
    results = evaluation.process({"csp": make_pipeline(CSP(2), LinearDiscriminantAnalysis())})
    assert set(results["subject"]) == {"A", "B"}
    assert results["score"].between(0, 1).all()


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["002", "003", "004", "Test4"], ["002", "003", "004", "5Test4"]),
        (["2", "10", "1"], ["1", "2", "10"]),
        (["a", "b"], ["0a", "1b"]),
        (["1", "01"], ["01", "2n1"]),
        (["pre-test", "2021-03-04"], ["0n20210304", "1pretest"]),
        (["0train", "1test"], ["0train", "1test"]),
    ],
)
def test_names_that_moabb_accepts(values, names):
    from moabb.datasets.base import check_session_names

    got = numbered_names(values)
    assert set(got) == set(values)
    assert sorted(got.values()) == sorted(names)
    check_session_names({1: dict.fromkeys(got.values())})


def test_units_can_be_scaled(tmp_path):
    for subject in "AB":
        write(tmp_path, subject, "1", make_raw(scale=10.0))
    with pytest.raises(
        DataError, match=r"subject A, session 1, run 0 \(sA/1_raw.fif\).*unit_scale"
    ):
        load(tmp_path)
    assert 5 < load(tmp_path, unit_scale=1e-6).X.std() < 15


def test_signals_far_too_small(tmp_path):
    write(tmp_path, "A", "1", make_raw(scale=1e-12))
    with pytest.raises(DataError, match=r"subject A.*volt or millivolt"):
        load(tmp_path)


def test_channels_are_renamed_and_dropped(tmp_path):
    for subject in "AB":
        write(tmp_path, subject, "1", make_raw(names=("T3", "Cz", "AUX")))
    assert load(tmp_path, rename={"T3": "T7"}, drop=["AUX"]).ch_names == ["T7", "Cz"]


def test_channels_in_another_order_are_put_in_order(tmp_path):
    write(tmp_path, "A", "1", make_raw())
    write(tmp_path, "B", "1", make_raw().reorder_channels(["C4", "Cz", "C3"]))
    trials = load(tmp_path)
    np.testing.assert_array_equal(trials.X[:9], trials.X[9:])


def test_other_channels_are_named_with_the_file(tmp_path):
    write(tmp_path, "A", "1", make_raw())
    write(tmp_path, "B", "1", make_raw(names=("C3", "Cz", "C2")))
    with pytest.raises(DataError, match=r"sB/1_raw.fif.*missing \['C4'\], extra \['C2'\].*drop"):
        load(tmp_path)


def test_events_that_never_occur(folder):
    with pytest.raises(
        DataError, match=r"'rigth' does not occur.*Did you mean 'right'.*left, right"
    ):
        load(folder, events={"left": "left_hand", "rigth": "right_hand"})


def test_no_event_at_all_in_stock_moabb(folder):
    dataset = Recordings(folder, {**LAYOUT, "events": {"769": "left_hand", "770": "right_hand"}})
    with pytest.raises(DataError, match=r"'769' does not occur.*There are left, right"):
        dataset.get_data(["A"])


def test_a_run_without_events_is_left_out(folder):
    quiet = make_raw().set_annotations(None)
    write(folder, "A", "03", quiet)
    assert set(load(folder).metadata["session"]) == {"01", "02"}


def test_a_class_that_one_subject_lacks(folder):
    write(folder, "C", "01", make_raw(events=("left",)))
    with pytest.raises(DataError, match="subject C has no trials of the class 'right_hand'"):
        load(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite(folder, value):
    raw = make_raw()
    raw._data[1, 1234] = value
    write(folder, "B", "03", raw)
    with pytest.raises(DataError, match=r"subject B, session 03.*sB/03_raw.fif.*finite.*'Cz'"):
        load(folder)


def test_a_flat_channel(folder):
    raw = make_raw()
    raw._data[2] = 3e-6
    write(folder, "B", "03", raw)
    with pytest.raises(DataError, match=r"subject B, session 03.*'C4'\] are flat"):
        load(folder)


@pytest.mark.parametrize("level", [0.0, 0.1875])
@pytest.mark.parametrize(
    "steps",
    [
        {"reference": "average"},
        {"notch": 20.0},
        {"filter_method": "fir"},
        {"reference": ["Cz"], "channels": ["C3", "C4"], "band": None},
    ],
)
def test_a_channel_that_is_flat_before_reference_and_filter(folder, level, steps):
    raw = make_raw()
    raw._data[2] = level
    raw._data[2, 0] = 0.0  # the first packet of a board that is still starting
    write(folder, "B", "03", raw)
    config = DataConfig(dataset="Recordings", recordings=LAYOUT)
    with pytest.raises(DataError, match=r"subject B, session 03.*03_raw.fif.*\['C4'\] are flat"):
        load_dataset(config, data_dir=folder, preprocessing=steps)


def test_a_flat_reference_that_is_not_kept_is_no_fault(folder):
    for path in folder.glob("*/*.fif"):
        raw = mne.io.read_raw(path, preload=True, verbose="error")
        raw._data[2] = 0.0
        raw.save(path, overwrite=True, verbose="error")
    config = DataConfig(dataset="Recordings", recordings=LAYOUT)
    steps = {"reference": ["C4"], "channels": ["C3", "Cz"]}
    assert load_dataset(config, data_dir=folder, preprocessing=steps).ch_names == ["C3", "Cz"]


def test_a_folder_that_is_missing_empty_or_a_file(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        Recordings(tmp_path / "nowhere", LAYOUT)
    with pytest.raises(DataError, match="is empty"):
        Recordings(tmp_path, LAYOUT)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        Recordings(tmp_path / "file", LAYOUT)


def test_nothing_fits_the_pattern(folder):
    with pytest.raises(DataError, match=r"sub\{subject\}.edf.*sA/01_raw.fif"):
        Recordings(folder, {**LAYOUT, "pattern": "sub{subject}.edf"})


def test_two_files_of_one_name(folder):
    with pytest.raises(DataError, match=r"both subject A, session 0, run 0.*Add \{session\}"):
        Recordings(folder, {**LAYOUT, "pattern": "s{subject}/*_raw.fif"})


def test_excluding(folder):
    dataset = Recordings(folder, {**LAYOUT, "exclude": {"session": ["01"], "subject": ["A"]}})
    assert dataset.subject_list == ["B"]
    assert list(dataset.get_data(["B"])["B"]) == ["02"]


def test_excluding_what_does_not_occur(folder):
    with pytest.raises(ConfigError, match=r"exclude.session has '1'.*There are 01, 02"):
        Recordings(folder, {**LAYOUT, "exclude": {"session": ["1"]}})


def test_excluding_everything(folder):
    with pytest.raises(DataError, match="leaves none of the 4"):
        Recordings(folder, {**LAYOUT, "exclude": {"subject": ["A", "B"]}})


def test_a_damaged_file_is_named(folder):
    path = folder / "sB" / "02_raw.fif"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"sB/02_raw.fif is truncated"):
        load(folder)


def write_edf(path, n_records=20, n_signals=2, sfreq=100):
    """Write a plain EDF file of noise, one record a second."""
    names = ["C3", "C4"]
    fields = [
        (16, names), (80, [""] * 2), (8, ["uV"] * 2), (8, ["-1000"] * 2), (8, ["1000"] * 2),
        (8, ["-32768"] * 2), (8, ["32767"] * 2), (80, [""] * 2), (8, [str(sfreq)] * 2),
        (32, [""] * 2),
    ]  # fmt: skip
    head = f"{'0':<8}{'X':<80}{'X':<80}01.01.2001.01.01{256 * 3:<8}{'':<44}{n_records:<8}{1:<8}"
    head += f"{n_signals:<4}" + "".join(f"{v:<{w}}" for w, values in fields for v in values)
    noise = np.random.default_rng(0).integers(-500, 500, n_records * n_signals * sfreq)
    path.write_bytes(head.encode() + noise.astype("<i2").tobytes())


def test_a_truncated_edf_is_refused_and_a_whole_one_is_not(tmp_path):
    layout = RecordingsLayout(pattern="s{subject}.edf", events={"x": "a"}, montage=None)
    path = tmp_path / "s1.edf"
    write_edf(path)
    with pytest.raises(DataError, match="'x' does not occur"):  # whole, but without events
        Recordings(tmp_path, layout).check()
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"s1.edf is truncated.*promises 8768 bytes.*7768"):
        Recordings(tmp_path, layout).check()


def write_brainvision(path):
    raw = make_raw()
    mne.export.export_raw(path, raw, fmt="brainvision", verbose="error")
    return mne.io.read_raw(path, verbose="error").annotations.description


def cut(path, seconds):
    """Keep the first seconds of a file of three channels of float32."""
    path.write_bytes(path.read_bytes()[: int(seconds * SFREQ) * 3 * 4])


@pytest.mark.parametrize(
    ("seconds", "event"), [(20, "at 22.00 s"), (31, "at 30.00 s"), (35, "at 34.00 s")]
)
def test_a_truncated_brainvision_is_refused(tmp_path, seconds, event):
    names = write_brainvision(tmp_path / "s1.vhdr")
    layout = {
        "pattern": "s{subject}.vhdr",
        "events": {name: EVENTS[name.split("/")[-1]] for name in set(names)},
        "interval": (0, 3),
    }
    Recordings(tmp_path, layout).check()
    cut(tmp_path / "s1.eeg", seconds)
    with pytest.raises(DataError, match=rf"s1.vhdr is truncated.*{event}.*ends at {seconds}.00"):
        Recordings(tmp_path, layout).check()
    other = {**layout, "events": {"Comment/nothing of this": "rest"}}
    with pytest.raises(DataError, match="does not occur"):  # events of no interest may be lost
        Recordings(tmp_path, other).check()


@pytest.mark.filterwarnings("ignore:Limited 1 annotation:RuntimeWarning")  # MNE on the same
def test_a_recording_stopped_late_in_its_last_task_only_loses_that(tmp_path):
    for subject in "AB":
        write(tmp_path, subject, "1", make_raw(seed=ord(subject)).crop(0, 36))
    assert len(load(tmp_path)) == 2 * 8
    write(tmp_path, "B", "2", make_raw().crop(0, 35))
    with pytest.raises(DataError, match=r"sB/2_raw.fif is truncated: the event 'left' at 34.00 s"):
        load(tmp_path)


def test_an_edf_that_is_not_one(tmp_path):
    (tmp_path / "s1.edf").write_bytes(b"not a header")
    layout = {"pattern": "s{subject}.edf", "events": EVENTS}
    with pytest.raises(DataError, match=r"s1.edf cannot be read"):
        Recordings(tmp_path, layout).check()


def test_triggers_in_a_stim_channel(tmp_path):
    for subject in "AB":
        raw = make_raw(seed=ord(subject))
        events, _ = mne.events_from_annotations(raw, {"left": 5, "right": 7}, verbose="error")
        info = mne.create_info(["STI"], SFREQ, "stim")
        stim = mne.io.RawArray(np.zeros((1, len(raw.times))), info, verbose="error")
        stim._data[0, events[:, 0]] = events[:, 2]
        raw.set_annotations(None).add_channels([stim], force_update_info=True)
        write(tmp_path, subject, "1", raw)
    trials = load(tmp_path, events={"5": "left_hand", "7": "right_hand"})
    assert trials.ch_names == ["C3", "Cz", "C4"]
    assert trials.y[:2].tolist() == ["left_hand", "right_hand"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # MNE-BIDS on what the toy lacks
def test_bids(tmp_path):
    import mne_bids

    for subject in ("01", "02"):
        raw = make_raw(seed=int(subject))
        raw.info["line_freq"] = 50
        path = mne_bids.BIDSPath(subject=subject, task="imagery", root=tmp_path, datatype="eeg")
        mne_bids.write_raw_bids(
            raw, path, format="BrainVision", allow_preload=True, verbose="error"
        )
    trials = load(tmp_path, {"format": "bids", "events": EVENTS, "interval": (0, 3)})
    assert sorted(set(trials.subjects)) == ["01", "02"]
    assert trials.X.shape == (18, 3, 301)
    samples = next(tmp_path.glob("sub-02/eeg/*.eeg"))
    cut(samples, 20)
    with pytest.raises(DataError, match=r"sub-02.*truncated: the event 'left' at 26.00|22.00 s"):
        load(tmp_path, {"format": "bids", "events": EVENTS, "interval": (0, 3)})
    with pytest.raises(DataError, match="no BIDS EEG recordings of the task 'rest'"):
        load(tmp_path, {"format": "bids", "task": "rest", "events": EVENTS})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pattern": "{session}.fif"}, r"needs the field \{subject\}"),
        ({"pattern": "{subjekt}.fif"}, r"Did you mean 'subject'"),
        ({"pattern": None}, "'pattern' is missing"),
        ({"events": {}}, "events"),
        ({"interval": (4, 0)}, "start < end"),
        ({"exclude": {"sesion": ["1"]}}, "Did you mean 'session'"),
        ({"unit_scale": 0}, "unit_scale"),
        ({"patern": "x"}, "Did you mean 'pattern'"),
    ],
)
def test_wrong_layouts_are_explained(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        Recordings(tmp_path, {**LAYOUT, **changes})


def test_an_unknown_montage(folder):
    with pytest.raises(ConfigError, match="unknown montage 'standard_1030'"):
        load(folder, montage="standard_1030")


MI_OPENBCI = {
    "pattern": "edf{subject}/{session}/eeg.edf",
    "exclude": {"session": ["001"]},
    "events": {"OVTK_GDF_Right": "right_hand", "OVTK_GDF_Tongue": "rest"},
    "unit_scale": 1e-6,
    "rename": {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"},
}


@pytest.mark.real_data
def test_mi_openbci(shared_data):
    config = DataConfig(dataset="Recordings", recordings=MI_OPENBCI, classes=["right_hand", "rest"])
    steps = Preprocessing(band=(8, 30), window=(0.5, 4.0), notch=50)
    trials = open_trials(prepare_trials(config, steps, data_dir=shared_data / "mi-openbci"))
    assert trials.X.shape == (1590, 15, 439)
    assert len(set(trials.subjects)) == 10
    assert (trials.y == "rest").sum() == 795
    assert "5Test4" in set(trials.metadata["session"])
    assert 1 < trials.X.std() < 30
    assert all(np.isfinite(channel["loc"][:3]).all() for channel in trials.info["chs"])


@pytest.mark.real_data
def test_a_real_recording_that_was_cut(shared_data, tmp_path):
    path = tmp_path / "edf01" / "002" / "eeg.edf"
    path.parent.mkdir(parents=True)
    shutil.copyfile(shared_data / "mi-openbci" / "edf01" / "002" / "eeg.edf", path)
    layout = {**MI_OPENBCI, "exclude": {}}
    Recordings(tmp_path, layout).check()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"eeg.edf is truncated"):
        Recordings(tmp_path, layout).check()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ({"band": (8, 60)}, "sA.*60 Hz.*sampled at 100 Hz"),
        ({"band": None, "notch": 50}, "notch has 50 Hz"),
        ({"channels": ["C3", "C5"]}, "'C5'.*not in the recording"),
        ({"reference": ["M1"]}, "'M1'.*not in the recording"),
        ({"window": (0, 4000)}, "would last 4000 s.*lasts 39.99 s"),
    ],
)
def test_what_does_not_fit_is_told_from_headers(folder, steps, message):
    dataset = Recordings(folder, LAYOUT)
    with pytest.raises((ConfigError, DataError), match=message):
        dataset.check_fits(Preprocessing(**steps), resolve_subset(dataset, SubsetConfig()))


def test_different_rates_need_a_common_one_if_they_are_used(folder):
    raw = make_raw(seed=5).resample(50, verbose="error")
    write(folder, "C", "01", raw)
    write(folder, "A", "03", raw.copy().set_annotations(None))  # no trials, so no matter
    dataset = Recordings(folder, LAYOUT)
    steps, everybody = Preprocessing(band=None), resolve_subset(dataset, SubsetConfig())
    with pytest.raises(DataError, match=r"different.*100 Hz .*sA.*50 Hz .*sC.*resample"):
        dataset.check_fits(steps, everybody)
    dataset.check_fits(Preprocessing(band=None, resample=50), everybody)
    dataset.check_fits(steps, resolve_subset(dataset, SubsetConfig(subjects=["A", "B"])))
    common = {"band": None, "resample": 50, "window": (0.5, 2.03)}
    config = DataConfig(dataset="Recordings", recordings=LAYOUT)
    assert len(load_dataset(config, data_dir=folder, preprocessing=common)) == 5 * 9
