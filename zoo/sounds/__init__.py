"""Sound: the bytes of WAV files, samples at one rate, and what an ear makes of them; all in the graph."""

from zoo.sounds.mel import Ear, mel_filters
from zoo.sounds.rates import resampled
from zoo.sounds.spectrograms import Spectrograms, spectrograms
from zoo.sounds.wav import MOST_SECONDS, Sounds, read

__all__ = [
    "MOST_SECONDS",
    "Ear",
    "Sounds",
    "Spectrograms",
    "mel_filters",
    "read",
    "resampled",
    "spectrograms",
]
