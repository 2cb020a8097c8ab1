"""Decoding of a stream: the same whatever the chunks, never a guess where samples are missing."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from bci_dann import serving
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError, UnadaptedWarning
from bci_dann.serving import OnlineDecoder
from bci_dann.serving.online.decision import REASONS

SFREQ = 128


def probabilities(decisions):
    return np.array([one.probabilities for one in decisions])


def reasons(decisions):
    return [one.reason for one in decisions]


def test_a_decision_falls_due_at_every_step_from_the_first_window_on(decoder, signal):
    one = decoder()
    assert one.window_s == pytest.approx(385 / SFREQ)
    decisions = one.push(signal)
    assert [d.time for d in decisions[:3]] == pytest.approx([3.0, 3.5, 4.0])
    assert len(decisions) == 1 + (signal.shape[1] - 385) // 64
    assert all(d.ok and d.label == one.classes[d.probabilities.argmax()] for d in decisions)


@pytest.mark.parametrize(
    ("sfreq", "adapting"), [(128.0, False), (128.0, True), (160.0, False), (250.0, True)]
)
def test_decisions_do_not_depend_on_the_sizes_of_chunks(decoder, pushed, signal, sfreq, adapting):
    rng = np.random.default_rng(0)
    broken = signal[:, : 20 * SFREQ].copy()
    broken[3, 1300:1310] = np.nan
    broken[4, 1305:1312] = np.nan
    options = {"sfreq": sfreq, "adapting": adapting}
    whole = decoder(**options).push(broken)
    for sizes in ([1], [7], rng.integers(1, 10 * SFREQ, 40), [0, 3, 1000]):
        parts = pushed(decoder(**options), broken, sizes)
        assert [(d.reason, d.faults) for d in parts] == [(d.reason, d.faults) for d in whole]
        assert [d.time for d in parts] == pytest.approx([d.time for d in whole])
        np.testing.assert_allclose(probabilities(parts), probabilities(whole), atol=1e-6)


def cue_ends(model, raw):
    """Number of samples up to the end of each trial, which is included."""
    starts = [round(one["onset"] * raw.info["sfreq"]) for one in raw.annotations]
    return [start + round(3.5 * raw.info["sfreq"]) + 1 for start in starts]


def test_at_a_cue_the_stream_gives_what_the_recording_gives(causal_model, new_subject, decoder):
    trials = serving.prepare(new_subject, causal_model)
    offline = causal_model.estimator.predict_proba(trials.X)
    signal, one, start, online = new_subject.get_data(units="uV"), decoder(), 0, []
    for stop in cue_ends(causal_model, new_subject):
        one.push(signal[:, start:stop])
        online.append(one.decide().probabilities)
        start = stop
    np.testing.assert_allclose(online, offline, atol=1e-6)


def test_channels_are_found_by_name_in_any_order(decoder, signal, new_subject):
    names = new_subject.ch_names
    order = np.random.default_rng(0).permutation(len(names))
    spelled = [f"EEG {names[i].upper()}-REF" for i in order]
    mixed = decoder(ch_names=["AUX", *spelled])
    with_aux = np.concatenate([np.full((1, signal.shape[1]), np.nan), signal[order]])
    expected = probabilities(decoder().push(signal))
    np.testing.assert_array_equal(probabilities(mixed.push(with_aux)), expected)


def test_missing_channels_are_listed(decoder, new_subject):
    names = [name for name in new_subject.ch_names if name not in ("C3", "Cz")]
    with pytest.raises(DataError, match=r"lacks the channels \['C3', 'Cz'\].*--rename OLD=NEW"):
        decoder(ch_names=names)
    with pytest.raises(DataError, match=r"several channels.*\['C3'\]"):
        decoder(ch_names=[*new_subject.ch_names, "C3"])
    renamed = ["left" if name == "C3" else name for name in new_subject.ch_names]
    assert "C3" in decoder(ch_names=renamed, rename={"left": "C3"}).channels


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e308])
def test_a_missing_sample_costs_a_window(decoder, signal, value):
    broken = signal.copy()
    broken[2, 1280] = value
    decisions = decoder().push(broken)
    hit = [d for d in decisions if 10.0 <= d.time < 10.0 + 385 / SFREQ]
    assert len(hit) == 7
    assert set(reasons(hit)) == {"missing samples"}
    assert all(np.isnan(d.probabilities).all() and d.label is None for d in hit)
    assert len({d.ok for d in decisions if d not in hit}) == 1
    channel = decoder().channels[2]
    assert hit[0].faults == {channel: "missing samples"}
    assert "NaN, infinite or impossibly large" in REASONS[hit[0].reason]


def test_after_a_gap_the_window_fills_again(decoder, signal):
    one = decoder()
    one.push(signal[:, :1000])
    one.gap(2.0)
    later = one.push(signal[:, 1256:])
    assert reasons(later[:6]) == ["gap"] * 6
    first = next(d for d in later if d.ok)
    assert first.time == pytest.approx(1256 / SFREQ + 3.0, abs=0.51)
    fresh = decoder(step=1 / SFREQ).push(signal[:, 1256 : 1256 + 520])
    same = [d for d in fresh if abs(d.time + 1256 / SFREQ - first.time) < 1e-6]
    np.testing.assert_allclose(first.probabilities, same[0].probabilities, atol=1e-9)


def test_lost_doubled_and_late_chunks_are_noticed_by_their_times(decoder, signal):
    one, rng = decoder(), np.random.default_rng(0)
    starts = np.arange(0, signal.shape[1], 32)
    lost = set(rng.choice(starts[20:], 20, replace=False).tolist())
    times = [1000 + start / SFREQ * (1 + 1e-4) + rng.uniform(-5e-3, 5e-3) for start in starts]
    decisions, parts = [], {s: signal[:, s : s + 32] for s in starts.tolist()}
    for k, start in enumerate(starts.tolist()):
        if start in lost:
            continue
        decisions += one.push(parts[start], time=times[k])
        assert one.push(parts[start], time=times[k]) == []  # twice
        if k > 3:
            assert one.push(parts[starts[k - 3]], time=times[k - 3]) == []  # late
    holes = [1000 + start / SFREQ for start in lost]
    for d in decisions:
        inside = any(d.time - one.window_s < hole + 0.02 and hole < d.time + 0.02 for hole in holes)
        assert d.ok != inside or abs(min(abs(d.time - one.window_s - h) for h in holes)) < 0.3
    assert set(reasons(decisions)) == {"", "gap"}
    assert decisions[-1].time == pytest.approx(1000 + 60 * (1 + 1e-4), abs=0.6)


def test_drift_and_jitter_are_no_gap_and_a_clock_that_starts_anew_is_one(decoder, signal):
    one, rng = decoder(), np.random.default_rng(1)
    decisions = []
    for start in range(0, signal.shape[1], 16):
        time = start / SFREQ * (1 + 1e-4) + rng.uniform(-8e-3, 8e-3)
        decisions += one.push(signal[:, start : start + 16], time=500 + time)
    assert set(reasons(decisions)) == {""}
    again = one.push(signal[:, :1024], time=3.0)
    assert reasons(again)[0] == "gap"
    assert again[-1].ok
    assert again[-1].time == pytest.approx(11.0, abs=0.51)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda x: np.full_like(x, 25.0), "flat"),
        (lambda x: np.clip(50 * x, -400.0, 400.0), "railed"),
        (lambda x: x * 500.0, "too large"),
        (lambda x: x * 1e-4, "too small"),
    ],
)
def test_a_bad_channel_is_an_artefact_and_is_named(decoder, signal, change, fault):
    broken = signal.copy()
    broken[5, 2560:] = change(broken[5, 2560:])
    decisions = decoder().push(broken)
    assert all(d.ok for d in decisions if d.time < 19.9)
    late = [d for d in decisions if d.time > 24]
    assert set(reasons(late)) == {"artefact"}
    assert all(d.faults == {decoder().channels[5]: fault} for d in late)


def test_a_stream_in_volt_is_no_signal_of_this_model(decoder, signal):
    decisions = decoder().push(signal * 1e-6)
    assert not any(d.ok for d in decisions)
    assert set(decisions[-1].faults.values()) == {"too small"}


def test_an_uncertain_window_has_probabilities_and_no_class(decoder, signal):
    every = decoder().push(signal)
    threshold = float(np.median([d.probabilities.max() for d in every]))
    decisions = decoder(abstain_below=threshold).push(signal)
    assert all(d.ok for d in decisions)
    for d in decisions:
        assert (d.label is None) == (d.probabilities.max() < threshold)
        assert d.reason == ("uncertain" if d.label is None else "")


def test_the_model_follows_the_clean_windows_that_do_not_overlap(decoder, causal_model, signal):
    estimator = causal_model.estimator
    one = decoder(adapting=True, step=385 / SFREQ)
    decisions = one.push(signal)
    for k, d in enumerate(decisions):
        window = one_window(decoder, signal, (k + 1) * 385)
        expected = estimator.predict_proba(window[None])[0]
        np.testing.assert_allclose(d.probabilities, expected, atol=1e-9)
        estimator = estimator.partial_adapt(window[None])
    assert one.n_clean == len(decisions) == signal.shape[1] // 385
    assert one.model.estimator is not causal_model.estimator


def one_window(decoder, signal, stop):
    probe = decoder(step=1000.0)
    probe.push(signal[:, :stop])
    return probe._window.last().astype(np.float32)


def test_adapt_uses_the_stored_artefact_free_windows(decoder, signal):
    one = decoder(keep=10)
    one.push(signal[:, :500])
    with pytest.raises(DataError, match=r"at least 2 artefact-free windows of the stream.*got 1"):
        one.adapt()
    broken = signal.copy()
    broken[0, 3000:3800] = np.nan
    one.push(broken[:, 500:])
    before = one.decide().probabilities
    assert one.adapt() == one.n_clean == 10
    assert not np.allclose(before, one.decide().probabilities)
    few = decoder(keep=3)
    few.push(signal)
    with pytest.warns(BCIDannWarning, match="adapted to only 3 trials"):
        assert few.adapt() == 3


def test_reset_forgets_the_signal_and_keeps_the_model(decoder, signal):
    one = decoder()
    first = probabilities(one.push(signal, time=77.0))
    one.reset()
    assert one.decide().reason == "filling"
    np.testing.assert_array_equal(probabilities(one.push(signal)), first)


def test_memory_stays_the_same(decoder, signal):
    one, sizes = decoder(adapting=True, keep=5), []
    for _ in range(3):
        one.push(signal)
        sizes.append(len(pickle.dumps(one)))
    assert max(sizes) - min(sizes) < 1000  # of a minute of the signal, which takes 900 kB


def test_a_model_of_nobody_warns_and_one_that_follows_does_not(causal_model, new_subject):
    bare = serving.ServedModel(
        causal_model.estimator, causal_model.recipe.model_copy(update={"adapted_to": []})
    )
    options = {"sfreq": 128.0, "ch_names": new_subject.ch_names}
    with pytest.warns(UnadaptedWarning, match="was not adapted to this subject"):
        OnlineDecoder(bare, **options)
    OnlineDecoder(bare, **options, adapting=True)


def test_adapting_warns_where_it_changes_nothing(decoder, causal_model, monkeypatch):
    kind = type(causal_model.estimator)
    monkeypatch.setattr(kind, "can_adapt", property(lambda self: self.alignment_ is None))
    with pytest.warns(BCIDannWarning, match="changes nothing in a model without alignment"):
        decoder(adapting=True)
    decoder()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sfreq": 50.0}, ConfigError, "band has 30 Hz, and the recording is sampled at 50 Hz"),
        ({"sfreq": 70_000.0}, ConfigError, "cannot be resampled to the 128 Hz of the model"),
        ({"sfreq": float("nan")}, ConfigError, "sfreq must be a number"),
        ({"step": 0}, ConfigError, "step must be a number above 0"),
        ({"keep": 0}, ConfigError, "keep must be a whole number"),
        ({"abstain_below": 1.5}, ConfigError, "abstain_below must be"),
        ({"ch_names": []}, DataError, "lacks the channels"),
    ],
)
def test_models_and_streams_that_do_not_fit_are_refused(decoder, options, error, message):
    with pytest.raises(error, match=message):
        decoder(**options)


@pytest.mark.parametrize(
    "chunk",
    [np.zeros((3, 10)), np.zeros(15), [["a"] * 3] * 15, [[1], [1, 2]], np.zeros((15, 2), complex)],
)
def test_a_chunk_of_another_kind_is_not_taken(decoder, signal, chunk):
    one = decoder()
    one.push(signal[:, :300])
    with pytest.raises(DataError, match="chunk"):
        one.push(chunk)
    with pytest.raises(DataError, match="time must be"):
        one.push(signal[:, 300:310], time=float("nan"))
    with pytest.raises(DataError, match="time must be"):
        one.push(signal[:, 300:310], time="now")
    assert one.push(signal[:, 300:400])[0].time == pytest.approx(3.0)


def test_the_name_is_loaded_when_it_is_used():
    assert serving.OnlineDecoder is OnlineDecoder
    assert "bci_dann.serving.online.online_decoder" in sys.modules
