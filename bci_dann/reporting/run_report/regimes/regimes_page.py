"""Page about a run over regimes: what holds in all of them, and where each one's results are."""

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
    "The pipelines are ordered by these scores, which makes those of the first one optimistic. A "
    "method that was improved on these regimes is tuned to them: regimes that are held out "
    "(`--held-out`) are for a final test."
)
MOST_LISTED = 5  # names of a list that a cell of a table shows


def regimes_sections(regimes: RegimesContent, page_folder: Path) -> Iterator[Section]:
    """Yield the sections of the report of a run over regimes.

    Parameters
    ----------
    regimes : RegimesContent
        The regimes.
    page_folder : pathlib.Path
        The folder of the page, from which links lead to the folders of the regimes.

    Yields
    ------
    Section
        In words; regimes by pipelines; the regimes; configuration.
    """
    yield _overview(regimes)
    if not regimes.table.empty:
        yield comparison_section(regimes)
    yield _list_of_regimes(regimes, page_folder)
    yield _configuration(regimes)


def _overview(regimes: RegimesContent) -> Section:
    parts = [paragraph_html(_compared(regimes))]
    if not regimes.table.empty:
        parts.append(heading_html("What came out", 3))
        for protocol, rows in regimes.table.groupby("protocol", sort=False):
            parts += [heading_html(str(protocol), 4), list_html(_findings(rows))]
        parts += [heading_html("For all of these", 4), list_html([HINDSIGHT])]
    parts += [heading_html("What failed and what is missing", 3), _missing(regimes)]
    return Section("In words", "".join(parts))


def _compared(regimes: RegimesContent) -> str:
    number, baselines = len(regimes.plan.held_out), ", ".join(regimes.plan.baselines)
    if regimes.table.empty:
        return (
            f"The run compares pipelines in {number} regimes. No pipeline is complete in any of "
            "them yet: there is no score to show."
        )
    names = regimes.table["pipeline"].nunique()
    return (
        f"The run compares {names} pipelines in {number} regimes, situations that users are in. "
        "Each regime is a run of its own: each of its subjects in turn is left out of training "
        f"and predicted. The baselines are {baselines}; every other pipeline is compared with the "
        "best of them in each regime."
    )


def _findings(rows: pd.DataFrame) -> Iterator[str]:
    found = extremes(rows)
    if found.empty:
        yield "No baseline is complete in any regime: there is nothing to compare with."
        return
    most = found["n_regimes"].max()
    whole = found[found["n_regimes"] == most]
    first, safest = whole["mean"].idxmax(), whole["worst"].idxmax()
    also = " No other pipeline has a better worst regime." if safest == first else ""
    yield f"{first} has the highest mean over {most} regimes, {_gain(whole.loc[first])}.{also}"
    if safest != first:
        yield f"{safest} has the best worst regime: {_gain(whole.loc[safest])}."
    if len(whole) < len(found):
        partial = ", ".join(found.index[found["n_regimes"] < most])
        yield f"Not complete in all regimes, and left out of this order: {partial}."


def _gain(row: pd.Series[Any]) -> str:
    return (
        f"{signed_text(row['mean'])} points against the best baseline of each; its worst is "
        f"{signed_text(row['worst'])} (in {row['worst_regime']}), and it loses in "
        f"{row['n_losses']} of {row['n_regimes']}"
    )


def _missing(regimes: RegimesContent) -> str:
    sentences, details = [], []
    for name, run in regimes.runs.items():
        complete = run.completeness
        if len(complete.missing) or complete.damaged or not complete.n_planned:
            sentences.append(_lacks(name, run.completeness))
            details.append(details_html(f"{name} in full", missing_html(run)))
    if regimes.not_begun:
        sentences.append(f"Not begun: {', '.join(regimes.not_begun)}.")
    sentences += [f"{name} cannot be read: {why}" for name, why in regimes.unreadable.items()]
    whole = not sentences
    if whole:
        n_tasks = sum(run.completeness.n_planned for run in regimes.runs.values())
        sentences.append(f"All {n_tasks} tasks of {len(regimes.runs)} regimes have their records.")
    else:
        sentences.append(
            "The same command computes what is missing and says what fails. A pipeline that lacks "
            "a subject of a regime is left out of that regime."
        )
    if regimes.others:
        sentences.append(
            f"Results of other commands are in the folder and not shown: "
            f"{', '.join(regimes.others)}. A command that names them, or all, shows them."
        )
    text = list_html(sentences) + "".join(details)
    return text if whole else f'<div class="missing">{text}</div>'


def _lacks(name: str, complete: Any) -> str:
    if not complete.n_planned:
        return f"{name}: its folder names no subject yet."
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
                "what it is": "–"
                if run is None
                else _description(run.stored.manifest.fixed, name in regimes.plan.worlds),
            }
        )
        folders.append(_address(folder, page_folder) + "/" if folder.is_dir() else None)
        reports.append(_address(folder / "report.html", page_folder) if has_report else None)
    note = paragraph_html(
        "Each links to its results folder: records, `results.csv`, and `report.html` where "
        f"`bci-dann report {regimes.name}/REGIME` has written it, with every subject, "
        "intervals and tests. Links hold as long as this page stays where it is."
    )
    return Section(
        "Regimes", note + table_html(pd.DataFrame(rows), {"regime": folders, "report": reports})
    )


def _tasks(complete: Any) -> str:
    finished = complete.n_planned - len(complete.missing)
    return f"{finished} of {complete.n_planned}"


def _description(fixed: Mapping[str, Any], is_world: bool) -> str:
    """Say what a regime does to the trials, and how a world is simulated."""
    data = fixed["data"]
    changes = {**(data["params"] if is_world else {}), **(data.get("regime") or {})}
    changes.pop("random_state", None)
    text = ", ".join(f"{key}: {_plain(value)}" for key, value in changes.items())
    return (f"simulated, {text}" if is_world else text) or "all trials"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:MOST_LISTED]))
        return f"[{shown}, … {len(value)}]" if len(value) > MOST_LISTED else f"[{shown}]"
    if isinstance(value, dict):
        return f"({', '.join(f'{key}: {_plain(one)}' for key, one in value.items())})"
    return str(value)


def _address(path: Path, page_folder: Path) -> str:
    """Return where a link leads from the page; a drive of its own is named in full."""
    target, start = path.resolve(), page_folder.resolve()
    try:
        return quote(Path(os.path.relpath(target, start)).as_posix())
    except ValueError:  # on another drive
        return target.as_uri()


def _configuration(regimes: RegimesContent) -> Section:
    runs = [run.stored.manifest for run in regimes.runs.values()]
    if not runs:
        return settings_section({}, {}, [], None)
    first = runs[0]
    settings = {
        "baselines": regimes.plan.baselines,
        "protocols": list(dict.fromkeys(name for one in runs for name in one.protocols)),
        "seeds": list(dict.fromkeys(seed for one in runs for seed in one.seeds)),
        "threads": first.fixed["threads"],
        "regimes": {
            name: {key: run.stored.manifest.fixed[key] for key in ("data", "preprocessing")}
            for name, run in regimes.runs.items()
        },
    }
    pipelines = {name: steps for one in runs for name, steps in one.pipelines.items()}
    return settings_section(settings, pipelines, regimes.invocations, first.versions)
