"""YAML that is read as it was typed, or refused with the line."""

from __future__ import annotations

import math

import pytest
import yaml

from bci_dann._resources import pipelines_folder
from bci_dann.evaluation import load_config, load_pipeline
from bci_dann.evaluation.config.yaml_file import read_yaml
from bci_dann.evaluation.config.yaml_loader import YamlError, parse_yaml
from bci_dann.exceptions import ConfigError


def parsed(text, free=False):
    return parse_yaml(text, lambda keys: free)


@pytest.mark.parametrize(
    "word",
    [
        "001",
        "010",
        "08",
        "-07",
        "00.5",
        "0x1F",
        "0b1",
        "1_000",
        "1:30",
        "190:20:30",
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "2024-05-01",
        "=",
        "1e",
    ],
)
def test_words_stay_what_was_typed(word):
    assert parsed(f"{{a: [{word}]}}") == {"a": [word]}
    assert parsed(f"{word}: 1") == {word: 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("10", 10), ("-3", -3), ("+3", 3), ("0.50", 0.5), (".5", 0.5), ("1.", 1.0),
        ("1e-3", 1e-3), ("1.0E+2", 100.0), (".inf", math.inf), ("true", True), ("False", False),
        ("null", None), ("~", None), ("'10'", "10"), ('"yes"', "yes"), ("", None),
    ],
)  # fmt: skip
def test_numbers_and_truth_values(text, value):
    (read,) = parsed(f"a: {text}").values()
    assert read == value
    assert type(read) is type(value)


def test_keys_are_text():
    content = parsed("{769: l, 770: r, 1.50: a, null: b, true: c, ~: d}")
    assert list(content) == ["769", "770", "1.50", "null", "true", "~"]


def test_keys_are_taken_over_and_replaced():
    text = "a: &a {k: 1, l: 2}\nb: {<<: *a, k: 3}\nc: {<<: [*a, {m: 4, k: 5}], l: 6}"
    assert parsed(text)["b"] == {"k": 3, "l": 2}
    assert parsed(text)["c"] == {"k": 1, "l": 6, "m": 4}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 3, "key 'a' is duplicated, also in line 1"),
        ("a:\n  T1: x\n  T2: y\n  T1: z", 4, "'T1' is duplicated, also in line 2"),
        ("- {1: a,\n   '1': b}", 2, "key '1' is duplicated"),
        ("a: &x\n  b: *x", 1, "inside the value to which it refers"),
        ("a: b\n? [1]\n: 2", 2, "a key must be text or a number"),
        ("a: !!python/name:os.system x", 1, "tag !!python/name:os.system is not supported"),
        ("a: !!set {b}", 1, "tag !!set is not supported"),
        ("a: !!map b", 1, "tag !!map is not supported here"),
        ("a:\n - !!int b", 2, "'b' cannot be read as int"),
        ("a: " + "9" * 5000, 1, "cannot be read as int"),
        ("a: b\nc: d: e", 2, "not allowed here"),
        ("a:\n\t- b", 2, "cannot start any token"),
        ("a: [1,\nb: 2", 2, "expected"),
        ("a: b\x07", 1, "'\\x07' is not allowed"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("<<: 3", 1, "<< needs mappings"),
        ("[" * 3000, None, "nested too deeply"),
        ("a: &a [1,1,1,1,1,1,1,1]\n" + "".join(
            f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n"
            for old, new in zip("abcdef", "bcdefg", strict=True)), None, "more than 100000 values"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_names_the_line(text, line, problem):
    with pytest.raises(YamlError) as error:
        parsed(text)
    assert problem in str(error.value)
    assert error.value.line == line


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("no", "false"), ("Yes", "true"), ("010", "8"), ("1:30", "90"), ("1_000", "1000")],
)
def test_words_are_refused_where_no_type_is_known(word, meaning):
    with pytest.raises(YamlError, match=rf"'{word}' may .*\"{word}\" in quotes .* else {meaning}$"):
        parsed(f"a: {word}", free=True)
    assert parsed(f"a: '{word}'", free=True) == {"a": word}


def test_keys_may_be_numbers_where_no_type_is_known():
    assert parsed("class_weight: {0: 1.0, 1: 2.0}", free=True) == {"class_weight": {0: 1, 1: 2}}


def test_shipped_pipelines_are_read_as_moabb_reads_them():
    files = sorted(pipelines_folder().glob("*.yml"))
    assert files
    for path in files:
        assert read_yaml(path, "pipeline") == yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / "my.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return to_file


RUN = """
name: a
pipelines: [ea_csp_lda]
protocols: [train]
data:
  dataset: Recordings
  subjects: [001, 010]
  sessions: [1, 02]
  classes: [on, off]
  recordings:
    pattern: 'S{subject}/{session}.edf'
    events: {769: on, 0770: off, yes: on}
    exclude: {session: [001, 3], run: [1:30]}
"""


def test_a_configuration_keeps_names_as_typed(write):
    data = load_config(write(RUN)).data
    assert data.subjects == ["001", "010"]
    assert data.sessions == ["1", "02"]
    assert data.classes == ["on", "off"]
    assert data.recordings.events == {"769": "on", "0770": "off", "yes": "on"}
    assert data.recordings.exclude == {"session": ["001", "3"], "run": ["1:30"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RUN + "name: b\n", r"my.yaml, line 14: the key 'name' is duplicated, also in line 2"),
        (RUN + "pipeline_parameters:\n  ea_csp_lda: {shrink: no}", r"line 15: 'no' may be read"),
        (b"name: a\nx: caf\xe9", r"line 2: it is no text in UTF-8"),
        ("a\0b", r"line 1: the character '\\x00'"),
    ],
)
def test_a_message_names_the_file_and_the_line(write, text, message):
    with pytest.raises(ConfigError, match=message):
        load_config(write(text))


def test_a_pipeline_that_moabb_would_read_otherwise(write):
    text = "name: a\npipeline:\n- {name: LDA, from: x, parameters: {shrinkage: off}}"
    with pytest.raises(ConfigError, match=r"pipeline file .*my.yaml, line 3: 'off' may .* false"):
        load_pipeline(write(text))
