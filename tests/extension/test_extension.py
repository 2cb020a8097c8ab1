"""Parts of one's own, each one file outside the package: in a table, adapted, saved and loaded.

The five files beside this one are copied to a folder that only Python's path names, and every step
runs in a new process, as it does for whoever writes such a file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import bci_dann

HERE = Path(__file__).parent
OURS = "bci_dann.estimators"
QUICK = {"max_epochs": 2, "alignment": "euclidean"}
LOGISTIC = {"features": "tangent_space", "classifier": "logistic"}

# Pipelines by name: the module that each needs, its class, where that is from, and its parameters.
# Each part is named by its path, and by a mapping with a parameter.
PIPELINES = {
    "term": (
        "feature_norm",
        ("NetworkClassifier", OURS),
        {**QUICK, "backbone": "EEGNet", "terms": {"feature_norm:FeatureNorm": 0.01}},
    ),
    "term_mapping": (
        "feature_norm",
        ("DANNClassifier", OURS),
        {
            **QUICK,
            "terms": [
                {
                    "name": "feature_norm:FeatureNorm",
                    "radius": 5.0,
                    "weight": 0.01,
                    "schedule": "linear",
                }
            ],
        },
    ),
    "alignment": (
        "log_euclidean",
        ("ShallowClassifier", OURS),
        {"alignment": "log_euclidean:LogEuclideanAlignment"},
    ),
    "alignment_mapping": (
        "log_euclidean",
        ("RiemannianClassifier", OURS),
        {
            "alignment": {"name": "log_euclidean:LogEuclideanAlignment", "shrinkage": 0.1},
            "terms": {"information_maximisation": 0.4},
            "n_delays": 2,
        },
    ),
    "backbone": (
        "log_power",
        ("NetworkClassifier", OURS),
        {**QUICK, "backbone": "log_power:LogPower"},
    ),
    "backbone_mapping": (
        "log_power",
        ("DANNClassifier", OURS),
        {**QUICK, "backbone": {"name": "log_power:LogPower", "n_filters": 3, "n_windows": 4}},
    ),
    "weighting": (
        "target_range",
        ("ShallowClassifier", OURS),
        {**LOGISTIC, "weighting": "target_range:within_range"},
    ),
    "weighting_mapping": (
        "target_range",
        ("NetworkClassifier", OURS),
        {**QUICK, "weighting": {"name": "target_range:NearCentre", "width": 1.0, "temper": 0.5}},
    ),
    "weighting_function": (
        "target_range",
        ("ReweightedClassifier", OURS),
        {
            "learner": "tangent_space",
            "weighting": {"name": "target_range:within_range", "outside": 0.5},
        },
    ),
    "method": ("log_variance", ("LogVarianceClassifier", "log_variance"), {}),
    "method_mapping": (
        "log_variance",
        ("EnsembleClassifier", OURS),
        {
            "members": [
                [{"name": "ShallowClassifier", "features": "csp"}, 1.0],
                [{"name": "log_variance:LogVarianceClassifier", "shrinkage": 0.5}, 0.5],
            ]
        },
    ),
}

FIT = """
import json, sys
from pathlib import Path
import numpy as np
from bci_dann import run_benchmark
from bci_dann.estimators import build_method

folder, recordings = map(Path, sys.argv[1:])
config = json.loads((folder / "config.json").read_text())
run_benchmark(config, folder / "out", data_dir=recordings, progress=False)

given = dict(np.load(folder / "given.npz"))
new = given.pop("new")
for path in sorted((folder / "pipelines").glob("*.yml")):
    model = build_method(str(path))
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    model = model.fit(**given).adapt(new)
    model.save(folder / "models" / path.stem)
    np.save(folder / "models" / f"{path.stem}.npy", model.predict_proba(new))
"""

LOAD = """
import importlib, json, sys
from pathlib import Path
import numpy as np
from bci_dann import load_model
from bci_dann.exceptions import DataError

folder, imported, modules = Path(sys.argv[1]), sys.argv[2] == "imported", sys.argv[3:]
if imported:
    for name in modules:
        importlib.import_module(name)
new = np.load(folder / "given.npz")["new"]
answers = {}
for path in sorted((folder / "models").iterdir()):
    if path.is_dir():
        try:
            expected = np.load(path.with_suffix(".npy"))
            answers[path.name] = bool((load_model(path).predict_proba(new) == expected).all())
        except DataError as error:
            answers[path.name] = str(error)
answers["imported"] = sorted(set(modules) & set(sys.modules))
print(json.dumps(answers))
"""


def write_pipelines(folder: Path) -> None:
    folder.mkdir()
    for name, (_, (kind, module), parameters) in PIPELINES.items():
        step = {"name": kind, "from": module, "parameters": parameters}
        content = {"name": name, "paradigms": ["LeftRightImagery"], "pipeline": [step]}
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content))


def write_config(folder: Path) -> None:
    recordings = {
        "pattern": "s{subject}/run_raw.fif",
        "events": {"769": "left_hand", "770": "right_hand"},
        "interval": [0.0, 2.0],
    }
    config = {
        "name": "extension",
        "data": {"dataset": "Recordings", "recordings": recordings},
        "pipelines": [str(folder / "pipelines" / f"{name}.yml") for name in PIPELINES],
        "protocols": ["train_and_target_unlabeled_full"],
    }
    (folder / "config.json").write_text(json.dumps(config))


def python(code: str, folder: Path, *arguments: object) -> str:
    """Run code in a new process whose path holds the five files, and return what it prints."""
    package = Path(bci_dann.__file__).parents[1]  # of the source tree, or installed
    path = os.pathsep.join([str(folder / "mine"), str(package), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, draw_toy_eeg, recordings, module_names):
    """A folder with the table of all pipelines, one fitted and adapted model each, and its answers.

    It takes seconds, most of them for the imports of a new process.
    """
    folder = tmp_path_factory.mktemp("extension")
    (folder / "mine").mkdir()
    for name in module_names:
        shutil.copy(HERE / f"{name}.py", folder / "mine")
    write_pipelines(folder / "pipelines")
    write_config(folder)
    eeg = draw_toy_eeg(n_subjects=3, n_trials=24, n_chans=4)
    X, y, subjects = eeg.without(1)
    np.savez(folder / "given.npz", X=X, y=y, subjects=subjects, new=eeg.of(1)[0])
    python(FIT, folder, recordings / "sources")
    return folder


@pytest.fixture(scope="module")
def loaded_with_imports(fitted, module_names):
    return json.loads(python(LOAD, fitted, "imported", *module_names))


@pytest.fixture(scope="module")
def loaded_without_imports(fitted, module_names):
    return json.loads(python(LOAD, fitted, "not imported", *module_names))


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_with_a_part_of_ones_own_is_in_the_table(fitted, name):
    table = pd.read_csv(fitted / "out" / "results.csv")
    rows = table[table["pipeline"] == name]
    assert sorted(rows["subject"]) == [1, 2, 3]
    assert np.isfinite(rows["nll"]).all()
    assert rows["accuracy"].between(0, 1).all()


@pytest.mark.parametrize("name", PIPELINES)
def test_loaded_in_a_new_process_it_predicts_the_same_to_the_bit(loaded_with_imports, name):
    assert loaded_with_imports[name] is True


@pytest.mark.parametrize("name", PIPELINES)
def test_a_model_never_imports_what_it_names(loaded_without_imports, name):
    module = PIPELINES[name][0]
    assert f"import {module} before you load the model" in loaded_without_imports[name]
    assert loaded_without_imports["imported"] == []
