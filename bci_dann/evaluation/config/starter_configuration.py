"""Generation of a commented configuration from a survey of recordings (``bci-dann init``)."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml

from bci_dann.data.survey.cue_guess import EventCount
from bci_dann.data.survey.folder_survey import FolderSurvey
from bci_dann.data.survey.signal_sample import UNITS, guess_mains, guess_scale
from bci_dann.data.survey.survey_summary import (
    channel_differences,
    listed,
    mains_sentence,
    sampling_rates,
    summary_rows,
    unit_sentence,
)

__all__ = ["StarterConfiguration", "starter_configuration"]

# Maximum number of lines for events that are not cues. Empirical: more than any design has, and
# fewer than in recordings in which every comment of the experimenter is an event.
MAX_EVENT_LINES = 40

# Width of comments (characters), without indentation.
COMMENT_WIDTH = 94

# Text that needs no quotes in YAML, unless it is a number, date or truth value.
PLAIN = re.compile(r"[A-Za-z_][\w ./-]*\w|[A-Za-z_]")

# Classes of T1 and T2 in the imagery runs of PhysioNet's EEG Motor Movement/Imagery Dataset
# (Schalk et al. 2004, doi:10.1109/TBME.2004.827072); the runs in between are executed movements.
EEGMMIDB = {
    "T1": dict.fromkeys(("04", "08", "12"), "left_hand")
    | dict.fromkeys(("06", "10", "14"), "hands"),
    "T2": dict.fromkeys(("04", "08", "12"), "right_hand")
    | dict.fromkeys(("06", "10", "14"), "feet"),
}
EEGMMIDB_NOTE = (
    "In PhysioNet's EEG Motor Movement/Imagery Dataset T1 and T2 mean other classes in other runs, "
    "as written below for its runs of imagery; T0 is rest. Remove the # if this is that dataset."
)


@dataclass(frozen=True)
class StarterConfiguration:
    """The text of a configuration, and open questions for the user.

    Attributes
    ----------
    text : str
        YAML with comments. If there are questions, reading it is an error that names the key.
    questions : tuple of str
        Information that cannot be determined from the recordings.
    remarks : tuple of str
        Points to check before the configuration is used.
    """

    text: str
    questions: tuple[str, ...]
    remarks: tuple[str, ...]


def starter_configuration(survey: FolderSurvey, name: str) -> StarterConfiguration:
    """Generate a configuration for the recordings of a survey.

    Parameters
    ----------
    survey : FolderSurvey
        The survey.
    name : str
        The name of the run; characters other than letters, digits, dots and dashes are replaced.

    Returns
    -------
    StarterConfiguration
        The configuration, to be written to a file.
    """
    blocks = [
        (0, _head(survey)),
        (0, [f"name: {_scalar(re.sub(r'[^A-Za-z0-9_.-]+', '-', name) or 'mine')}"]),
        (0, ["data:"]),
        (2, ["dataset: Recordings", "recordings:"]),
        (4, _paths(survey)),
        (4, _events(survey)),
        (4, _interval(survey)),
        (4, _unit(survey)),
        (4, _channels(survey)),
        (0, ["preprocessing:"]),
        (2, _preprocessing(survey)),
        (0, _methods()),
    ]
    lines = [f"{' ' * indent}{line}".rstrip() for indent, block in blocks for line in block]
    return StarterConfiguration("\n".join(lines) + "\n", _questions(survey), _remarks(survey))


def _head(survey: FolderSurvey) -> list[str]:
    return [
        "# Written by `bci-dann init` from a look at the recordings. Read the comments, correct",
        "# what was guessed wrong, and remove the # in front of lines that are wanted.",
        "#",
        *_comments(f"{about}: {seen}" for about, seen in summary_rows(survey)),
        *_comments(f"cannot be read: {_scalar(o.name)}: {o.reason}" for o in survey.unreadable),
        "",
    ]


def _paths(survey: FolderSurvey) -> list[str]:
    return [*(_bids(survey) or _pattern(survey)), *_exclude(survey)]


def _bids(survey: FolderSurvey) -> list[str]:
    tasks = survey.bids_tasks
    if tasks is None:
        return []
    lines = ["format: bids"]
    chosen = survey.tasks_with_cues if len(tasks) > 1 else tasks
    if len(chosen) == 1:
        others = [task for task in tasks if task not in chosen]
        lines += _comments([f"Without cues: {listed(others)}"]) if others else []
        return [*lines, f"task: {_scalar(chosen[0])}"]
    if tasks:
        lines += ["# All tasks are read; runs without any of the events are left out."]
        lines += [f"# task: {_scalar(task)}" for task in tasks]
    return lines


def _pattern(survey: FolderSurvey) -> list[str]:
    guess = survey.pattern
    if guess.pattern is None:
        return [
            "# Where the path names the subject, and the session and run where there are several:",
            *_comments([f"for example {_scalar(survey.files[0].name)}"]),
            '# pattern: "{subject}/{session}.edf"',
        ]
    by_place = [f"{{{field}}}" for field in guess.by_place]
    names = " and ".join(by_place)
    note = [f"guessed from the position in the path, so check: {names}"] if by_place else []
    return [*_comments(note), f"pattern: {json.dumps(guess.pattern, ensure_ascii=False)}"]


def _exclude(survey: FolderSurvey) -> list[str]:
    excluded = survey.exclude()
    lines = []
    if excluded:
        values = (f"{field}: {_flow_quoted(excluded[field])}" for field in excluded)
        lines += ["# Recordings of these cannot be read:", f"exclude: {{{', '.join(values)}}}"]
    for field in ("session", "run"):
        for value, (count, usual) in survey.practice(field).items():
            lines += _comments([f"{field} {value} has {count} cues, and others {usual}: practice?"])
            lines += [f"# exclude: {{{field}: {_flow_quoted([value])}}}"]
    return lines


def _events(survey: FolderSurvey) -> list[str]:
    guess = survey.cues
    cues = [one for one in guess.events if one.is_cue]
    others = [one for one in guess.events if not one.is_cue]
    lines = ["# The events that start a task, each with its class as the name suggests."]
    if not cues:
        lines += _comments(
            [
                "The names do not tell which events these are: write the class after each of them "
                "and remove its #."
            ]
        )
    by_run = _classes_by_run(survey)
    if by_run:
        lines += _comments([EEGMMIDB_NOTE])
    lines.append("events:")
    lines += _aligned((f"  {_scalar(one.name)}: {one.label}", _times(one)) for one in cues)
    lines += _aligned(
        (f"  # {_scalar(one.name)}: {by_run.get(one.name) or one.label or 'CLASS'}", _times(one))
        for one in others[:MAX_EVENT_LINES]
    )
    more = len(others) - MAX_EVENT_LINES
    return [*lines, *([f"  # and {more} other events that are rarer"] if more > 0 else [])]


def _classes_by_run(survey: FolderSurvey) -> dict[str, str]:
    """Return the classes of T1 and T2 by run, as YAML, if both occur in such runs."""
    if not set(EEGMMIDB) <= set(survey.cues.candidates):
        return {}
    runs = [run for run in survey.values("run") if run in EEGMMIDB["T1"]]
    return {
        event: f"{{{', '.join(f'{json.dumps(run)}: {classes[run]}' for run in runs)}}}"
        for event, classes in EEGMMIDB.items()
        if runs
    }


def _times(one: EventCount) -> str:
    hint = "; may be a cue" if one.may_be_cue and not one.is_cue else ""
    meaning = f"; {one.meaning}" if one.meaning else ""
    files = "file" if one.n_files == 1 else "files"
    return f"{one.count} times in {one.n_files} {files}{hint}{meaning}"


def _interval(survey: FolderSurvey) -> list[str]:
    task = survey.task
    guessed = "" if task.is_shown else ". A guess: correct it"
    return [
        "# Start and end of the task, in seconds after the event:",
        *_comments([f"{task.evidence}{guessed}."]),
        f"interval: [0, {task.end_s:g}]",
    ]


def _unit(survey: FolderSurvey) -> list[str]:
    scale = guess_scale(survey.samples)
    lines = _comments([f"Unit: {unit_sentence(survey)}."])
    if scale == 1.0 or not survey.samples:
        return lines
    if scale is not None:
        return [*lines, f"unit_scale: {UNITS[scale]}"]
    lines += _comments(
        f"{_scalar(one.name)}: {one.typical_uv:.2g} µV if its numbers are volt"
        for one in survey.samples
    )
    lines += _comments(
        ['Write the unit, as in unit_scale: {"S1*.edf": microvolt}; others are in volt.']
    )
    return [*lines, "unit_scale:"]


def _channels(survey: FolderSurvey) -> list[str]:
    common, others = channel_differences(survey)
    unused = {o.name: o.reason for f in survey.files for o in f.channels.uses if not o.used_as}
    reasons = [f"{_scalar(name)} ({reason})" for name, reason in unused.items()]
    lines = _comments([f"Not used as EEG: {listed(reasons)}."]) if reasons else []
    if others and common:
        counts = (f"{_scalar(name)} is in {count}" for name, count in others.items())
        lines += _comments([f"Not in all {len(survey.files)} files: {', '.join(counts)}."])
        lines += [f"drop: {_flow(list(others))}"]
    elif others:
        names = (f"{_scalar(one.name)}: {listed(one.channels.used)}" for one in survey.files[:2])
        lines += _comments(["No EEG channel is in all files. Give one name to what is the same:"])
        lines += [*_comments(names), "# rename: {OLD: NEW}"]
    return lines


def _preprocessing(survey: FolderSurvey) -> list[str]:
    common, _ = channel_differences(survey)
    lines: list[str] = []
    if common:
        lines += ["# Channels to use, in their order; all of them without this key:"]
        lines += [f"# channels: {_flow(common)}"]
    flat = sorted({name for one in survey.samples for name in (*one.flat, *one.not_finite)})
    if flat:
        lines += _comments([f"Without a signal in some of the files: {listed(flat)}."])
    frequency, _ = guess_mains(survey.samples)
    lines += _comments([f"Mains: {mains_sentence(survey)}."])
    lines += [f"notch: {frequency}"] if frequency else []
    end = survey.task.end_s
    start = 0.5 if end >= 2 else 0
    lines += _aligned(
        [
            ("band: [8, 30]", "Hz"),
            (f"window: [{start:g}, {end:g}]", "seconds after the start of the task"),
        ]
    )
    rates = sampling_rates(survey)
    if len(rates) > 1:
        rate = f"{next(iter(rates)):g}"
        lines += ["# The sampling rates differ:", f"resample: {rate}"]
    return lines


def _methods() -> list[str]:
    return [
        "# `bci-dann pipelines` lists all methods. `bci_dann` is the default recipe; it takes",
        "# minutes rather than seconds.",
        "pipelines: [csp_lda, ea_csp_lda, bci_dann_light]",
        "protocols: [train_and_target_unlabeled_full]",
        "seeds: [0]",
    ]


def _questions(survey: FolderSurvey) -> tuple[str, ...]:
    questions = []
    if survey.bids_tasks is None and survey.pattern.pattern is None:
        questions.append("pattern: which part of the path names the subject")
    if not survey.cues.cues:
        questions.append("events: which events start a task, and of which class")
    if survey.samples and guess_scale(survey.samples) is None:
        questions.append("unit_scale: the unit of the files")
    return tuple(questions)


def _remarks(survey: FolderSurvey) -> tuple[str, ...]:
    remarks = []
    if len(survey.values("subject")) == 1 and survey.values("subject") != [""]:
        remarks.append("There is one subject, and `run` needs two or more to leave one out.")
    if survey.unreadable:
        remarks.append(
            "Files that cannot be read: copy them again, or move those out of the folder that "
            "`exclude` does not name."
        )
    if survey.pattern.by_place:
        fields = " and ".join(survey.pattern.by_place)
        remarks.append(f"Check the pattern: {fields} guessed from the position in the path.")
    return tuple(remarks)


def _comments(sentences: Iterable[str]) -> list[str]:
    """Return sentences as comment lines, with line breaks replaced."""
    return [
        line
        for text in sentences
        for line in textwrap.wrap(text, COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ")
    ]


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    rows = list(pairs)
    width = max((len(left) for left, _ in rows), default=0)
    return [f"{left:<{width}}   # {right}" for left, right in rows]


def _flow(names: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(name) for name in names)}]"


def _flow_quoted(values: Sequence[str]) -> str:
    return f"[{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]"


def _scalar(text: str) -> str:
    """Return text as a YAML scalar, quoted if necessary."""
    is_plain = PLAIN.fullmatch(text) is not None and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)
