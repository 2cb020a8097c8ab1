"""Report of a run over regimes: overview, comparison of pipelines, and links to each regime."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bci_dann.reporting.run_report.html_parts import (
    Section,
    details_html,
    heading_html,
    list_html,
    paragraph_html,
    signed_text,
    table_html,
)
from bci_dann.reporting.run_report.methods_section import settings_section
from bci_dann.reporting.run_report.overview_section import missing_html
from bci_dann.reporting.run_report.regimes.comparison_parts import comparison_section, extremes

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.regimes.regimes_content import RegimesContent

__all__ = ["regimes_sections"]

HINDSIGHT = (
    "The best pipeline was selected by the same scores, so its scores are optimistic. A method "
    "that was developed on these regimes may be tuned to them: use held-out regimes (`--held-out`) "
    "for a final test."
)
MAX_LISTED = 5  # items of a list in a cell of a table


def regimes_sections(regimes: RegimesContent, page_folder: Path) -> Iterator[Section]:
    """Yield the sections of the report of a run over regimes.

    Parameters
    ----------
    regimes : RegimesContent
        The regimes.
    page_folder : pathlib.Path
        The folder of the page; links are relative to it.

    Yields
    ------
    Section
        Overview, pipelines by regime, list of regimes, configuration.
    """
    yield _overview(regimes)
    if not regimes.table.empty:
        yield comparison_section(regimes)
    yield _list_of_regimes(regimes, page_folder)
    yield _configuration(regimes)


def _overview(regimes: RegimesContent) -> Section:
    parts = [paragraph_html(_compared(regimes))]
    if not regimes.table.empty:
        parts.append(heading_html("Main results", 3))
        for protocol, rows in regimes.table.groupby("protocol", sort=False):
            parts += [heading_html(str(protocol), 4), list_html(_findings(rows))]
        parts += [heading_html("For all results", 4), list_html([HINDSIGHT])]
    parts += [heading_html("Failed and missing tasks", 3), _missing(regimes)]
    return Section("Overview", "".join(parts))


def _compared(regimes: RegimesContent) -> str:
    number, baselines = len(regimes.plan.held_out), ", ".join(regimes.plan.baselines)
    if regimes.table.empty:
        return (
            f"The run compares pipelines in {number} regimes. No pipeline is complete in any of "
            "them yet, so there are no scores."
        )
    n_pipelines = regimes.table["pipeline"].nunique()
    return (
        f"The run compares {n_pipelines} pipelines in {number} regimes, which represent situations "
        "in practice. In each regime, each subject in turn is left out of training, and its trials "
        f"are predicted. The baselines are {baselines}; every other pipeline is compared with "
        "the best of them in each regime."
    )


def _findings(rows: pd.DataFrame) -> Iterator[str]:
    found = extremes(rows)
    if found.empty:
        yield "No baseline is complete in any regime, so pipelines cannot be compared."
        return
    n_regimes = found["n_regimes"].max()
    complete = found[found["n_regimes"] == n_regimes]
    first, safest = complete["mean"].idxmax(), complete["worst"].idxmax()
    also = " It also has the highest difference in the worst regime." if safest == first else ""
    yield (
        f"{first} has the highest mean over {n_regimes} regimes: "
        f"{_gain(complete.loc[first])}.{also}"
    )
    if safest != first:
        yield (
            f"{safest} has the highest difference in its worst regime: "
            f"{_gain(complete.loc[safest])}."
        )
    if len(complete) < len(found):
        partial = ", ".join(found.index[found["n_regimes"] < n_regimes])
        yield f"Not included here, because they are not complete in all regimes: {partial}."


def _gain(row: pd.Series[Any]) -> str:
    return (
        f"{signed_text(row['mean'])} points compared with the best baseline of each regime, "
        f"{signed_text(row['worst'])} points in the worst regime ({row['worst_regime']}), and a "
        f"loss in {row['n_losses']} of {row['n_regimes']} regimes"
    )


def _missing(regimes: RegimesContent) -> str:
    sentences, details = [], []
    for name, run in regimes.runs.items():
        complete = run.completeness
        if len(complete.missing) or complete.damaged or not complete.n_planned:
            sentences.append(_missing_sentence(name, run.completeness))
            details.append(details_html(f"Details of {name}", missing_html(run)))
    if regimes.not_begun:
        sentences.append(f"Not started: {', '.join(regimes.not_begun)}.")
    sentences += [f"{name} cannot be read: {why}" for name, why in regimes.unreadable.items()]
    is_complete = not sentences
    if is_complete:
        n_tasks = sum(run.completeness.n_planned for run in regimes.runs.values())
        sentences.append(f"All {n_tasks} tasks of {len(regimes.runs)} regimes have their records.")
    else:
        sentences.append(
            "Run the same command again to compute missing tasks. A pipeline without results for a "
            "subject of a regime is left out of this regime."
        )
    if regimes.others:
        sentences.append(
            "The folder contains further regimes, which the last command did not include and which "
            f"are not shown: {', '.join(regimes.others)}. A command that includes them adds them."
        )
    text = list_html(sentences) + "".join(details)
    return text if is_complete else f'<div class="missing">{text}</div>'


def _missing_sentence(name: str, complete: Any) -> str:
    if not complete.n_planned:
        return f"{name}: its folder contains no subjects yet."
    text = f"{name}: {len(complete.missing)} of {complete.n_planned} tasks have no record"
    failed = f", {len(complete.failures)} failed" if complete.failures else ""
    damaged = f", {len(complete.damaged)} records cannot be read" if complete.damaged else ""
    return f"{text}{failed}{damaged}."


def _list_of_regimes(regimes: RegimesContent, page_folder: Path) -> Section:
    import pandas as pd

    rows, folders, reports = [], [], []
    for name, held_out in regimes.plan.held_out.items():
        run = regimes.runs.get(name)
        folder = regimes.folder / name
        has_report = (folder / "report.html").is_file()
        rows.append(
            {
                "regime": f"{name} (held out)" if held_out else name,
                "report": "report" if has_report else "–",
                "tasks": "–" if run is None else _tasks(run.completeness),
                "description": "–"
                if run is None
                else _description(run.stored.manifest.fixed, name in regimes.plan.worlds),
            }
        )
        folders.append(_address(folder, page_folder) + "/" if folder.is_dir() else None)
        reports.append(_address(folder / "report.html", page_folder) if has_report else None)
    note = paragraph_html(
        "Names link to the results folders, with records and `results.csv`. The report of a "
        "regime, with all subjects, intervals and tests, is written by `bci-dann report "
        f"{regimes.name}/REGIME`. Links work only while this page is not moved."
    )
    return Section(
        "Regimes", note + table_html(pd.DataFrame(rows), {"regime": folders, "report": reports})
    )


def _tasks(complete: Any) -> str:
    finished = complete.n_planned - len(complete.missing)
    return f"{finished} of {complete.n_planned}"


def _description(fixed: Mapping[str, Any], is_world: bool) -> str:
    """Return the changes of a regime to the trials, and the parameters of a simulated world."""
    data = fixed["data"]
    changes = {**(data["params"] if is_world else {}), **(data.get("regime") or {})}
    changes.pop("random_state", None)
    text = ", ".join(f"{key}: {_plain(value)}" for key, value in changes.items())
    return (f"simulated, {text}" if is_world else text) or "all trials"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:MAX_LISTED]))
        return f"[{shown}, … {len(value)}]" if len(value) > MAX_LISTED else f"[{shown}]"
    if isinstance(value, dict):
        return f"({', '.join(f'{key}: {_plain(item)}' for key, item in value.items())})"
    return str(value)


def _address(path: Path, page_folder: Path) -> str:
    """Return the relative address of a path from the page; absolute on another drive."""
    target, start = path.resolve(), page_folder.resolve()
    try:
        return quote(Path(os.path.relpath(target, start)).as_posix())
    except ValueError:  # on another drive
        return target.as_uri()


def _configuration(regimes: RegimesContent) -> Section:
    manifests = [run.stored.manifest for run in regimes.runs.values()]
    if not manifests:
        return settings_section({}, {}, [], None)
    first = manifests[0]
    settings = {
        "baselines": regimes.plan.baselines,
        "protocols": list(
            dict.fromkeys(name for manifest in manifests for name in manifest.protocols)
        ),
        "seeds": list(dict.fromkeys(seed for manifest in manifests for seed in manifest.seeds)),
        "threads": first.fixed["threads"],
        "regimes": {
            name: {key: run.stored.manifest.fixed[key] for key in ("data", "preprocessing")}
            for name, run in regimes.runs.items()
        },
    }
    pipelines = {
        name: steps for manifest in manifests for name, steps in manifest.pipelines.items()
    }
    return settings_section(settings, pipelines, regimes.invocations, first.versions)
