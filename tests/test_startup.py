"""What importing the package and starting a command loads, and what it must not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bci_dann import __version__

# What takes seconds, or is of no use to most callers.
HEAVY = {"torch", "moabb", "braindecode", "mne", "sklearn", "pandas", "scipy", "pyriemann"}
PROBE = "import sys; sys.stderr.write(','.join({name.split('.')[0] for name in sys.modules}))"
WITH_NETWORKS = "DANNClassifier, EnsembleClassifier, ReweightedClassifier, SourceOnlyClassifier"
OTHERS = "RiemannianClassifier, ShallowClassifier"


def run(code):
    """Run code in a process of its own; return its output and the libraries that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{PROBE}"], capture_output=True, text=True, check=True
    )
    return done.stdout, set(done.stderr.split(","))


def command(*arguments):
    """Return code that runs the command line and lets it end well."""
    return (
        f"import sys; sys.argv = ['bci-dann', *{arguments!r}]\n"
        "from bci_dann.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import bci_dann.serving, bci_dann.estimators, bci_dann.training, bci_dann.models\n"
        "import bci_dann.objectives, bci_dann.reweighting, bci_dann.features, bci_dann.data\n"
        "import bci_dann.installation",
        command("--help"),
        command("adapt", "--help"),
        command("--version"),
        command("quickstart", "--help"),
        command("datasets"),
        command("inspect"),
        command("inspect", "builtin:right-hand-rest"),
    ],
)
def test_nothing_heavy_is_loaded(code):
    _, loaded = run(code)
    assert "bci_dann" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    "code",
    ["import bci_dann.evaluation, bci_dann.reporting", "from bci_dann.evaluation import PROTOCOLS"],
)
def test_the_names_of_evaluation_load_nothing_that_takes_seconds(code):
    assert not run(code)[1] & (HEAVY - {"pandas"})


def test_the_version_is_printed():
    assert run(command("--version"))[0] == f"bci-dann {__version__}\n"


def test_a_network_classifier_costs_scikit_learn_and_nothing_beside_it():
    """Torch alone takes longer; it is imported when a network is built."""
    _, loaded = run(f"from bci_dann import {WITH_NETWORKS}\n[m() for m in ({WITH_NETWORKS})]")
    assert not loaded & {"torch", "moabb", "braindecode", "pyriemann", "matplotlib"}
    assert "sklearn" in loaded


def test_no_method_loads_what_braindecode_and_pyriemann_draw_in():
    _, loaded = run(f"from bci_dann import {OTHERS}\n[m() for m in ({OTHERS})]")
    assert not loaded & {"moabb", "braindecode", "matplotlib"}


def test_looking_at_a_recording_needs_no_torch():
    _, loaded = run("from bci_dann.serving import prepare, open_model, adapt_model")
    assert not loaded & {"torch", "moabb", "braindecode", "sklearn"}
