"""Model cards in the format of Hugging Face: YAML front matter and sections of Markdown."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bci_dann._files import write_atomically
from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving.expected_accuracy import ExpectedAccuracy

__all__ = ["card_body", "card_text", "write_card"]

FILE = "README.md"
MARK = "<!-- written by bci_dann: `save`, `bci-dann fit` and `bci-dann adapt` write it anew -->"
LIMITS = (
    "The model decodes the classes above only: every trial gets one of them, even if the subject "
    "does nothing.",
    "Recordings need the channels above, by name and in any order, and the unit, reference, "
    "filters and window above; `bci-dann predict` applies these steps to recordings.",
    "The model has to be adapted to each new subject, with unlabelled trials. Some subjects are "
    "decoded at chance; `bci-dann evaluate` measures this on labelled trials.",
    "It is not a medical device, and must not be used where wrong decisions could cause harm.",
)


def card_text(facts: Mapping[str, Any]) -> str:
    """Return the model card of a saved model, with its front matter.

    Parameters
    ----------
    facts : mapping of str to object
        The result of :func:`~bci_dann.serving.describe_model`.

    Returns
    -------
    str
        Content of ``README.md``.
    """
    import yaml

    front = yaml.safe_dump(_front_matter(facts), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{MARK}\n\n{card_body(facts)}"


def card_body(facts: Mapping[str, Any]) -> str:
    """Return the sections of a model card, without its front matter.

    Parameters
    ----------
    facts : mapping of str to object
        The result of :func:`~bci_dann.serving.describe_model`.

    Returns
    -------
    str
        Markdown.
    """
    sections = {
        f"{facts['pipeline']}: {', '.join(facts['classes'])}": _summary(facts),
        "Training data": _data(facts),
        "From recording to trial": _trials(facts),
        "Adapted to": _adapted(facts),
        "Scores": [*_scores(facts), *_expectation(facts)],
        "Limits": [f"- {line}" for line in LIMITS],
        "Versions": [", ".join(f"{k} {v}" for k, v in facts["versions"].items()) or "Not noted."],
    }
    levels = ["#", *["##"] * len(sections)]
    blocks = [
        f"{level} {title}\n\n" + "\n".join(lines)
        for level, (title, lines) in zip(levels, sections.items(), strict=False)
    ]
    return "\n\n".join(blocks) + "\n"


def write_card(facts: Mapping[str, Any], folder: Path, name: str = "MODEL") -> None:
    """Write the model card into a model folder, unless it has a card that a user wrote.

    Parameters
    ----------
    facts : mapping of str to object
        The result of :func:`~bci_dann.serving.describe_model`.
    folder : pathlib.Path
        The folder of the model.
    name : str
        Name of the model in the commands of the card.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    path = folder / FILE
    if path.is_file() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
        warnings.warn(
            f"{path} was not written by bci_dann and is kept: no model card is written.",
            BCIDannWarning,
            stacklevel=3,
        )
        return
    text = card_text(facts)
    for command in ("adapt", "predict", "evaluate"):
        text = text.replace(f"bci-dann {command} MODEL", f"bci-dann {command} {name}")
    write_atomically(path, text.encode())


def _front_matter(facts: Mapping[str, Any]) -> dict[str, Any]:
    front: dict[str, Any] = {
        "library_name": "bci_dann",
        "license": facts["licence"] or "unknown",
        "tags": ["eeg", "bci", "motor-imagery", "domain-adaptation", *facts["classes"]],
    }
    results = [_model_index_entry(score) for score in facts["scores"]]
    if results:
        front["model-index"] = [{"name": facts["pipeline"], "results": results}]
    return front


def _model_index_entry(score: Mapping[str, Any]) -> dict[str, Any]:
    metrics = [("accuracy", "accuracy"), ("roc_auc", "roc_auc")]
    # the key `source` of the Hub's format would need a URL
    origin = {"protocol": score["protocol"], "table": score["table"]}
    return {
        "task": {"type": "other", "name": "motor imagery decoding of subjects who are left out"},
        "dataset": {"type": "other", "name": score["note"] or score["table"]},
        "metrics": [
            {"type": kind, "value": score[name], "args": dict(origin)}
            for kind, name in metrics
            if name in score
        ],
    }


def _summary(facts: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Decoder of imagined movements from EEG (`{facts['class']}` of bci_dann), trained on "
        f"{facts['data']['n_subjects']} subjects, to be adapted to new subjects without labels.",
        "",
        f"- Classes: {', '.join(facts['classes'])}",
        f"- Channels: {len(facts['channels'])} ({', '.join(facts['channels'])})",
        f"- Licence: {facts['licence'] or 'not stated'}",
    ]
    return [*lines, "", *_usage(adapted=bool(facts["adapted_to"]))]


def _usage(adapted: bool) -> list[str]:
    model = "MODEL" if adapted else "adapted"
    commands = [
        f"bci-dann predict {model} second_run.edf",
        f"bci-dann evaluate {model} labelled_run.edf",
    ]
    if not adapted:
        commands.insert(0, "bci-dann adapt MODEL first_run.edf -o adapted")
    return ["```bash", *commands, "```"]


def _data(facts: Mapping[str, Any]) -> list[str]:
    data = facts["data"]
    lines = [facts["note"], ""] if facts["note"] else []
    lines += [
        f"- Dataset: {data['dataset']}",
        f"- {data['n_trials']} trials (of {data['n_cues']} cues) of {data['n_subjects']} subjects "
        f"in {data['n_sessions']} sessions",
    ]
    for one in data.get("datasets", ()):
        lines.append(
            f"  - {one['name']} ({one['dataset']}): {one['n_trials']} trials of "
            f"{one['n_subjects']} subject{'s' if one['n_subjects'] > 1 else ''}; "
            f"licence {one['licence'] or 'not stated'}; {_unit(one['unit_scale'])}"
            + (f"; interpolated: {', '.join(one['interpolated'])}" if one["interpolated"] else "")
        )
    if data["excluded_subjects"]:
        lines.append(f"- Left out of training: {', '.join(data['excluded_subjects'])}")
    if data["typical_amplitude_uv"]:
        lines.append(f"- Typical amplitude after filtering: {data['typical_amplitude_uv']:.3g} µV")
    return lines


def _unit(scale: float | Mapping[str, float]) -> str:
    if scale == 1.0:
        return "in the unit that the files state"
    factors = scale if isinstance(scale, Mapping) else {"": scale}
    listed = ", ".join(f"{name} {factor:g}".strip() for name, factor in factors.items())
    return f"samples multiplied by {listed} are in volt"


def _trials(facts: Mapping[str, Any]) -> list[str]:
    trial, steps = facts["trial"], facts["preprocessing"]
    start, end = trial["window_s"]
    reference = steps["reference"] or "that of the recording"
    band = steps["band_hz"]
    filters = (
        "none" if band is None else f"{band[0]:g} to {band[1]:g} Hz ({steps['filter_method']})"
    )
    events = ", ".join(f"`{event}` = {name}" for event, name in facts["events"].items())
    lines = {
        "Events": events,
        "Reference": reference if isinstance(reference, str) else ", ".join(reference),
        "Notch filter": f"{steps['notch_hz']:g} Hz" if steps["notch_hz"] else "none",
        "Band-pass filter": filters,
        "Window after the event": f"{start:g} to {end:g} s",
        "Sampling frequency": f"{trial['sampling_frequency_hz']:g} Hz ({trial['n_times']} samples)",
        "Rejected above": f"{steps['reject_above_uv']:g} µV"
        if steps["reject_above_uv"]
        else "none",
        "Unit": trial["unit"],
    }
    return [f"- {name}: {value}" for name, value in lines.items()]


def _adapted(facts: Mapping[str, Any]) -> list[str]:
    if not facts["adapted_to"]:
        return ["Not adapted to a subject yet."]
    labels = facts["adapted_labels"]
    known = f"{labels} of these trials with a label" if labels else "without labels"
    listed = [f"- {one['file']}: {one['n_trials']} trials" for one in facts["adapted_to"]]
    lines = [*listed, "", f"Recordings of one subject, {known}."]
    if facts["expected_accuracy"]:
        sentence = ExpectedAccuracy(**facts["expected_accuracy"]).sentence()
        lines += ["", f"{sentence[0].upper()}{sentence[1:]}."]
    return lines


def _scores(facts: Mapping[str, Any]) -> list[str]:
    if not facts["scores"]:
        return ["None. `bci-dann evaluate` scores the model on labelled recordings."]
    lines = []
    for score in facts["scores"]:
        spread = f" ± {score['std_subjects']:.1f} over subjects" if "std_subjects" in score else ""
        parts = [f"accuracy {score['accuracy']:.1f} %{spread}"]
        if "roc_auc" in score:
            parts.append(f"ROC AUC {score['roc_auc']:.3f}")
        if "chance" in score:
            parts.append(f"chance {score['chance']:.1f} %")
        number = f" of {score['n_subjects']:g} subjects" if "n_subjects" in score else ""
        lines.append(f"- Protocol `{score['protocol']}`: mean{number}: {', '.join(parts)}.")
        lines.append(f"  From the table `{score['table']}`: {score['note'] or 'no note'}.")
    return [
        *lines,
        "",
        "These are scores of the method, each subject being left out of training in turn; this "
        "model was trained on all subjects above.",
    ]


def _expectation(facts: Mapping[str, Any]) -> list[str]:
    """Return the accuracies of the training subjects, each left out in turn."""
    if not facts["expectation"]:
        return []
    accuracies = facts["expectation"]["accuracies"]
    return [
        "",
        f"Each of {len(accuracies)} training subjects was left out in turn. After training on the "
        f"other subjects, and adaptation to about {facts['expectation']['n_trials']} trials "
        f"without labels, the accuracy was {min(accuracies):.0%} to {max(accuracies):.0%} (mean "
        f"{sum(accuracies) / len(accuracies):.0%}). `bci-dann adapt` estimates the accuracy for a "
        "new subject.",
    ]
