from __future__ import annotations

import sys
from pathlib import Path

import pytest

# The helpers that stand beside the tests of the documentation.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def simulated_recordings(tmp_path_factory):
    """A folder with ``recordings/`` of four subjects and ``new_subject.edf``."""
    from simulated_recordings import write_recordings

    return write_recordings(tmp_path_factory.mktemp("simulated"))
