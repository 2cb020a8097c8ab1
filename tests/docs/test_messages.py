"""The list of all messages in the documentation holds every error and warning of the package."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import bci_dann
from bci_dann import exceptions

PACKAGE = Path(bci_dann.__file__).parent  # of the source tree, or installed
EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "_ext"


@pytest.fixture(scope="module")
def source_reader():
    sys.path.insert(0, str(EXTENSIONS))
    import package_messages

    yield package_messages
    sys.path.remove(str(EXTENSIONS))


@pytest.fixture(scope="module")
def messages(source_reader):
    return source_reader.collect_messages(PACKAGE)


def test_every_exception_class_is_described(source_reader):
    described = source_reader.exception_classes(PACKAGE)
    assert set(described) == set(exceptions.__all__)
    assert all(text.endswith(".") for text in described.values())


@pytest.mark.parametrize(
    ("kind", "text", "module"),
    [
        ("DataError", "… is empty.", "bci_dann.data.recordings.discovery"),
        (
            "ConfigError",
            "there is no pipeline …. Known pipelines: … (looked in …).",
            "bci_dann.evaluation.config.pipeline_file",
        ),
        ("ConfigError", "dataset: Recordings needs the key 'recordings' with the layout", "data"),
        ("ConfigError", "lr must be a number above 0; got …", "bci_dann.estimators.network"),
        ("DataError", "the disk is full: prepared trials cannot be written to …", "data.cache"),
        ("DataError", "The signals seem to be in volt or millivolt", "data.signal_checks"),
        ("DataError", "the target subject must be one of …; got …", "evaluation.protocols"),
        ("BCIDannWarning", "adapt() changes nothing in a model without alignment", "adapting"),
        ("ResultsError", "Give the same command again to continue from here.", "dispatch"),
        ("TrainingError", "The loss of … is not finite in epoch …: …", "training.loop"),
        (
            "DeprecatedArgumentWarning",
            "will not be accepted by the next version",
            "deprecated_arguments",
        ),
        ("Problem", "… is not installed. Run `pip install …`.", "bci_dann.installation"),
    ],
)
def test_a_known_message_is_in_the_list(messages, kind, text, module):
    found = [m for m in messages if m.kind == kind and text in m.text and module in m.module]
    assert found


def test_every_raise_of_an_own_error_is_in_the_list(messages):
    places = {(message.kind, message.module, message.line) for message in messages}
    kinds = set(exceptions.__all__)
    missing = [
        (module, call.lineno)
        for module, tree in parsed_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(call := node.exc, ast.Call)
        if isinstance(call.func, ast.Name) and call.func.id in kinds
        if has_words(call.args[0])
        if (call.func.id, module, call.lineno) not in places
    ]
    assert missing == []


def test_every_warning_with_its_own_words_is_in_the_list(messages):
    places = {(message.module, message.line) for message in messages}
    missing = [
        (module, node.lineno)
        for module, tree in parsed_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"
        if isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        if (module, node.lineno) not in places
    ]
    assert missing == []


def test_texts_are_words_with_gaps(messages):
    for message in messages:
        assert re.search("[A-Za-z]{2}", message.text)
        assert "\n" not in message.text
        assert "……" not in message.text
        assert not re.search(r"[{}]\w+\.\w+", message.text)


def test_a_message_that_was_raised_is_found_by_its_words(messages, tmp_path):
    from bci_dann.evaluation import load_config
    from bci_dann.exceptions import ConfigError

    with pytest.raises(ConfigError) as raised:
        load_config({"name": "x", "data": {"dataset": "NoSuchData"}, **REST})
    assert any(fits(message.text, str(raised.value)) for message in messages)


REST = {"pipelines": ["csp_lda"], "protocols": ["train"]}


def fits(text: str, message: str) -> bool:
    """Whether a message is a text of the list with its gaps filled, a suggestion perhaps added."""
    message = re.sub(r" Did you mean '[^']*'\?", "", message)
    pattern = ".*".join(re.escape(words) for words in text.split("…"))
    return re.fullmatch(pattern, message, flags=re.DOTALL) is not None


def has_words(node: ast.AST) -> bool:
    """Whether a text has words of its own, and does not only pass on that of another error."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return any(isinstance(text, str) and re.search("[a-z]{2}", text) for text in texts)


def parsed_modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))
