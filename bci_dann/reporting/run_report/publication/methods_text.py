"""Description of the methods of a run with citations, generated from its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._resources import pipelines_folder
from bci_dann.evaluation import load_pipeline
from bci_dann.evaluation.config.pipeline_file import pipeline_description
from bci_dann.evaluation.config.pipeline_parameters import with_defaults
from bci_dann.exceptions import BCIDannError

if TYPE_CHECKING:
    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["methods_paragraphs"]

# Target data in training by protocol. Of other protocols, the text contains only the name.
PROTOCOL_WORDS = {
    "train": "nothing of the target",
    "train_trialwise": "nothing of the target, whose trials were predicted one by one",
    "train_and_target_unlabeled_20p": "the first 20 % of each target session without labels",
    "train_and_target_unlabeled_50p": "the first half of each target session without labels",
    "train_and_target_unlabeled_full": "all target trials without labels (transductive)",
    "train_and_target_labeled_20p": "the first 20 % of each target session with labels",
    "train_and_target_labeled_50p": "the first half of each target session with labels",
    "first_session_labeled": "the first target session with labels and the others without",
    "source_free": "nothing; the trained model then adapted to all target trials without labels",
    "online": "nothing at first; each trial was predicted and then adapted to",
}
FIRST_SENTENCE = re.compile(r"(?<!al)\.\s+(?=[A-Z])")


def methods_paragraphs(run: RunContent) -> list[str]:
    """Return the description of the methods of a run.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    list of str
        Paragraphs of plain text, with citations as author and year in parentheses.
    """
    return [
        _data(run),
        _preprocessing(run.stored.manifest.fixed.get("preprocessing", {})),
        _pipelines(run),
        _evaluation(run),
    ]


def _data(run: RunContent) -> str:
    trials = run.stored.trials
    fixed = run.stored.manifest.fixed.get("data", {})
    source = " and ".join(_source(data) for data in fixed.get("datasets", [fixed]))
    if trials.empty:
        return f"Trials came from {source}."
    sessions = trials[["subject", "session"]].drop_duplicates().groupby("subject").size()
    counts = sorted({int(sessions.min()), int(sessions.max())})
    each = " to ".join(map(str, counts))
    unit = "session" if counts[-1] == 1 else "sessions"
    cues = ""
    if run.account is not None:
        used, found = int(run.account["used"].sum()), int(run.account["found"].sum())
        cues = f" Of {found} cues, {used} became trials."
    scored = f"{trials['trial'].nunique()} trials were scored."
    plan = run.stored.manifest.fixed.get("pseudo_online")
    if plan is not None:
        scored = (
            f"{trials['trial'].nunique()} windows of the length of a trial, {plan['step']:g} s "
            "apart over the whole recordings, were scored; the class of a window is the task that "
            f"most of it lies in, or {plan['idle']} (Carrara and Papadopoulo 2024)."
        )
    return (
        f"EEG of {trials['subject'].nunique()} subjects ({each} {unit} each) was taken from "
        f"{source}, with the classes {', '.join(run.classes)}; "
        f"{scored}{cues}"
    )


def _source(data: dict[str, Any]) -> str:
    dataset = data.get("dataset", "unknown")
    name = data.get("name", dataset)
    if dataset != "Recordings":
        return f"the dataset {name}"
    return "recordings in a folder" if name == dataset else f"recordings in a folder ({name})"


def _preprocessing(settings: dict[str, Any]) -> str:
    steps = list(_steps(settings))
    if not steps:
        return "Preprocessing used MNE-Python (Gramfort et al. 2013)."
    return f"With MNE-Python (Gramfort et al. 2013), signals were {', '.join(steps)}."


def _steps(settings: dict[str, Any]) -> Iterator[str]:
    channels, reference = settings.get("channels"), settings.get("reference")
    if channels:
        yield f"restricted to {len(channels)} channels ({', '.join(channels)})"
    if reference:
        electrodes = "the average" if reference == "average" else ", ".join(reference)
        yield f"re-referenced to {electrodes}"
    if settings.get("notch"):
        yield f"notch filtered at {settings['notch']:g} Hz"
    if settings.get("band"):
        method = settings.get("filter_method", "iir")
        kind = "causal IIR" if method == "causal" else method.upper()
        low, high = settings["band"]
        yield f"band-pass filtered from {low:g} to {high:g} Hz ({kind})"
    if settings.get("window"):
        start, end = settings["window"]
        until = "the end of the task" if end is None else f"{end:g} s"
        yield f"cut from {start:g} s to {until} after the cue"
    if settings.get("resample"):
        yield f"resampled to {settings['resample']:g} Hz"
    if settings.get("reject_uv"):
        yield f"cleaned of trials with an amplitude above {settings['reject_uv']:g} µV"


def _pipelines(run: RunContent) -> str:
    specs = run.stored.manifest.specs
    described = [f"{spec.name}: {_description(spec.name, spec.definition)}" for spec in specs]
    noun = "pipeline was" if len(specs) == 1 else "pipelines were"
    return f"{len(specs)} {noun} evaluated. " + "; ".join(described) + "."


def _description(name: str, definition: tuple[dict[str, Any], ...]) -> str:
    """Return the description in the file of a shipped pipeline, or else the names of its steps."""
    steps = " and ".join(str(step.get("name", "?")) for step in definition)
    file = pipelines_folder() / f"{name.partition('[')[0]}.yml"
    if not file.is_file() or _classes(file) != [step.get("name") for step in definition]:
        return steps
    sentence = FIRST_SENTENCE.split(pipeline_description(file))[0].rstrip(".")
    changed = ", ".join(_changes(definition, file)) or name.partition("[")[2].removesuffix("]")
    return f"{sentence} (with {changed})" if changed else sentence


def _changes(definition: tuple[dict[str, Any], ...], file: Path) -> Iterator[str]:
    """Yield the parameters of a run that differ from the pipeline file."""
    for step, shipped in zip(
        definition, with_defaults(load_pipeline(file)).definition, strict=True
    ):
        for name, value in step.get("parameters", {}).items():
            if name in shipped["parameters"] and value != shipped["parameters"][name]:
                yield f"{name}={value}"


def _classes(file: Path) -> list[str]:
    try:
        return [step["name"] for step in load_pipeline(file).definition]
    except BCIDannError:
        return []


def _evaluation(run: RunContent) -> str:
    manifest = run.stored.manifest
    seen = [
        f"{name} ({PROTOCOL_WORDS[name]})" if name in PROTOCOL_WORDS else name
        for name in manifest.protocols
    ]
    n_seeds = len(manifest.seeds)
    repeated = f"{n_seeds} seeds, averaged within subjects" if n_seeds > 1 else "one seed"
    compared = any(group.reference for group in run.groups)
    target = manifest.fixed.get("data", {}).get("target_dataset")
    subjects = "Each subject" if target is None else f"Each subject of {target}"
    sources = (
        " and left out of training"
        if target is None
        else ", and the subjects of the other datasets were the sources"
    )
    text = (
        f"{subjects} in turn was the target{sources}, with protocols named as in MOABB (Jayaram "
        f"and Barachant 2018). Target data in training: {'; '.join(seen)}. Every pipeline was "
        f"trained with {repeated}. 95 % intervals of means over subjects are those of Student's "
        "distribution."
    )
    if compared:
        text += (
            " Pipelines were compared over subjects by two-sided sign-flip permutations, exact for "
            "up to 13 subjects with a difference, and by Wilcoxon's signed-rank test for more; "
            "p-values were corrected (Holm 1979). p-values are approximate, because folds share "
            "training data (Nadeau and Bengio 2003)."
        )
    if len(manifest.pipelines) > 2:
        text += " Average ranks follow Friedman and Nemenyi (Demšar 2006)."
    return text
