"""Models of the Hugging Face Hub: up and down, bit for bit, four files and no others."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest

from bci_dann import load_model, serving
from bci_dann.exceptions import (
    BCIDannWarning,
    ConfigError,
    DataError,
    InstallationError,
    ResultsError,
)
from bci_dann.persistence import hub_repository
from bci_dann.persistence.model_location import find_model
from bci_dann.serving import ServedModel
from bci_dann.serving.served_model import check_writable

# of the library's upload by Git LFS
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NAME = "lab/right-or-left"
FILES = {"README.md", "model.json", "model.safetensors", "recipe.json"}


def probabilities(model, recording):
    return model.estimator.predict_proba(serving.prepare(recording, model))


@pytest.fixture
def pushed(hub, token, model):
    """The model, public on the Hub."""
    model.push_to_hub(NAME, private=False)
    return hub.repositories[NAME]


def test_a_downloaded_model_is_bit_identical(hub, token, model, second):
    address = model.push_to_hub(NAME)
    assert address.startswith(f"{hub.endpoint}/{NAME}/commit/")
    assert hub.repositories[NAME].private
    assert set(hub.files(NAME)) == {*FILES, ".gitattributes"}
    again = ServedModel.from_pretrained(NAME)
    np.testing.assert_array_equal(probabilities(again, second), probabilities(model, second))
    assert hub.downloads == FILES
    assert again.recipe.preprocessing == model.recipe.preprocessing


def test_the_card_is_one_of_the_hub(hub, pushed):
    from huggingface_hub import ModelCard

    card = ModelCard(hub.files(NAME)["README.md"].decode())
    assert (card.data.library_name, card.data.license) == ("bci_dann", "unknown")
    assert {"eeg", "motor-imagery", "left_hand"} <= set(card.data.tags)
    assert f"bci-dann adapt hub:{NAME} first_run.edf" in card.text


def test_scores_on_a_card_are_those_that_the_hub_shows():
    library = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    folder = find_model("builtin:right-hand-rest")
    accuracy, _ = library.ModelCard.load(folder / "README.md").data.eval_results
    recorded = json.loads((folder / "recipe.json").read_text())["scores"][0]["accuracy"]
    assert (accuracy.metric_type, accuracy.metric_value) == ("accuracy", recorded)


def test_the_name_of_a_model_can_be_used_instead_of_a_folder(
    hub, pushed, model, second, bci_dann, tmp_path
):
    done = bci_dann("predict", f"hub:{NAME}", second, "-o", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    expected = serving.predict_recordings(model, second)
    written = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(written["p_left_hand"], expected["p_left_hand"], atol=1e-6)
    assert serving.describe_model(f"hub:{NAME}")["classes"] == ["left_hand", "right_hand"]
    assert load_model(f"hub:{NAME}").n_times_ == model.n_times
    with pytest.raises(ConfigError, match=r"cannot be written to.*bci-dann push"):
        check_writable(f"hub:{NAME}")


def test_the_command_uploads(hub, token, folder, bci_dann):
    done = bci_dann("push", folder, NAME, "--public", "--revision", "v1", "-m", "First")
    assert done.exit_code == 0, done.output
    assert f"hub:{NAME}@v1" in done.stdout
    assert not hub.repositories[NAME].private
    assert set(hub.files(NAME, "v1")) > FILES > set(hub.files(NAME)) - {".gitattributes"}


def test_revisions_are_branches_and_commits(hub, pushed, model, second):
    first = pushed.branches["main"]
    noted = model.recipe.model_copy(update={"note": "Second."})
    ServedModel(model.estimator, noted).push_to_hub(NAME, revision="next/two")
    assert ServedModel.from_pretrained(NAME).recipe.note is None
    assert ServedModel.from_pretrained(NAME, revision="next/two").recipe.note == "Second."
    assert serving.open_model(f"hub:{NAME}@{first}").recipe.note is None
    with pytest.raises(DataError, match=f"hub:{NAME}@v9: the model has no such branch"):
        serving.open_model(f"hub:{NAME}@v9")
    with pytest.raises(ConfigError, match="names no revision"):
        serving.open_model(f"hub:{NAME}@")


def test_a_model_that_was_downloaded_needs_no_hub(hub, pushed, monkeypatch, tmp_path):
    with pytest.raises(DataError, match="has to be downloaded once"):
        ServedModel.from_pretrained(NAME, local_files_only=True)
    assert hub.downloads <= {"README.md"}
    ServedModel.from_pretrained(NAME)
    before = len(hub.requests)
    ServedModel.from_pretrained(NAME, local_files_only=True)
    assert len(hub.requests) == before
    ServedModel.from_pretrained(NAME)
    assert [path for _, path in hub.requests[before:]] == [f"/api/models/{NAME}"]
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.warns(BCIDannWarning, match=r"cannot be reached.*taken as it was downloaded last"):
        ServedModel.from_pretrained(NAME)
    with pytest.raises(DataError, match=r"cannot be reached.*has to be downloaded once"):
        ServedModel.from_pretrained(NAME, cache_dir=tmp_path / "other")


def test_without_a_server_nothing_is_uploaded(hub, token, model, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ResultsError, match=f"cannot be reached .*hub:{NAME} is not uploaded"):
        model.push_to_hub(NAME)


def test_a_missing_model_is_reported(hub):
    with pytest.raises(DataError, match=r"no model hub:lab/none, or it is private.*hf auth login"):
        ServedModel.from_pretrained("lab/none")


@pytest.mark.parametrize("name", ["name", "a/b/c", "../../etc", "a/..", "a/b c", ""])
def test_malformed_names_are_refused_without_a_request(hub, token, model, name):
    for call in (ServedModel.from_pretrained, model.push_to_hub):
        with pytest.raises(ConfigError, match="is named OWNER/NAME"):
            call(name)
    assert hub.requests == []


def test_tokens(hub, model, monkeypatch):
    with pytest.raises(ConfigError, match="without a token"):
        model.push_to_hub(NAME)
    assert hub.requests == []
    with pytest.raises(ConfigError, match="the Hub refuses the token"):
        model.push_to_hub(NAME, token="hf_wrong")
    model.push_to_hub(NAME, token="hf_of_the_owner")
    with pytest.raises(DataError, match="or it is private"):
        ServedModel.from_pretrained(NAME)
    with pytest.raises(ConfigError, match="the Hub refuses the token"):
        ServedModel.from_pretrained(NAME, token="hf_wrong")
    assert ServedModel.from_pretrained(NAME, token="hf_of_the_owner").recipe.classes


def test_other_files_of_a_repository_are_not_downloaded(hub, pushed, tmp_path):
    others = {"evil.py": b"1/0", "model.pkl": b"\x80", "modelXjson": b"", "sub%2Fmodel.json": b""}
    pushed.commit(**others)
    ServedModel.from_pretrained(NAME)
    assert hub.downloads == FILES
    kept = [path.name for path in (tmp_path / "cache").rglob("*")]
    assert not set(others) & set(kept)


def test_a_repository_without_a_model_is_refused(hub, pushed):
    pushed.commits[pushed.branches["main"]].pop("recipe.json")
    with pytest.raises(DataError, match=r"is no model of bci_dann: it lacks recipe\.json"):
        ServedModel.from_pretrained(NAME)
    assert hub.downloads <= {"README.md"}


def test_a_file_of_a_terabyte_is_not_downloaded(hub, pushed):
    hub.sizes["model.safetensors"] = 2**40
    with pytest.raises(DataError, match=r"not downloaded: model\.safetensors has 1099511627776"):
        ServedModel.from_pretrained(NAME)
    assert hub.downloads <= {"README.md"}


def test_arrays_of_another_model_are_detected(hub, pushed):
    arrays = bytearray(hub.files(NAME)["model.safetensors"])
    arrays[-1] ^= 1
    pushed.commit(**{"model.safetensors": bytes(arrays)})
    with pytest.raises(DataError, match=r"damaged: model\.safetensors is not the one"):
        ServedModel.from_pretrained(NAME)


def test_a_hub_that_names_no_commit_makes_no_folder(hub, pushed, monkeypatch, tmp_path):
    pushed.commits["../../out"] = pushed.commits[pushed.branches["main"]]
    pushed.branches["main"] = "../../out"
    with pytest.raises(DataError, match="names no commit"):
        ServedModel.from_pretrained(NAME)
    assert not (tmp_path / "out").exists()


def test_a_card_written_by_a_user_is_kept(hub, pushed, model):
    pushed.commit(**{"README.md": b"---\nlicense: mit\n---\nBy hand."})
    with pytest.warns(BCIDannWarning, match=r"README\.md that was not written by bci_dann"):
        model.push_to_hub(NAME)
    assert hub.files(NAME)["README.md"].endswith(b"By hand.")


def test_a_licence_that_the_hub_does_not_know(hub, token, model):
    recipe = model.recipe.model_copy(update={"licence": "free"})
    with pytest.raises(ConfigError, match=r"does not accept .*no such licence"):
        ServedModel(model.estimator, recipe).push_to_hub(NAME)


def test_without_the_library(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for call in (ServedModel.from_pretrained, model.push_to_hub):
        with pytest.raises(InstallationError, match=r"pip install 'bci_dann\[hub\]'"):
            call(NAME)


def test_limits_are_those_of_what_is_read():
    assert set(hub_repository.FILES) == FILES
