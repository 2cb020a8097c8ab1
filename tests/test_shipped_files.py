"""Every pipeline and configuration that ships can be used as it stands."""

from __future__ import annotations

import shutil

import pytest
import yaml

from bci_dann.evaluation import load_config

CONFIGS = [
    "article",
    "bnci2014_001",
    "mi_openbci",
    "mi_openbci_backbones",
    "mi_openbci_choice",
    "mi_openbci_copies",
    "mi_openbci_decoder",
    "mi_openbci_drift",
    "mi_openbci_epochs",
    "mi_openbci_labels",
    "mi_openbci_networks",
    "mi_openbci_outliers",
    "mi_openbci_prior",
    "mi_openbci_recipe",
    "mi_openbci_reweighting",
    "mi_openbci_shallow",
    "mi_openbci_strength",
    "mi_openbci_terms",
    "mi_openbci_weight",
    "quickstart",
    "t_time_protocol",
]
PIPELINES = [
    "source_only",
    "ea_source_only",
    "dann",
    "ea_dann",
    "reweight_logistic",
    "reweight_forest",
    "ea_reweight_logistic",
    "reweight_ts",
    "ra_reweight_ts",
    "csp_lda",
    "ea_csp_lda",
    "ra_csp_lda",
    "fbcsp_lda",
    "ea_fbcsp_lda",
    "ra_fbcsp_lda",
    "ts_logistic",
    "ea_ts_logistic",
    "ra_ts_logistic",
    "mdm",
    "ea_mdm",
    "ra_mdm",
    "rpa_logistic",
    "rpa_mdm",
    "mdwm",
    "ea_cdan_e",
    "ea_mcc",
    "ea_im",
    "ea_entropy",
    "ea_coral",
    "ea_mmd",
    "ea_jmmd",
    "rts_logistic",
    "rts_im",
    "bci_dann",
]


@pytest.mark.parametrize("name", CONFIGS)
def test_config_is_valid(project, name):
    config = load_config(project / "configs" / f"{name}.yaml")
    assert config.name == name


def test_every_config_and_pipeline_is_listed_here(project):
    assert {p.stem for p in (project / "configs").glob("*.yaml")} == set(CONFIGS)
    assert {p.stem for p in (project / "pipelines").glob("*.y*ml")} == set(PIPELINES)


def test_runs_on_the_same_people_describe_them_alike(project):
    """What several files say of one dataset must not drift apart."""
    paths = [project / "configs" / f"{name}.yaml" for name in CONFIGS]
    runs = [load_config(path) for path in paths if path.stem.startswith("mi_openbci")]
    assert len(runs) > 1
    assert all((r.data, r.preprocessing) == (runs[0].data, runs[0].preprocessing) for r in runs)


@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_is_named_like_its_file_and_plain_for_moabb(project, name):
    content = yaml.safe_load((project / "pipelines" / f"{name}.yml").read_text())
    assert content["name"] == name
    assert set(content["paradigms"]) == {"LeftRightImagery", "MotorImagery"}
    for step in content["pipeline"]:
        for value in step["parameters"].values():
            inner = value.values() if isinstance(value, dict) else [value]
            assert all(isinstance(v, (str, int, float, bool, type(None))) for v in inner)


@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_loads_in_moabb(project, name, tmp_path):
    from moabb.pipelines.utils import parse_pipelines_from_directory

    # from a copy: the parser leaves lock files behind
    copied = shutil.copy(project / "pipelines" / f"{name}.yml", tmp_path)
    (parsed,) = parse_pipelines_from_directory(str(copied))
    assert parsed["name"] == name
