"""Reports of results: tables in the terminal, figures, and HTML pages.

Public names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.reporting.diagnosis_report import write_diagnosis
    from bci_dann.reporting.leaderboard.site import write_leaderboard
    from bci_dann.reporting.next_steps import after_quickstart, after_run
    from bci_dann.reporting.published_table import (
        PublishedTable,
        publish,
        publish_own,
        read_published,
    )
    from bci_dann.reporting.recordings_page import write_recordings_page
    from bci_dann.reporting.regime_figure import draw_regimes, write_regime_figure
    from bci_dann.reporting.regime_report import regime_tables
    from bci_dann.reporting.replay_figure import draw_replay, write_replay_figure
    from bci_dann.reporting.risk_coverage_figure import (
        draw_risk_coverage,
        write_risk_coverage_figure,
    )
    from bci_dann.reporting.run_report.page import (
        report_or_warn,
        write_run_report,
    )
    from bci_dann.reporting.subject_figure import draw_subjects, write_subject_figure
    from bci_dann.reporting.table import closing_tables
    from bci_dann.reporting.trial_curve import (
        draw_online_curve,
        online_curve,
        write_online_figure,
    )

_MODULES = {
    "PublishedTable": "published_table",
    "after_quickstart": "next_steps",
    "after_run": "next_steps",
    "closing_tables": "table",
    "draw_online_curve": "trial_curve",
    "draw_regimes": "regime_figure",
    "draw_replay": "replay_figure",
    "draw_risk_coverage": "risk_coverage_figure",
    "draw_subjects": "subject_figure",
    "online_curve": "trial_curve",
    "publish": "published_table",
    "publish_own": "published_table",
    "read_published": "published_table",
    "regime_tables": "regime_report",
    "report_or_warn": "run_report.page",
    "write_diagnosis": "diagnosis_report",
    "write_leaderboard": "leaderboard.site",
    "write_online_figure": "trial_curve",
    "write_recordings_page": "recordings_page",
    "write_regime_figure": "regime_figure",
    "write_replay_figure": "replay_figure",
    "write_risk_coverage_figure": "risk_coverage_figure",
    "write_run_report": "run_report.page",
    "write_subject_figure": "subject_figure",
}

__all__ = [
    "PublishedTable",
    "after_quickstart",
    "after_run",
    "closing_tables",
    "draw_online_curve",
    "draw_regimes",
    "draw_replay",
    "draw_risk_coverage",
    "draw_subjects",
    "online_curve",
    "publish",
    "publish_own",
    "read_published",
    "regime_tables",
    "report_or_warn",
    "write_diagnosis",
    "write_leaderboard",
    "write_online_figure",
    "write_recordings_page",
    "write_regime_figure",
    "write_replay_figure",
    "write_risk_coverage_figure",
    "write_run_report",
    "write_subject_figure",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
