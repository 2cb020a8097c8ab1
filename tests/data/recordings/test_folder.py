"""A folder of recordings as a dataset: loaded, checked and refused for the right reason."""

from __future__ import annotations

import os
import shutil
import warnings

import mne
import numpy as np
import pytest
from format_writers import CLASSES, PLAIN, Content, write_eeglab

from bci_dann.data import (
    DataConfig,
    Preprocessing,
    Recordings,
    RecordingsLayout,
    load_dataset,
    open_trials,
    prepare_trials,
)
from bci_dann.data.fingerprint import dataset_fingerprint
from bci_dann.data.subset import SubsetConfig, resolve_subset
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError


def everything(dataset, **choice):
    return resolve_subset(dataset, SubsetConfig(**choice))


def test_trials_are_the_samples_after_the_events(folder, load):
    trials = load(folder)
    assert trials.X.shape == (2 * 2 * 9, 3, 301)
    assert list(trials.metadata.iloc[0]) == ["A", "01", "0"]
    raw = mne.io.read_raw_fif(folder / "sA" / "01_raw.fif", verbose="error")
    np.testing.assert_allclose(trials.X[0], raw.get_data()[:, 200:501] * 1e6, rtol=1e-5)
    assert trials.y[:2].tolist() == ["left_hand", "right_hand"]


def test_interval_moves_the_trial(folder, load):
    late, all_of_it = load(folder, interval=(1, 3)), load(folder)
    np.testing.assert_array_equal(late.X, all_of_it.X[:, :, 100:])


def test_electrode_positions_come_from_the_montage(folder, load):
    places = {ch["ch_name"]: ch["loc"][:3] for ch in load(folder).info["chs"]}
    assert places["C3"][0] < -0.04 < 0.04 < places["C4"][0]


def test_the_dataset_describes_itself_as_moabb_expects(folder, layout):
    dataset = Recordings(str(folder), layout, code="My-data")
    assert dataset.code == "My-data"
    assert dataset.subject_list == ["A", "B"]
    assert dataset.event_id == {"left_hand": 1, "right_hand": 2}
    assert dataset.interval == [0.0, 3.0]
    assert (dataset.paradigm, dataset.n_sessions) == ("imagery", 2)


def test_paths_of_recordings(folder, layout):
    dataset = Recordings(folder, layout)
    assert dataset.recording_path("A", "02", "0").as_posix() == "sA/02_raw.fif"
    assert dataset.data_path("B") == [str(folder / "sB" / f"{s}_raw.fif") for s in ("01", "02")]
    with pytest.raises(KeyError):
        dataset.recording_path("A", "03", "0")


@pytest.mark.parametrize("code", ["my data", "", "a_b", "é"])
def test_a_code_that_moabb_does_not_take(folder, layout, code):
    with pytest.raises(ConfigError, match="letters, digits and dashes only"):
        Recordings(folder, layout, code=code)


def test_a_layout_may_be_a_mapping_and_is_checked(folder, layout):
    assert Recordings(folder, RecordingsLayout(**layout)).subject_list == ["A", "B"]
    with pytest.raises(ConfigError, match="recordings: unknown key 'patern'"):
        Recordings(folder, {**layout, "patern": "x"})


def test_units_can_be_scaled(tmp_path, load, make_raw, write_fif):
    for subject in "AB":
        write_fif(tmp_path, subject, "1", make_raw(seed=ord(subject), scale=10.0))
    with pytest.raises(
        DataError, match=r"subject A, session 1, run 0 \(sA/1_raw.fif\).*unit_scale"
    ):
        load(tmp_path)
    assert 5 < load(tmp_path, unit_scale=1e-6).X.std() < 15


def test_channels_in_another_order_are_put_in_order(tmp_path, load, make_raw, write_fif):
    write_fif(tmp_path, "A", "1", make_raw())
    second = make_raw().reorder_channels(["C4", "Cz", "C3"])
    second._data[0] *= 2.0  # otherwise it is a copy of the first
    write_fif(tmp_path, "A", "2", second)
    trials = load(tmp_path)
    np.testing.assert_allclose(trials.X[9:], trials.X[:9] * [[1.0], [1.0], [2.0]], rtol=1e-6)


def test_other_channels_are_named_with_the_file(tmp_path, load, make_raw, write_fif):
    write_fif(tmp_path, "A", "1", make_raw())
    write_fif(tmp_path, "B", "1", make_raw(seed=1, names=("C3", "Cz", "C2")))
    with pytest.raises(DataError, match=r"sB/1_raw.fif.*missing \['C4'\], extra \['C2'\].*drop"):
        load(tmp_path)
    assert load(tmp_path, drop=["C4", "C2"]).ch_names == ["C3", "Cz"]


def test_events_that_never_occur(folder, load):
    with pytest.raises(
        DataError, match=r"'rigth' does not occur.*Did you mean 'right'.*left, right"
    ):
        load(folder, events={"left": "left_hand", "rigth": "right_hand"})


def test_a_run_without_events_is_left_out(folder, load, make_raw, write_fif):
    write_fif(folder, "A", "03", make_raw().set_annotations(None))
    assert set(load(folder).metadata["session"]) == {"01", "02"}


def test_an_event_with_another_spelling_in_one_run(folder, load, make_raw, write_fif):
    """Its trials are lost, although each subject has trials of both classes."""
    write_fif(folder, "B", "03", make_raw(seed=9, events=("Left ", "right")))
    with pytest.warns(BCIDannWarning, match=r"'Left ' \(\d times, in sB/03_raw.fif\).*'left'"):
        load(folder)


def test_a_copy_of_a_recording_of_the_same_subject(folder, load, make_raw, write_fif):
    write_fif(folder, "B", "03 (1)", make_raw(seed=9))
    write_fif(folder, "B", "03", make_raw(seed=9))
    with pytest.warns(BCIDannWarning, match=r"sB/03.*sB/03.*have the same signals.*`exclude`"):
        load(folder)


@pytest.mark.parametrize("kind", ["direct", "projection"])
def test_recordings_with_different_references(folder, load, make_raw, write_fif, kind):
    raw = make_raw(seed=9)
    raw.set_eeg_reference(projection=kind == "projection", verbose="error").apply_proj()
    write_fif(folder, "B", "03", raw)
    with pytest.warns(BCIDannWarning, match=r"1 of 5 .*re-referenced.* sB/03_raw.fif.* sA/01_raw"):
        load(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error", BCIDannWarning)
        load(folder, steps={"band": None, "reference": "average"})


def test_a_class_that_one_subject_lacks(folder, load, make_raw, write_fif):
    write_fif(folder, "C", "01", make_raw(events=("left",)))
    with pytest.raises(DataError, match="subject C has no trials of the class 'right_hand'"):
        load(folder)


def test_a_flat_channel_is_told_with_the_file(folder, load, make_raw, write_fif):
    raw = make_raw()
    raw._data[2] = 3e-6
    raw._data[2, 0] = 0.0  # the first packet of a board that is still starting
    write_fif(folder, "B", "03", raw)
    for steps in ({"band": None}, {"reference": "average"}):
        with pytest.raises(DataError, match=r"subject B, session 03.*03_raw.fif.*'C4'\] are flat"):
            load(folder, steps=steps)


def test_a_flat_reference_that_is_not_selected_is_no_fault(folder, load):
    for path in folder.glob("*/*.fif"):
        raw = mne.io.read_raw(path, preload=True, verbose="error")
        raw._data[2] = 0.0
        raw.save(path, overwrite=True, verbose="error")
    steps = {"reference": ["C4"], "channels": ["C3", "Cz"]}
    assert load(folder, steps=steps).ch_names == ["C3", "Cz"]


def test_a_damaged_file_is_named(folder, load):
    path = folder / "sB" / "02_raw.fif"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"sB/02_raw.fif is truncated"):
        load(folder)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # MNE-BIDS on what the toy lacks
def test_what_bids_inherits_is_in_the_fingerprint(tmp_path, make_raw, write_bids):
    write_bids(tmp_path, "01", make_raw(), session="a")
    keys = {"format": "bids", "events": {"left": "left_hand", "right": "right_hand"}}
    before = files(tmp_path, keys)
    place = "sub-01/ses-a/eeg/sub-01_ses-a"
    assert {f"{place}_task-imagery_{end}" for end in ("eeg.vhdr", "events.tsv")} <= before
    added = [
        "task-imagery_events.json",
        "sub-01/sub-01_electrodes.tsv",
        f"{place}_coordsystem.json",
    ]
    for name in [*added, "notes_events.txt", "sub-01/ses-a/eeg/readme.txt"]:
        (tmp_path / name).write_text("{}")
    assert set(added) <= files(tmp_path, keys)
    assert files(tmp_path, keys) <= before | set(added)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # MNE-BIDS on what the toy lacks
def test_bids(tmp_path, load, make_raw, write_bids):
    for subject in ("01", "02"):
        write_bids(tmp_path, subject, make_raw(seed=int(subject)))
    keys = {"format": "bids", "events": {"left": "left_hand", "right": "right_hand"}}
    trials = load(tmp_path, {**keys, "interval": (0, 3)})
    assert sorted(set(trials.subjects)) == ["01", "02"]
    assert trials.X.shape == (18, 3, 301)


def test_check_finds_a_montage_that_does_not_exist_before_opening_a_file(folder, layout):
    for path in folder.glob("*/*.fif"):
        path.write_bytes(b"")
    with pytest.raises(ConfigError, match="unknown montage 'standard_1030'"):
        Recordings(folder, {**layout, "montage": "standard_1030"}).check()


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
def test_what_does_not_fit_is_told_from_headers(folder, layout, steps, message):
    dataset = Recordings(folder, layout)
    with pytest.raises((ConfigError, DataError), match=message):
        dataset.check_fits(Preprocessing(**steps), everything(dataset))


def test_different_rates_need_a_common_one_if_they_are_used(
    folder, layout, load, make_raw, write_fif
):
    raw = make_raw(seed=5).resample(50, verbose="error")
    write_fif(folder, "C", "01", raw)
    write_fif(folder, "A", "03", raw.copy().set_annotations(None))  # no trials, so no matter
    dataset, steps = Recordings(folder, layout), Preprocessing(band=None)
    with pytest.raises(DataError, match=r"different.*100 Hz .*sA.*50 Hz .*sC.*resample"):
        dataset.check_fits(steps, everything(dataset))
    dataset.check_fits(Preprocessing(band=None, resample=50), everything(dataset))
    dataset.check_fits(steps, everything(dataset, subjects=["A", "B"]))
    common = {"band": None, "resample": 50, "window": (0.5, 2.03)}
    assert len(load(folder, steps=common)) == 5 * 9


def test_check_fits_looks_at_the_sessions_asked_for(folder, layout, make_raw, write_fif):
    raw = make_raw(seed=5).resample(50, verbose="error")
    write_fif(folder, "B", "03", raw)
    dataset, steps = Recordings(folder, layout), Preprocessing(band=(8, 30))
    with pytest.raises(ConfigError, match=r"sB/03_raw.fif.*sampled at 50 Hz"):
        dataset.check_fits(steps, everything(dataset))
    dataset.check_fits(steps, everything(dataset, sessions=["01", "02"]))
    dataset.check_fits(steps, everything(dataset, sessions="first"))


def test_the_fingerprint_follows_files_and_layout(folder, layout, tmp_path_factory):
    first = dataset_fingerprint(Recordings(folder, layout))
    assert dataset_fingerprint(Recordings(folder, layout)) == first
    assert dataset_fingerprint(Recordings(folder, {**layout, "interval": (0, 2)})) != first
    path = folder / "sA" / "01_raw.fif"
    os.utime(path, (0, 0))
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("other") / "copy")
    for same in (folder, copy):
        assert dataset_fingerprint(Recordings(same, layout)) == first


def test_a_byte_amid_a_file_is_noticed_though_its_time_is_set_back(folder, layout):
    first = dataset_fingerprint(Recordings(folder, layout))
    path = folder / "sA" / "01_raw.fif"
    before, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert dataset_fingerprint(Recordings(folder, layout)) != first


def files(folder, keys):
    return {name for name, *_ in Recordings(folder, keys).fingerprint()["files"]}


@pytest.mark.parametrize("name", ["s{}[run1].fif", "s{} (1)?.fif", "Übung {} ж.fif", "s{}#%*.fif"])
def test_names_with_any_letter_are_in_the_fingerprint(folder, layout, load, name):
    for subject in "AB":
        (folder / f"s{subject}" / "01_raw.fif").rename(folder / name.format(subject))
    keys = {**layout, "pattern": name.format("{subject}")}
    assert files(folder, keys) == {name.format("A"), name.format("B")}
    first = load(folder, keys)
    shutil.copy(folder / "sA" / "02_raw.fif", folder / name.format("A"))
    assert not np.array_equal(load(folder, keys).X, first.X)


def test_parts_of_a_split_recording_are_one(folder, layout, make_raw):
    split = folder / "sC"
    split.mkdir()
    raw = make_raw(names=[f"E{i}" for i in range(150)]).set_annotations(None)
    raw.save(split / "03_raw.fif", split_size="2MB", verbose="error")
    assert (split / "03_raw-1.fif").is_file()
    keys = {**layout, "pattern": "s{subject}/{session}.fif"}
    assert "sC/03_raw-1.fif" in files(folder, keys)
    assert {file[0] for file in Recordings(folder, keys)._files["C"]} == {"0"}


def test_files_that_a_header_names_are_in_the_fingerprint(folder, layout, make_raw):
    for subject in "AB":
        mne.export.export_raw(folder / f"old{subject}.vhdr", make_raw(), verbose="error")
        (folder / f"old{subject}.vhdr").rename(folder / f"{subject}.vhdr")
    keys = {**layout, "pattern": "{subject}.vhdr"}
    renamed = {f"old{subject}{end}" for subject in "AB" for end in (".eeg", ".vmrk")}
    assert files(folder, keys) == {"A.vhdr", "B.vhdr", *renamed}


def test_files_beside_a_recording_are_in_the_fingerprint(folder, layout):
    before = Recordings(folder, layout).fingerprint()
    (folder / "sA" / "01_raw.txt").write_text("markers, perhaps")
    (folder / "sA" / "other.txt").write_text("no matter")
    after = Recordings(folder, layout).fingerprint()
    added = {name for name, *_ in after["files"]} - {name for name, *_ in before["files"]}
    assert added == {"sA/01_raw.txt"}


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
    config = DataConfig(dataset="Recordings", recordings=layout)
    with pytest.raises(DataError, match=r"eeg.edf is truncated"):
        Recordings(tmp_path, layout).check()
    with pytest.raises(DataError, match=r"eeg.edf is truncated"):
        load_dataset(config, data_dir=tmp_path)


def test_events_that_mean_other_things_in_other_runs(tmp_path, load, make_raw):
    for number, run in enumerate(("04", "06", "08")):
        raw = make_raw(seed=number, events=("T1", "T2"))
        raw.save(tmp_path / f"s1_{run}_raw.fif", verbose="error")
    keys = {"pattern": "s{subject}_{run}_raw.fif", "interval": (0, 3)}
    events = {"T1": {"0[48]": "left_hand"}, "T2": {"04": "right_hand", "06": "feet"}}
    trials = load(tmp_path, keys, events=events)
    counts = trials.metadata.assign(y=trials.y).groupby(["run", "y"]).size().to_dict()
    assert counts == {
        ("04", "left_hand"): 5,
        ("04", "right_hand"): 4,
        ("06", "feet"): 4,
        ("08", "left_hand"): 5,
    }
    with pytest.raises(ConfigError, match=r"events.T2 has '6', which is not a run"):
        load(tmp_path, keys, events={"T1": "left_hand", "T2": {"6": "feet"}})


def test_a_task_that_leaves_the_recording_is_counted_and_no_warning_of_others(tmp_path, make_raw):
    """Stock MOABB moves events to the start of the task, and MNE warns of those outside."""
    raw = make_raw()
    raw.annotations.append(38.1, 0.0, "left")
    (tmp_path / "sA").mkdir()
    raw.save(tmp_path / "sA" / "01_raw.fif", verbose="error")
    layout = {"pattern": "s{subject}/{session}_raw.fif", "events": PLAIN, "interval": (1.2, 2.2)}
    dataset = Recordings(tmp_path, layout)
    trials = load_dataset(dataset, preprocessing={"band": None})
    assert len(trials) == 9
    assert trials.account["outside"].tolist() == [1, 0]


@pytest.mark.parametrize("name", ["Cñ", "Fz µV", "электрод 1", "a\\n"])
def test_names_of_channels_in_any_script(tmp_path, name):
    signals = np.random.default_rng(0).normal(0, 1e-5, (2, 2000))
    cues = [(300 + 500 * k, CLASSES[k % 2]) for k in range(3)]
    write_eeglab(tmp_path, "s1", Content(signals, ["Cz", name], 100.0, cues))
    layout = {"pattern": "{subject}.set", "events": PLAIN, "interval": (0, 2)}
    dataset = Recordings(tmp_path, {**layout, "extra_channels": [name]})
    trials = load_dataset(dataset, preprocessing={"band": None})
    assert trials.ch_names == ["Cz", name]
