"""Leave-one-subject-out evaluation: protocols, runs, metrics, model selection and diagnosis.

Public names load on first use; importing this package loads neither torch nor MOABB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.evaluation.config.pipeline_builder import build
    from bci_dann.evaluation.config.pipeline_file import PipelineSpec, load_pipeline
    from bci_dann.evaluation.config.run_config import RunConfig, load_config
    from bci_dann.evaluation.diagnosis.domain_diagnosis import Diagnosis, diagnose
    from bci_dann.evaluation.moabb_frame import from_moabb, to_moabb
    from bci_dann.evaluation.protocol_overlap import common_accuracy, common_trials
    from bci_dann.evaluation.protocols import PROTOCOLS, Fold, split
    from bci_dann.evaluation.pseudo_online.window_scores import summarise_windows
    from bci_dann.evaluation.regimes.regime_run import run_regimes
    from bci_dann.evaluation.regimes.regime_table import summarise_regimes
    from bci_dann.evaluation.run_comparison import RunComparison, compare_runs
    from bci_dann.evaluation.run_merge import Merge, merge_runs
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
    from bci_dann.evaluation.runs.runner import run_benchmark
    from bci_dann.evaluation.selection.label_free import selection_table
    from bci_dann.evaluation.selection.nested import nested_choice, nested_summary
    from bci_dann.evaluation.selective_prediction import risk_coverage, selective_errors
    from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
    from bci_dann.evaluation.statistics.paired_tests import compare_pipelines
    from bci_dann.evaluation.statistics.power import detectable_difference
    from bci_dann.evaluation.statistics.ranks import Ranks, average_ranks
    from bci_dann.evaluation.stored_results import StoredResults, open_results
    from bci_dann.evaluation.suites.suite_config import Suite, load_suite
    from bci_dann.evaluation.suites.suite_run import SuiteTables, run_suite, suite_tables
    from bci_dann.evaluation.summary import summarise

_MODULES = {
    "Diagnosis": "diagnosis.domain_diagnosis",
    "Fold": "protocols",
    "Merge": "run_merge",
    "PROTOCOLS": "protocols",
    "PipelineSpec": "config.pipeline_file",
    "Ranks": "statistics.ranks",
    "ResolvedRun": "runs.resolved_run",
    "RunComparison": "run_comparison",
    "RunConfig": "config.run_config",
    "RunOptions": "runs.resolved_run",
    "StoredResults": "stored_results",
    "Suite": "suites.suite_config",
    "SuiteTables": "suites.suite_run",
    "average_ranks": "statistics.ranks",
    "build": "config.pipeline_builder",
    "combine_datasets": "statistics.meta_analysis",
    "common_accuracy": "protocol_overlap",
    "common_trials": "protocol_overlap",
    "compare_pipelines": "statistics.paired_tests",
    "compare_runs": "run_comparison",
    "detectable_difference": "statistics.power",
    "diagnose": "diagnosis.domain_diagnosis",
    "from_moabb": "moabb_frame",
    "load_config": "config.run_config",
    "load_pipeline": "config.pipeline_file",
    "load_suite": "suites.suite_config",
    "merge_runs": "run_merge",
    "nested_choice": "selection.nested",
    "nested_summary": "selection.nested",
    "open_results": "stored_results",
    "resolve_run": "runs.resolved_run",
    "risk_coverage": "selective_prediction",
    "run_benchmark": "runs.runner",
    "run_regimes": "regimes.regime_run",
    "run_suite": "suites.suite_run",
    "selection_table": "selection.label_free",
    "selective_errors": "selective_prediction",
    "split": "protocols",
    "suite_tables": "suites.suite_run",
    "summarise": "summary",
    "summarise_regimes": "regimes.regime_table",
    "summarise_windows": "pseudo_online.window_scores",
    "to_moabb": "moabb_frame",
}

__all__ = [
    "PROTOCOLS",
    "Diagnosis",
    "Fold",
    "Merge",
    "PipelineSpec",
    "Ranks",
    "ResolvedRun",
    "RunComparison",
    "RunConfig",
    "RunOptions",
    "StoredResults",
    "Suite",
    "SuiteTables",
    "average_ranks",
    "build",
    "combine_datasets",
    "common_accuracy",
    "common_trials",
    "compare_pipelines",
    "compare_runs",
    "detectable_difference",
    "diagnose",
    "from_moabb",
    "load_config",
    "load_pipeline",
    "load_suite",
    "merge_runs",
    "nested_choice",
    "nested_summary",
    "open_results",
    "resolve_run",
    "risk_coverage",
    "run_benchmark",
    "run_regimes",
    "run_suite",
    "selection_table",
    "selective_errors",
    "split",
    "suite_tables",
    "summarise",
    "summarise_regimes",
    "summarise_windows",
    "to_moabb",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
