from __future__ import annotations

import io

import numpy as np
import pandas as pd
from rich.console import Console

from bci_dann.reporting import closing_tables


def summary(*protocols):
    rows = [
        {
            "dataset": "Set",
            "protocol": protocol,
            "pipeline": pipeline,
            "accuracy": accuracy,
            "std_subjects": 7.25,
            "std_seeds": np.nan,
            "roc_auc": 0.8125,
            "chance": 58.75,
            "n_subjects": 10,
        }
        for protocol in protocols
        for pipeline, accuracy in (("ea_dann", 75.75), ("source_only", 69.5))
    ]
    return pd.DataFrame(rows)


def against(rows, reference="source_only"):
    """Comparisons of the other pipelines with one."""
    others = rows[rows["pipeline"] != reference]
    place = others[["dataset", "protocol", "pipeline"]]
    return place.assign(reference=reference, difference=0.06125, p_holm=0.03125)


def closing(rows, common=None):
    return closing_tables(rows, against(rows), common)


def printed(tables):
    console = Console(file=io.StringIO(), width=120)
    for table in tables:
        console.print(table)
    return console.file.getvalue()


def test_one_table_a_protocol():
    text = printed(closing(summary("train", "train_and_target_unlabeled_full")))
    titles = [line.strip() for line in text.splitlines() if "Leave one subject out" in line]
    assert titles == [
        "Leave one subject out: Set, train",
        "Leave one subject out: Set, train_and_target_unlabeled_full",
    ]
    assert text.count("Holm's correction") == 1


def test_cells_and_missing_numbers():
    lines = printed(closing(summary("train"))).splitlines()
    (ours,) = [line for line in lines if "ea_dann" in line]
    for cell in ("75.8 ± 7.2", "0.812", "+6.1", "0.0312", "58.8", "10"):
        assert cell in ours
    (baseline,) = [line for line in lines if "source_only │" in line]
    assert baseline.count("–") == 3  # no spread over one seed; no gain over itself, no p
    assert "nan" not in baseline


def test_the_smallest_possible_p_is_told_where_it_is_not_significant():
    rows = summary("train")  # ten subjects and one comparison: p can be 0.002
    assert "p cannot be below" not in printed(closing(rows))
    text = " ".join(printed(closing(rows.assign(n_subjects=4))).split())
    assert "With 4 subjects, p cannot be below 0.1250, however large the gain." in text
    alone = rows[rows["pipeline"] == "source_only"]
    assert "p cannot be below" not in printed(closing(alone.assign(n_subjects=4)))


def test_effective_sample_size_and_domain_auc_have_columns_where_trials_are_weighted():
    assert "ESS" not in printed(closing(summary("train")))
    weighed = summary("train").assign(ess=[np.nan, 351.4], domain_auc=[np.nan, 0.9876])
    text = printed(closing(weighed))
    (line,) = [line for line in text.splitlines() if "source_only │" in line]
    assert "351" in line
    assert "0.988" in line
    assert "ESS: effective sample size of the weighted source trials" in " ".join(text.split())


def test_accuracy_on_common_trials_has_a_column_where_there_are_several_protocols():
    common = pd.DataFrame(
        {
            "dataset": "Set",
            "pipeline": ["ea_dann", "ea_dann"],
            "protocol": ["train", "train_and_target_unlabeled_full"],
            "n_common": 20,
            "common_accuracy": [71.25, 81.25],
        }
    )
    rows = summary("train", "train_and_target_unlabeled_full")
    text = printed(closing(rows, common))
    assert [word in text for word in ("common %", "71.2", "81.2")] == [True] * 3
    assert "all protocols of the run score" in " ".join(text.split())
    assert "common" not in printed(closing(rows, common.iloc[:0]))


def test_nothing_finished_is_no_table():
    assert closing(summary("train").iloc[:0]) == []


def test_a_run_of_one_pipeline_has_no_comparison():
    alone = summary("train").iloc[:1]
    text = printed(closing_tables(alone, against(alone, reference="ea_dann")))
    assert "gain: mean difference" not in " ".join(text.split())
