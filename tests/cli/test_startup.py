from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "moabb", "braindecode", "mne", "sklearn", "pandas", "scipy"}
PROBE = "import sys; sys.stderr.write(','.join({name.split('.')[0] for name in sys.modules}))"


def modules_after(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{PROBE}"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split(","))


@pytest.mark.parametrize(
    "code",
    [
        "import bci_dann.cli",
        "import bci_dann.evaluation, bci_dann.reporting",
        "from bci_dann.cli import app",
        "from bci_dann.evaluation import PROTOCOLS",
    ],
)
def test_importing_loads_nothing_heavy(code):
    loaded = modules_after(code)
    assert "bci_dann" in loaded
    # numpy and pandas may come with protocols; what takes seconds may not
    assert not loaded & (HEAVY - {"pandas"})


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['bci-dann', '--help']\n"
        "from bci_dann.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0"
    )
    assert not modules_after(code) & HEAVY
