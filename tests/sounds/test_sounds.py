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


def test_filters_are_those_of_librosa():
    # librosa 0.11: filters.mel(sr=16000, n_fft=512, n_mels=40)[30], and the sums of sr=8000, n_fft=256, 8.
    rising = [0.000353874, 0.000755184, 0.001156493, 0.001557803, 0.001959113, 0.002360422, 0.002761732,
              0.003163041, 0.003469186, 0.003097198, 0.00272521, 0.002353222, 0.001981234, 0.001609246,
              0.001237258, 0.000865269, 0.000493281, 0.000121293]  # fmt: skip
    band = mel_filters(16_000, 512, 40)[:, 30]
    assert np.flatnonzero(band).tolist() == list(range(112, 130))
    np.testing.assert_allclose(band[112:130], rising, rtol=1e-5, atol=1e-9)
    sums = [
        0.031948276,
        0.031950735,
        0.03210336,
        0.031945765,
        0.031998731,
        0.032005429,
        0.031998251,
        0.031998258,
    ]
    np.testing.assert_allclose(mel_filters(8000, 256, 8).sum(axis=0), sums, rtol=1e-5)


def test_a_spectrogram_is_librosa_s():
    # librosa 0.11: log(feature.melspectrogram(y=wave, sr=8000, n_fft=256, hop_length=80, window="hann",
    # center=True, pad_mode="constant", power=2.0, n_mels=8) + 1e-6), of frames 0, 5 and 10.
    expected = [
        [-0.01153, 0.63781, -3.74404, -6.11529, -8.27694, -7.38751, -1.96449, -3.23683],
        [0.60571, 1.40227, -12.14625, -13.80734, -13.81502, -13.81494, -1.8004, -1.77589],
        [-0.01598, 0.639, -3.68453, -5.87539, -7.53285, -9.67616, -3.87783, -2.04444],
    ]
    time = np.arange(800) / 8000
    wave = 0.5 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * 2500 * time * (1 + time))
    found = Ear(8000, 8)(tf.constant(wave[None], tf.float32)).numpy()[0, [0, 5, 10]]
    np.testing.assert_allclose(found, expected, atol=2e-5)
