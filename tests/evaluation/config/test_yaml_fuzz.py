"""Random configurations: names as typed, and damage refused by an error of this package."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bci_dann._resources import pipelines_folder
from bci_dann.evaluation import load_config, load_pipeline
from bci_dann.exceptions import ConfigError

TEMPLATE = """\
# a comment
name: {name}
pipelines: [ea_csp_lda, rts_im]
protocols: [train]
seeds: [0, 1]
pipeline_parameters:
  ea_csp_lda: {{n_components: 6}}
data: &data
  dataset: Recordings
  subjects: [{a}, {b}]
  sessions:
    - {c}
  recordings:
    pattern: 'S{{subject}}/{{session}}.edf'
    events: {{{d}: {e}, "{f}": '{f}'}}
    exclude:
      session: [{g}]
    rename: {{T3: T7}}
preprocessing: {{band: [8, 30], window: [0.5, 3.5], resample: 1.0e+2}}
"""
WORDS = [
    "1", "001", "010", "08", "0x1F", "1_000", "1:30", "yes", "no", "on", "OFF", "y", "N", "1e3x",
    "2024-05-01", "Müller", "a-b", "T1", "left_hand", "12", "0", "s 1", "x#1", "=", "<<x",
]  # fmt: skip
SEEDS = [range(100), pytest.param(range(100, 2100), marks=pytest.mark.slow)]


def words_of(rng):
    names = [str(word) for word in rng.choice(WORDS, size=7, replace=False)]
    return dict(zip("abcdefg", names, strict=True)), f"run-{rng.integers(99)}"


@pytest.mark.parametrize("seeds", SEEDS, ids=len)
def test_names_are_what_was_typed(tmp_path, seeds):
    path = tmp_path / "my.yaml"
    for seed in seeds:
        words, name = words_of(np.random.default_rng(seed))
        path.write_text(TEMPLATE.format(name=name, **words), encoding="utf-8")
        data = load_config(path).data
        assert list(map(str, data.subjects)) == [words["a"], words["b"]], seed
        assert data.sessions == [words["c"]], seed
        assert data.recordings.events == {words["d"]: words["e"], words["f"]: words["f"]}, seed
        assert data.recordings.exclude == {"session": [words["g"]]}, seed


def damaged(content, rng):
    """Return bytes with a few of them changed, doubled, moved or cut."""
    content = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(len(content)))
        stop = start + int(rng.integers(1, 30))
        match int(rng.integers(6)):
            case 0:
                content[start] ^= 1 << int(rng.integers(8))
            case 1:
                content[start:start] = bytes(rng.choice(list(b"{}[]:,&*!|>'\"%@`#-?\t\n \0\xff")))
            case 2:
                content[start:stop] = b""
            case 3:
                content[start:start] = content[start:stop]
            case 4:
                content[start:stop] = rng.bytes(stop - start)
            case 5:
                lines = bytes(content).splitlines(keepends=True)
                lines.insert(int(rng.integers(len(lines))), lines[int(rng.integers(len(lines)))])
                content = bytearray(b"".join(lines))
        content = content or bytearray(b" ")
    return bytes(content)


def check_is_refused_or_read(load, path, seed):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            load(path)
    except ConfigError as error:
        if not str(error):
            pytest.fail(f"seed {seed}: no message")
    except Exception as error:  # whatever it is, it is not for users
        pytest.fail(f"seed {seed}: {error!r}")


@pytest.mark.parametrize("seeds", SEEDS, ids=len)
def test_damage_is_told_or_does_no_harm(tmp_path, seeds):
    path = tmp_path / "my.yaml"
    pipelines = [file.read_bytes() for file in sorted(pipelines_folder().glob("*.yml"))]
    for seed in seeds:
        rng = np.random.default_rng(seed)
        words, name = words_of(rng)
        path.write_bytes(damaged(TEMPLATE.format(name=name, **words).encode(), rng))
        check_is_refused_or_read(load_config, path, seed)
        path.write_bytes(damaged(pipelines[seed % len(pipelines)], rng))
        check_is_refused_or_read(load_pipeline, path, seed)
