"""Rates and spectrograms: tones whose answers are known, and numbers of librosa 0.11."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.sounds import Ear, mel_filters, resampled


def tone(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [4000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_stays_the_same_tone_at_another_rate(rate):
    found = resampled(tf.constant(tone(700, rate)), tf.constant(float(rate)), 8000).numpy()
    assert len(found) == 4000
    np.testing.assert_allclose(found[200:-200], tone(700, 8000)[200:-200], atol=3e-3)


def test_what_the_lower_rate_cannot_hold_is_cut_off():
    high = resampled(tf.constant(tone(6000, 16_000)), tf.constant(16_000.0), 8000).numpy()
    assert np.abs(high[200:-200]).max() < 3e-3
    low = resampled(tf.constant(tone(3000, 16_000)), tf.constant(16_000.0), 8000).numpy()
    assert np.abs(low[200:-200]).max() > 0.99


def test_the_same_rate_leaves_samples_alone_and_few_are_enough():
    few = tf.constant([0.5])
    assert resampled(few, tf.constant(8000.0), 8000).numpy().tolist() == [0.5]
    assert resampled(few, tf.constant(16_000.0), 8000).shape == (1,)
    assert resampled(few, tf.constant(4000.0), 8000).shape == (2,)


def test_after_a_minute_a_tone_is_still_in_time():
    found = resampled(tf.constant(tone(700, 11_025, 60)), tf.constant(11_025.0), 8000).numpy()
    assert len(found) == 480_000
    np.testing.assert_allclose(found[-1000:-200], tone(700, 8000, 60)[-1000:-200], atol=3e-3)


def test_a_band_hears_the_tone_in_its_middle_most():
    ear = Ear(8000, 20)
    middles = np.argmax(mel_filters(8000, 256, 20), axis=0) * 8000 / 256
    for band in (3, 10, 17):
        heard = ear(tf.constant(tone(middles[band], 8000)[None])).numpy()[0]
        assert (heard[5:-5].argmax(axis=1) == band).all()


def test_frames_are_counted_from_the_first_sample_on():
    ear = Ear(8000, 20)
    click = np.zeros((1, 4000), np.float32)
    click[0, 1600] = 1  # a fifth of a second: frame 20
    heard = ear(tf.constant(click)).numpy()[0].sum(axis=1)
    assert heard.argmax() == 20
    assert len(heard) == ear.frames(4000) == 51
    assert ear(tf.zeros([1, 1])).shape == (1, 1, 20)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100])
def test_a_row_alone_has_as_many_frames_as_beside_a_longer_one(rate):
    ear = Ear(rate, 20)
    count = 20 * ear.step
    assert ear(tf.zeros([1, count])).shape[1] == ear.frames(count) == 21


def test_silence_is_the_quietest_there_is_and_padding_does_not_matter():
    ear = Ear(8000, 20)
    np.testing.assert_allclose(ear(tf.zeros([1, 800])), np.log(1e-6), rtol=1e-5)
    short = tone(500, 8000, 0.1)[None]
    padded = np.pad(short, ((0, 0), (0, 900)))
    frames = int(ear.frames(800))
    np.testing.assert_allclose(
        ear(tf.constant(padded))[0, : frames - 2], ear(tf.constant(short))[0, : frames - 2], atol=1e-4
    )
