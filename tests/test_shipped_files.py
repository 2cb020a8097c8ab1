"""Every pipeline and configuration that ships can be used as it stands."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from bci_dann._resources import builtin_models, configs_folder, pipelines_folder
from bci_dann.data import SimulatedMI, open_trials, prepare_trials
from bci_dann.evaluation import load_config, load_suite, run_benchmark
from bci_dann.evaluation.config.run_config import with_replaced

CONFIGS = sorted(configs_folder().rglob("*.yaml"))
PIPELINES = sorted(pipelines_folder().glob("*.yml"))


def named(path: Path) -> str:
    return path.stem


def test_there_are_some():
    assert {"quickstart", "mi_openbci"} <= {path.stem for path in CONFIGS}
    assert {"bci_dann", "ea_dann", "rts_im"} <= {path.stem for path in PIPELINES}


def test_there_is_nothing_else():
    """One suffix each, so that nothing is overlooked by the ones who look for it."""
    files = [path for path in configs_folder().rglob("*") if path.is_file()]
    readme = configs_folder() / "experiments" / "README.md"  # a wheel has none
    assert sorted(set(files) - {readme}) == CONFIGS
    locks = {path for path in pipelines_folder().iterdir() if path.suffix == ".lock"}  # of MOABB
    assert sorted(set(pipelines_folder().iterdir()) - locks) == PIPELINES


@pytest.mark.parametrize("path", CONFIGS, ids=named)
def test_a_config_is_valid_and_named_like_its_file(path):
    load = load_suite if path.parent.name == "suites" else load_config
    assert load(path).name == path.stem


def test_every_experiment_is_explained(project):
    folder = project / "configs" / "experiments"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{path.name}`" in text for path in folder.glob("*.yaml"))
    named = set(re.findall(r"`(\w+\.yaml)`", text))
    assert named == {path.name for path in folder.glob("*.yaml")}


def test_no_config_has_the_name_of_another():
    assert len({path.stem for path in CONFIGS}) == len(CONFIGS)


def test_runs_on_the_same_dataset_agree_on_it():
    """What several files say of one dataset must not drift apart."""
    stems = [path for path in CONFIGS if path.stem.startswith("mi_openbci")]
    runs = [load_config(path) for path in stems]
    assert len(runs) > 1
    assert all((r.data, r.preprocessing) == (runs[0].data, runs[0].preprocessing) for r in runs)


# The electrodes of BCI Competition IV 2a, in the order of its files (Tangermann et al. 2012).
# fmt: off
ELECTRODES = [
    "Fz", "FC3", "FC1", "FCz", "FC2", "FC4", "C5", "C3", "C1", "Cz", "C2", "C4", "C6",
    "CP3", "CP1", "CPz", "CP2", "CP4", "P1", "Pz", "P2", "POz",
]
# fmt: on
SESSIONS = {"0": "0train", "1": "1test"}


@pytest.fixture
def bnci_stand_in(monkeypatch):
    """BNCI2014_001 with simulated signals: its channels, classes, sessions and times of cues."""
    import mne
    import numpy as np
    from moabb.datasets import BNCI2014_001

    simulated = SimulatedMI(
        n_subjects=3,
        n_sessions=2,
        n_trials=6,
        classes=list(BNCI2014_001().event_id),
        sfreq=250.0,
        ch_names=ELECTRODES,
        erd=0.9,
        shift=0.5,
    )

    def as_in_moabb(raw):
        codes = BNCI2014_001().event_id
        # MOABB has the beginning of a trial in the trigger channel, two seconds before the cue
        samples = np.round((raw.annotations.onset - 2.0) * 250).astype(int)
        trigger = np.zeros(len(raw.times))
        trigger[samples + 1] = [codes[name] for name in raw.annotations.description]
        names = ["EOG1", "EOG2", "EOG3", "stim"]
        eyes = 1e-4 * np.random.default_rng(0).standard_normal((3, len(trigger)))
        info = mne.create_info(names, 250.0, ["eog"] * 3 + ["stim"])
        others = mne.io.RawArray(np.vstack([eyes, trigger]), info, verbose="error")
        return raw.set_annotations(None).add_channels([others], force_update_info=True)

    def get(self, subject):
        data = simulated._get_single_subject_data(subject)
        return {SESSIONS[name]: {"0": as_in_moabb(runs["0"])} for name, runs in data.items()}

    monkeypatch.setenv("MOABB_DOWNLOAD_PROVIDER", "upstream")  # no mirror is asked first
    monkeypatch.setattr(BNCI2014_001, "_get_single_subject_data", get)


def test_the_four_classes_of_bnci_run_as_they_stand(bnci_stand_in, tmp_path):
    """The dataset cannot be had without a network, so signals are simulated in its place."""
    shipped = load_config(configs_folder() / "bnci2014_001_4class.yaml")
    data = shipped.data.model_copy(update={"subjects": [1, 2, 3]})
    trials = open_trials(prepare_trials(data, shipped.preprocessing))
    assert trials.ch_names == ELECTRODES
    assert trials.X.shape == (3 * 2 * 4 * 6, 22, 449)
    assert sorted(set(trials.metadata["session"])) == ["0train", "1test"]
    config = with_replaced(shipped, {"data": data, "pipelines": ["rts_im", "mdm", "ra_mdm"]})
    table = run_benchmark(config, tmp_path / "run", progress=False)
    assert len(table) == 3 * 3 * 2
    assert table.attrs["n_classes"] == 4
    assert table["roc_auc"].notna().all()
    assert table[table["pipeline"] == "rts_im"]["accuracy"].mean() > 0.4


def is_plain(value) -> bool:
    """Whether a value is text, numbers, lists and mappings alone."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return isinstance(value, (str, int, float, bool, type(None)))


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_is_named_like_its_file_and_plain_for_moabb(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["name"] == path.stem
    # MOABB's arrays bring no sampling frequency, which a filter bank needs, and no rest windows;
    # its sessions have one subject, whom nothing can be calibrated on
    ours = "fbcsp" in path.stem or path.stem in ("rts_rest", "bci_dann_light_calibrated")
    in_moabb = set() if ours else {"LeftRightImagery", "MotorImagery"}
    assert set(content["paradigms"]) == in_moabb
    for step in content["pipeline"]:
        assert is_plain(step["parameters"])


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_says_in_one_line_what_it_is_and_gives_its_paper(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith(".")
    assert re.search(r"\([A-Z].* (19|20)\d\d\)", lines[0])
    assert not lines[1].startswith("#")


@pytest.mark.parametrize("path", PIPELINES, ids=named)
def test_a_pipeline_loads_in_moabb(path, tmp_path):
    from moabb.pipelines.utils import parse_pipelines_from_directory

    # from a copy: the parser leaves lock files behind
    copied = shutil.copy(path, tmp_path)
    (parsed,) = parse_pipelines_from_directory(str(copied))
    assert parsed["name"] == path.stem


def test_models_are_small_and_go_into_wheel_and_source_distribution(project):
    assert list(builtin_models()) == ["builtin:right-hand-rest"]
    for folder in builtin_models().values():
        files = {path.name: path.stat().st_size for path in folder.iterdir()}
        assert set(files) == {"README.md", "model.json", "model.safetensors", "recipe.json"}
        assert sum(files.values()) < 4.5e6
    in_wheel = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert "serving/builtin/**/*" in in_wheel["tool"]["setuptools"]["package-data"]["bci_dann"]
    in_source = (project / "MANIFEST.in").read_text(encoding="utf-8")
    assert "recursive-include bci_dann/serving/builtin *" in in_source
