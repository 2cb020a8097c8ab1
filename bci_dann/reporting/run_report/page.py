"""Report of a run as an HTML page, written from its records."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Mapping
from pathlib import Path

from bci_dann._files import write_atomically
from bci_dann.evaluation.regimes.regimes_folder import is_regimes_folder
from bci_dann.exceptions import BCIDannWarning, ResultsError
from bci_dann.reporting.run_report.comparison_section import comparison_section
from bci_dann.reporting.run_report.feature_map.feature_map_section import feature_map_section
from bci_dann.reporting.run_report.html_page import html_page
from bci_dann.reporting.run_report.html_parts import Section
from bci_dann.reporting.run_report.methods_section import (
    configuration_section,
    methods_section,
    publishable_texts,
)
from bci_dann.reporting.run_report.overview_section import overview_section
from bci_dann.reporting.run_report.patterns.patterns_section import patterns_section
from bci_dann.reporting.run_report.protocol_section import protocols_section, times_section
from bci_dann.reporting.run_report.ranking_section import ranking_section
from bci_dann.reporting.run_report.regimes.regimes_content import read_regimes
from bci_dann.reporting.run_report.regimes.regimes_page import regimes_sections
from bci_dann.reporting.run_report.run_content import RunContent, read_run
from bci_dann.reporting.run_report.subject_pages.subject_page import (
    subject_files,
    write_subject_pages,
)
from bci_dann.reporting.run_report.subjects_section import subjects_section
from bci_dann.reporting.run_report.training.training_section import training_section
from bci_dann.reporting.run_report.trials_section import trials_section
from bci_dann.reporting.run_report.windows.pseudo_online_section import pseudo_online_section

__all__ = ["REPORT_FILE", "report_or_warn", "write_run_report"]

REPORT_FILE = "report.html"


def write_run_report(
    folder: str | Path,
    path: str | Path | None = None,
    texts: str | Path | None = None,
    subjects: bool = False,
) -> Path:
    """Write the report of a run as a self-contained HTML page.

    Parameters
    ----------
    folder : str or pathlib.Path
        The results folder of a finished or unfinished run, or the folder of a run over regimes.
    path : str, pathlib.Path or None
        The file; by default ``report.html`` in the folder. An existing file is replaced.
    texts : str, pathlib.Path or None
        Folder for texts of the page for a publication: ``methods.md``, ``references.bib``,
        ``results.md`` and ``results.tex``. By default these are not written.
    subjects : bool
        Whether to write a page for each subject, too, in the folder ``subjects`` beside the
        report, which links to these pages.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    ResultsError
        When the folder is no results folder, or a file cannot be written; or when texts or pages
        of subjects are requested for a run over regimes: they are written for a single regime.

    See Also
    --------
    bci_dann.evaluation.open_results : Reads the records that the report shows.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> from bci_dann.reporting import write_run_report
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "pipelines": ["csp_lda"], "protocols": ["train"]}
    >>> with TemporaryDirectory() as run:
    ...     _ = run_benchmark(config, run, progress=False)
    ...     page = write_run_report(run)
    ...     "All 3 tasks have their records." in page.read_text(encoding="utf-8")
    True
    """
    target = Path(folder) / REPORT_FILE if path is None else Path(path)
    if is_regimes_folder(Path(folder)):
        if texts is not None or subjects:
            raise ResultsError(
                f"{folder} contains several regimes, but texts for a publication and pages of "
                "subjects are written for a single regime: give the folder of a regime."
            )
        regimes = read_regimes(Path(folder))
        sections = list(regimes_sections(regimes, target.parent))
        write_atomically(target, html_page(f"Report of {regimes.name}", sections))
        return target
    run = read_run(folder)
    if subjects:
        write_subject_pages(run, target)
    pages = subject_files(run) if subjects else {}
    write_atomically(target, html_page(f"Report of {run.name}", _sections(run, pages)))
    if texts is not None:
        for name, text in publishable_texts(run).items():
            write_atomically(Path(texts) / name, text.encode())
    return target


def report_or_warn(folder: str | Path) -> Path | None:
    """Write the report of a run that has just ended; if this fails, only warn.

    Parameters
    ----------
    folder : str or pathlib.Path
        The results folder.

    Returns
    -------
    pathlib.Path or None
        The file; ``None`` if it could not be written.

    Warns
    -----
    BCIDannWarning
        With the cause, when there is no report.
    """
    try:
        return write_run_report(folder)
    except Exception as error:  # the results are complete without a report
        warnings.warn(
            f"the results were written, but not the report: {error} ({type(error).__name__}). "
            f"Write the report with `bci-dann report {shlex.quote(str(folder))}`.",
            BCIDannWarning,
            stacklevel=2,
        )
        return None


def _sections(run: RunContent, pages: Mapping[str, str]) -> list[Section]:
    sections: list[Section | None] = [overview_section(run)]
    if run.groups:
        sections += [
            pseudo_online_section(run),
            ranking_section(run),
            subjects_section(run, pages),
            comparison_section(run),
            trials_section(run),
            feature_map_section(run),
            patterns_section(run),
            training_section(run),
            protocols_section(run),
            times_section(run),
        ]
    sections += [configuration_section(run), methods_section(run)]
    return [section for section in sections if section is not None]
