"""A run is resolved once: each file is read once, and mistakes are told before heavy imports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bci_dann.evaluation import nested_choice, run_benchmark
from bci_dann.evaluation.runs.records import versions
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.runner import LEAVE_ONE_SUBJECT_OUT, run_tasks
from bci_dann.exceptions import ConfigError, DataError, ResultsError

# Opened files are counted by an audit hook, which sees every reader and cannot be removed.
_opened: list[Counter] = []


def _count_opened(event, arguments):
    if event == "open" and _opened and isinstance(arguments[0], str):
        path = Path(arguments[0])
        if path.suffix in {".yml", ".yaml"} and arguments[1] in {"r", "rb", None}:
            _opened[-1][str(path.resolve())] += 1


sys.addaudithook(_count_opened)


@pytest.fixture
def yaml_reads():
    """Count how often each YAML file is opened for reading, by any code of this process."""
    _opened.append(Counter())
    yield _opened[-1]
    _opened.pop()


@pytest.fixture
def files(config, five_pipelines, tmp_path):
    """A configuration that extends another, and their pipelines: the files of one run."""
    base = tmp_path / "configs" / "base.yaml"
    base.parent.mkdir()
    base.write_text(yaml.safe_dump({**config, "pipelines": five_pipelines[:2]}))
    child = base.with_name("child.yaml")
    settings = {
        "pipeline_parameters": {"*": {"C": 2.0}},
        "variants": {"transfer": {"n_components": [2, 4]}},
    }
    child.write_text(yaml.safe_dump({"extends": "base.yaml", **settings}))
    return child, {str(path): 1 for path in (child, base, *five_pipelines[:2])}


def test_a_benchmark_reads_each_file_once(prepared, files, tmp_path, yaml_reads):
    config, once = files
    table = run_benchmark(config, tmp_path / "out", progress=False)
    assert table["pipeline"].nunique() == 3
    assert yaml_reads == once


def test_a_nested_choice_reads_each_file_once(prepared, files, tmp_path, yaml_reads):
    config, once = files
    nested_choice(config, tmp_path / "out", progress=False)
    assert yaml_reads == once


def test_the_command_line_reads_each_file_once(prepared, files, tmp_path, yaml_reads):
    from bci_dann.cli.app import app

    config, once = files
    arguments = ["run", str(config), "--out", str(tmp_path / "out"), "--seeds", "1"]
    done = CliRunner().invoke(app, [*arguments, "--pipelines", "transfer,logistic"])
    assert done.exit_code == 0, done.output
    assert yaml_reads == once


def test_the_command_line_reads_only_the_pipelines_that_replace_others_beside_them(
    prepared, files, five_pipelines, tmp_path, yaml_reads
):
    from bci_dann.cli.app import app

    config, once = files
    arguments = ["choose", str(config), "--out", str(tmp_path / "out"), "--dry-run"]
    arguments += ["--pipelines", f"transfer,{five_pipelines[2]}"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert yaml_reads == {**once, five_pipelines[2]: 1}


def test_diagnose_reads_each_file_once(files, tmp_path, yaml_reads, monkeypatch, trials_folder):
    from bci_dann.cli.app import app

    monkeypatch.setattr("bci_dann.data.loading.prepare_trials", lambda *_, **__: trials_folder)
    config, once = files
    done = CliRunner().invoke(app, ["diagnose", str(config), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert yaml_reads == once


# What must not be imported before a mistake is told.
HEAVY = {"torch", "moabb", "braindecode", "mne", "pandas", "sklearn", "scipy", "pyriemann"}

RECORDINGS = {
    "dataset": "Recordings",
    "recordings": {"pattern": "s{subject}.fif", "events": {"1": "left", "2": "right"}},
}
MISTAKES = {
    "protocol": ({"protocols": ["trian"]}, {}, "Did you mean 'train'"),
    "pipeline": ({"pipelines": ["ea_dan"]}, {}, "Did you mean 'ea_dann'"),
    "key": ({"sedes": [1]}, {}, "Did you mean 'seeds'"),
    "parameter": (
        {"pipeline_parameters": {"ea_dann": {"max_epoch": 3}}},
        {},
        "Did you mean 'max_epochs'",
    ),
    "parameter for every pipeline": (
        {"pipeline_parameters": {"*": {"max_epoch": 3}}},
        {},
        "no pipeline has a parameter 'max_epoch'",
    ),
    "variant": ({"variants": {"ea_dann": {"lrr": [1, 2]}}}, {}, "Did you mean 'lr'"),
    "parameter of the simulator": (
        {"data": {"dataset": "SimulatedMI", "params": {"n_subject": 3}}},
        {},
        "Did you mean 'n_subjects'",
    ),
    "no data folder": ({"data": RECORDINGS}, {}, "--data-dir FOLDER"),
    "data folder": ({"data": RECORDINGS}, {"data_dir": "no/such/folder"}, "does not exist"),
    "jobs": ({}, {"n_jobs": 0}, "at least 1, or -1"),
    "stack": ({}, {"stack": 0}, "at least 1"),
    "results folder is a file": ({}, {"out": "{file}"}, "is a file"),
    "results folder of another configuration": ({}, {"out": "{other}"}, "another configuration"),
    "dataset": ({"data": {"dataset": "SimulatedM"}}, {}, "Did you mean 'SimulatedMI'"),
}
NETWORK_RUN = {
    "name": "mistaken",
    "data": {"dataset": "SimulatedMI"},
    "pipelines": ["ea_dann"],
    "protocols": ["train"],
}
PROBE = """
import json, sys, time
start = time.process_time()
from bci_dann.evaluation import run_benchmark
config, options, heavy = json.loads(sys.argv[1])
try:
    run_benchmark(config, progress=False, **options)
except Exception as error:
    loaded = sorted(set(heavy) & set(sys.modules))
    print(json.dumps([type(error).__name__, str(error), loaded, time.process_time() - start]))
"""


@pytest.fixture
def folders(tmp_path):
    """Results folders that cannot be used, by name."""
    (tmp_path / "file").write_text("")
    (tmp_path / "other").mkdir()
    held = {"fixed": {"threads": 7}, "pipelines": {}, "protocols": [], "seeds": []}
    (tmp_path / "other" / "config.json").write_text(json.dumps(held))
    return {"file": str(tmp_path / "file"), "other": str(tmp_path / "other")}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_before_anything_heavy_is_imported(mistake, folders):
    change, options, message = MISTAKES[mistake]
    options = {name: str(value).format(**folders) for name, value in options.items()} | {
        name: value for name, value in options.items() if isinstance(value, int)
    }
    given = json.dumps([{**NETWORK_RUN, **change}, options, sorted(HEAVY)])
    done = subprocess.run(
        [sys.executable, "-c", PROBE, given], capture_output=True, text=True, check=True
    )
    kind, text, loaded, seconds = json.loads(done.stdout)
    assert message in text
    assert kind in {"ConfigError", "DataError", "ResultsError"}
    assert loaded == []
    assert seconds < 2.0


def test_the_command_line_tells_a_mistake_before_anything_heavy_is_imported(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(NETWORK_RUN))
    code = (
        "import json, sys; sys.argv = ['bci-dann', 'run', *json.loads(sys.argv[1])]\n"
        "from bci_dann.cli import main\n"
        "try: main()\n"
        f"except SystemExit as end: print(end.code, sorted({HEAVY!r} & set(sys.modules)))"
    )
    for options, exit_code, message in (
        (["--pipelines", "ea_dan"], 2, "Did you mean 'ea_dann'"),
        (["--protocols", "trian"], 2, "Did you mean 'train'"),
        (["--out", str(path)], 1, "is a file"),
    ):
        given = json.dumps([str(path), *options])
        done = subprocess.run(
            [sys.executable, "-c", code, given], capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == f"{exit_code} []", done.stderr
        assert message in done.stderr


def test_a_resolved_run_holds_all_that_is_needed(config, tmp_path):
    given = {**config, "variants": {"logistic": {"C": [1, 2]}}}
    run = resolve_run(given, RunOptions(out=tmp_path / "out", n_jobs=3))
    assert [spec.name for spec in run.pipelines] == ["logistic[C=1]", "logistic[C=2]"]
    assert run.pipelines[0].definition[1]["parameters"]["C"] == 1
    assert run.pipelines[0].definition[1]["parameters"]["tol"] == pytest.approx(1e-4)
    assert run.config.protocols == ["train"]
    assert run.options.n_jobs == 3
    assert run.versions == versions()
    assert run.folder.path == tmp_path / "out"
    assert not (tmp_path / "out").exists()


def test_results_go_to_a_folder_of_the_runs_name_by_default(config):
    assert resolve_run(config, RunOptions()).folder.path == Path("runs/test")


def test_every_run_has_an_id_of_its_own(config):
    one, other = (resolve_run(config, RunOptions()) for _ in range(2))
    assert one.run_id != other.run_id


def test_the_dataset_is_made_once_and_when_it_is_asked_for(config, monkeypatch):
    made = []
    monkeypatch.setattr(
        "bci_dann.data.datasets.make_dataset", lambda data, folder: made.append(data) or object()
    )
    run = resolve_run(config, RunOptions())
    assert made == []
    assert run.dataset is run.dataset
    assert made == [run.config.data]


def test_trials_are_prepared_with_the_options_of_the_run(config, monkeypatch, tmp_path):
    given = {}
    monkeypatch.setattr(
        "bci_dann.data.loading.prepare_trials",
        lambda data, preprocessing, **options: given.update(options) or tmp_path,
    )
    options = RunOptions(data_dir="data", cache_dir="cache", progress=False)
    assert resolve_run(config, options).prepare_trials() == tmp_path
    expected = {"data_dir": "data", "cache_dir": "cache", "progress": False}
    assert given == {**expected, "pseudo_online": None}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_jobs": -2}, ConfigError, "--jobs"),
        ({"stack": 0}, ConfigError, "--stack"),
        ({"data_dir": "/no/such"}, DataError, "does not exist"),
    ],
)
def test_options_are_checked(config, options, error, message):
    given = {**config, "data": RECORDINGS} if "data_dir" in options else config
    with pytest.raises(error, match=message):
        resolve_run(given, RunOptions(**options))


def test_a_folder_of_another_configuration_is_refused_at_once(prepared, config, tmp_path):
    run_benchmark(config, tmp_path / "out", progress=False)
    options = RunOptions(out=tmp_path / "out")
    assert isinstance(resolve_run({**config, "seeds": [0, 1]}, options), ResolvedRun)
    with pytest.raises(ResultsError, match=r"threads: 1 in the folder, 2 now"):
        resolve_run({**config, "threads": 2}, options)


def test_the_versions_of_the_run_are_those_of_its_records(prepared, config, tmp_path):
    run = replace(resolve_run(config, RunOptions(tmp_path, progress=False)), versions={"a": "1"})
    done = run_tasks(run, LEAVE_ONE_SUBJECT_OUT)
    assert json.loads((tmp_path / "config.json").read_text())["versions"] == {"a": "1"}
    assert [task.versions for task in done.requested] == [{"a": "1"}] * 3
    assert len(list(run.folder.finished(done.requested))) == 3
    today = replace(done.requested[0], versions=versions())
    assert run.folder.read(today) is None
