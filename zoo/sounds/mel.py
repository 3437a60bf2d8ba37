"""Sound as an ear takes it in: how strong it is in bands that widen as they rise, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

_LINEAR_TO, _BREAK = 1000.0, 15.0  # hertz and mel up to which the scale is linear
_LOG_STEP = np.log(6.4) / 27.0  # above
_QUIET = 1e-6  # power below which all is silence


def mel_filters(rate: int, size: int, bands: int, lowest: float = 0.0, highest: float = 0.0) -> np.ndarray:
    """Returns how much each frequency counts for each band, in Slaney's Auditory Toolbox (1998).

    Triangles at equal distances on the mel scale, each of area 1 over hertz: librosa's `filters.mel`.

    Args:
        rate: samples a second.
        size: of the Fourier transform, in samples.
        bands: how many.
        lowest: frequency, in hertz.
        highest: frequency; 0: half of the rate.

    Returns:
        float32 (size // 2 + 1, bands).
    """
    frequencies = np.linspace(0, rate / 2, size // 2 + 1)
    edges = _hertz(np.linspace(_mel(lowest), _mel(highest or rate / 2), bands + 2))
    rising = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


def _mel(hertz: float) -> float:
    if hertz < _LINEAR_TO:
        return hertz * _BREAK / _LINEAR_TO
    return _BREAK + float(np.log(hertz / _LINEAR_TO)) / _LOG_STEP


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _BREAK, mel * _LINEAR_TO / _BREAK, _LINEAR_TO * np.exp(_LOG_STEP * (mel - _BREAK)))


@dataclass(frozen=True)
class Ear:
    """Log-mel spectrograms.

    Attributes:
        rate: samples a second.
        bands: of the mel scale.
        window: seconds that each frame looks at, within a Hann window.
        hop: seconds from frame to frame.
    """

    rate: int
    bands: int = 40
    window: float = 0.032
    hop: float = 0.010

    @property
    def size(self) -> int:
        """Samples that a frame looks at."""
        return round(self.rate * self.window)

    @property
    def step(self) -> int:
        """Samples from frame to frame."""
        return round(self.rate * self.hop)

    def __call__(self, samples: tf.Tensor) -> tf.Tensor:
        """Returns the natural logarithm of the power in each band, float32 (batch, frames, bands).

        Frame i is centred on sample `i * step`; beyond both ends there is silence.

        Args:
            samples: float32 (batch, samples), zeros behind the end of a shorter row.
        """
        size = self.size
        padded = tf.pad(samples, [[0, 0], [size // 2, size - size // 2]])
        # TensorFlow's Hann window is periodic, as a spectrum asks for.
        spectrum = tf.signal.stft(padded, size, self.step, fft_length=size, pad_end=False)
        power = tf.square(tf.abs(spectrum))
        bands = tf.einsum("btf,fm->btm", power, mel_filters(self.rate, size, self.bands))
        return tf.math.log(bands + _QUIET)

    def frames(self, counts: tf.Tensor) -> tf.Tensor:
        """Returns how many frames so many samples give: one at the first, and one after each whole step."""
        return counts // self.step + 1
