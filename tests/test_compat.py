from __future__ import annotations

import subprocess
import sys

BREAK = """
import importlib.abc, sys
class Breaks(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise OSError('libc10_cuda.so: cannot open shared object file')
sys.meta_path.insert(0, Breaks())
"""
BREAK_TORCHAUDIO = BREAK.format(name="torchaudio._extension")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_braindecode_loads_where_torchaudio_cannot_load_its_library():
    done = run(
        BREAK_TORCHAUDIO
        + "from bci_dann._compat import braindecode_models, import_torchaudio\n"
        + "assert import_torchaudio() is False\n"
        + "print(braindecode_models().EEGNet.__name__)"
    )
    assert done.stdout.strip() == "EEGNet", done.stderr


def test_filters_work_without_the_native_library():
    done = run(
        BREAK_TORCHAUDIO
        + "from bci_dann._compat import braindecode_models\n"
        + "braindecode_models()\n"
        + "import torch, torchaudio\n"
        + "x = torch.ones(4)\n"
        + "y = torchaudio.functional.lfilter(x, torch.tensor([1., -.5]), torch.tensor([1., 0.]),"
        + " clamp=False)\n"
        + "print(y.tolist())"
    )
    assert done.stdout.strip() == "[1.0, 1.5, 1.75, 1.875]", done.stderr


def test_missing_torchaudio_says_what_to_do():
    done = run(
        BREAK.format(name="torchaudio") + "from bci_dann._compat import import_torchaudio\n"
        "from bci_dann.exceptions import InstallationError\n"
        "try:\n    import_torchaudio()\n"
        "except InstallationError as error:\n    print(error)"
    )
    assert "bci-dann doctor" in done.stdout, done.stderr
