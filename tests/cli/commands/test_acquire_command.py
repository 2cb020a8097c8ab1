"""The command ``acquire``: what is wrong is said before the session."""

from __future__ import annotations

import pytest

from bci_dann import serving


@pytest.fixture
def fake(monkeypatch):
    """Replace the session; return what it was asked for."""
    asked = {}

    def acquire(stream, out, **options):
        asked.update(options, stream=stream)
        return serving.Acquisition(out, {}, 2, 1.0, 0, asked.get("ended", "finished"))

    monkeypatch.setattr("bci_dann.serving.acquire", acquire, raising=False)
    return asked


def test_options_reach_the_session_and_its_end_is_the_exit_code(bci_dann, fake, tmp_path):
    out = tmp_path / "a_raw.fif"
    options = ("--classes", "left_hand, feet", "--rest", "--seed", 3, "--unit-scale", "microvolt")
    assert bci_dann("acquire", "EEG", "-o", out, *options).exit_code == 0
    assert fake["stream"] == "EEG"
    assert fake["classes"] == ["left_hand", "feet"]
    assert (fake["rest"], fake["random_state"], fake["unit_scale"]) == (True, 3, 1e-6)
    for ended, code in {"lost": 1, "stopped": 130}.items():
        fake["ended"] = ended
        assert bci_dann("acquire", "EEG", "-o", out).exit_code == code


def test_errors_are_reported_before_the_search_for_the_stream(bci_dann, tmp_path):
    out = tmp_path / "a_raw.fif"
    done = bci_dann("acquire", "EEG", "-o", out, "--classes", "left_hand")
    assert done.exit_code == 2
    assert "at least two classes; got left_hand" in done.stderr
    out.touch()
    done = bci_dann("acquire", "EEG", "-o", out, "--classes", "left_hand", "--rest")
    assert done.exit_code == 2
    assert "is not overwritten" in done.stderr
    done = bci_dann("acquire", "EEG", "-o", tmp_path / "b.gdf", "--classes", "left_hand,feet")
    assert done.exit_code == 2
    assert "Use b_raw.fif" in done.stderr


def test_a_missing_stream_is_reported(bci_dann, tmp_path, monkeypatch):
    config = tmp_path / "lsl_api.cfg"
    config.write_text("[multicast]\nResolveScope = machine\nListenAddress = 127.0.0.1\n")
    monkeypatch.setenv("LSLAPICFG", str(config))
    pytest.importorskip("mne_lsl.lsl", reason="mne-lsl is not installed")
    out = tmp_path / "a_raw.fif"
    done = bci_dann("acquire", "none", "-o", out, "--classes", "left_hand,feet", "--wait", 0.1)
    assert done.exit_code == 2
    assert "no LSL stream named 'none'" in done.stderr
    assert not out.exists()
