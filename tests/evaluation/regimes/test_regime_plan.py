"""The runs of a configuration with regimes, and what such a configuration may say."""

from __future__ import annotations

import pytest

from bci_dann.data import open_trials, prepare_trials
from bci_dann.data.regimes.trial_choice import choose_trials
from bci_dann.evaluation import load_config, load_suite, nested_choice, run_benchmark
from bci_dann.evaluation.config.run_config import with_replaced
from bci_dann.evaluation.regimes.regime_plan import plan_regimes
from bci_dann.exceptions import ConfigError


def names(content, *arguments, **options):
    return [one.name for one in plan_regimes(load_config(content), *arguments, **options)]


def test_each_regime_is_a_run_and_those_held_out_wait(content):
    assert names(content) == ["whole", "few_subjects"]
    assert names(content, held_out=True) == ["whole", "few_subjects", "last_look"]
    assert names(content, ["few_subjects"]) == ["few_subjects"]
    assert names(content, ["last_look"], held_out=True) == ["last_look"]


def test_worlds_come_last_and_every_tenth_waits(content):
    content["worlds"] = {"count": 10}
    assert names(content)[2:] == [f"world_{index:03d}" for index in range(9)]
    assert names(content, held_out=True)[-1] == "world_009"
    assert names(content, ["world_003"]) == ["world_003"]


def test_regimes_of_a_suite_are_named_after_data_set_and_regime(suite):
    suite["worlds"] = {"count": 1}
    loaded = load_suite(suite)
    every = [one.name for one in plan_regimes(loaded, held_out=True)]
    ways = ("whole", "few_subjects", "last_look")
    expected = [f"{data}.{way}" for data in ("first", "second") for way in ways]
    assert every == [*expected, "world_000"]
    planned = plan_regimes(loaded, ["whole", "second.few_subjects"])
    assert [one.name for one in planned] == ["first.whole", "second.whole", "second.few_subjects"]
    assert [one.config.data.params["n_subjects"] for one in planned] == [4, 3, 3]
    with pytest.raises(ConfigError, match=r"Did you mean 'second\.whole'"):
        plan_regimes(loaded, ["secnd.whole"])
    with pytest.raises(ConfigError, match=r"'first\.last_look' is held out"):
        plan_regimes(loaded, ["last_look"])


def test_a_list_of_data_sets_stays_together_in_each_regime(several):
    whole, few = plan_regimes(load_config(several))
    assert (whole.name, few.name) == ("whole", "few_subjects")
    assert few.config.data.names == ["first", "second"]
    assert (few.config.data.target_dataset, few.config.data.regime.n_subjects) == ("second", 3)
    assert whole.config.data.regime is None


def test_the_runs_are_ordinary_ones(content):
    content["worlds"] = {"count": 1}
    whole, few, held_out, world = plan_regimes(load_config(content), held_out=True)
    assert not any(one.config.has_regimes or one.config.baselines for one in (whole, few, world))
    assert whole.config.data == load_config({**content, "regimes": {"x": {}}}).data
    assert few.config.data.regime.n_subjects == 3
    assert (few.is_held_out, held_out.is_held_out) == (False, True)
    assert not held_out.config.data.regime.held_out  # no part of what its results follow from
    assert world.config.data.params["n_subjects"] >= 4


def test_a_world_is_not_asked_for_channels_of_the_recordings(content):
    content["worlds"] = {"count": 1}
    content["preprocessing"] |= {"channels": ["C3", "FC1"], "reference": ["M1", "M2"]}
    world = plan_regimes(load_config(content))[-1].config.preprocessing
    assert (world.channels, world.reference) == (None, None)
    assert (world.band, world.window) == ((8, 30), (0.5, 2.5))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["few_subject"], "no regime 'few_subject'. Did you mean 'few_subjects'"),
        (["last_look"], "'last_look' is held out for a final test: add --held-out"),
        (["whole", "whole"], "named more than once"),
    ],
)
def test_wrong_names_are_refused(content, chosen, message):
    with pytest.raises(ConfigError, match=message):
        names(content, chosen)


def test_nothing_to_run_is_refused(content):
    content["regimes"] = {"last_look": {"held_out": True}}
    with pytest.raises(ConfigError, match="all regimes are held out"):
        names(content)
    ordinary = {k: v for k, v in content.items() if k not in ("regimes", "baselines")}
    with pytest.raises(ConfigError, match="situations has no regimes: add the key"):
        names(ordinary)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baselines": []}, "baselines is missing"),
        ({"baselines": ["ea_csp"]}, "Did you mean 'ea_csp_lda'"),
        ({"baselines": ["mdm"]}, "each of baselines must be one of"),
        ({"regimes": {}}, "baselines are for regimes"),
        ({"regimes": {"../up": {}}}, "regimes"),
        ({"regimes": {"some": {"n_trial": 3}}}, "Did you mean 'n_trials'"),
        ({"worlds": {"counts": 3}}, "Did you mean 'count'"),
        ({"worlds": {"count": 3}, "regimes": {"world_001": {}}}, "the name of a world"),
    ],
)
def test_mistakes_in_a_configuration_are_named(content, changes, message):
    with pytest.raises(ConfigError, match=message):
        load_config({**content, **changes})


def test_a_regime_of_the_data_beside_regimes_is_refused(content):
    content["data"]["regime"] = {"n_subjects": 3}
    with pytest.raises(ConfigError, match=r"data\.regime excludes"):
        load_config(content)


def test_baselines_stay_where_other_pipelines_are_asked_for(content):
    """Their results are in the folders, from a run before."""
    run = with_replaced(load_config(content), {"pipelines": ["mdm"]})
    assert run.baselines == ["csp_lda"]
    assert len(plan_regimes(load_config(run))) == 2


@pytest.mark.parametrize("function", [run_benchmark, nested_choice])
def test_regimes_are_not_overlooked_by_other_runs(content, function, tmp_path):
    with pytest.raises(ConfigError, match="each of which is a separate run"):
        function(content, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.real_data
def test_the_shipped_regimes_fit_the_recordings_that_they_are_for(project, shared_data):
    config = load_config(project / "configs" / "regimes.yaml")
    folder = prepare_trials(config.data, config.preprocessing, shared_data / "mi-openbci")
    trials = open_trials(folder)
    for one in plan_regimes(config, held_out=True):
        regime = one.config.data.regime
        if one.config.data.dataset == "Recordings" and regime is not None:
            assert len(choose_trials(trials, regime)) == (regime.n_subjects or 10)


def test_every_tenth_of_the_shipped_regimes_is_held_out(project):
    """A rule that was made before any score was seen."""
    regimes = load_config(project / "configs" / "regimes.yaml").regimes
    held_out = [place for place, one in enumerate(regimes.values(), start=1) if one.held_out]
    assert held_out == [10, 20]
