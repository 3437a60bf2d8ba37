"""Recordings and pictures of a line in, texts out."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .base import Array, OfFiles, Row
from .search import log_softmax
from .texts import lines_of

_SURE = 1e-5  # a blank is passed by where all else is less probable, behind another such one
_LOUDEST = 1e6
_QUIET = 1e-6  # power below which all is silence
_NONE = -np.inf


class Transcription(OfFiles):
    """A text for a recording, or for a picture of a line."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        rate = self._config["rate"]
        what = f"WAV files of {rate} samples a second" if about.get("ear") else "pictures of a line of text"
        self.takes = f"{what}; without one, lines of standard input, each the path of one"
        self._core = self._network("core")
        self._symbols = lines_of(folder / "symbols.txt")
        self._sound = self._config["reads"] == "sound"

    def answer(self, given: Any) -> Row:
        """Answers one recording or picture.

        Args:
            given: samples (time,) at the model's rate, from -1 to 1 or an array of int16 or int32; or a
                picture, (rows, columns) or (rows, columns, 3), from 0 to 255.

        Raises:
            ValueError: it has another shape.
        """
        if isinstance(given, str | bytes | Path):
            raise ValueError("give an array of numbers; answer_file reads a file")
        whole = getattr(given, "dtype", None) in (np.int16, np.int32) and self._sound
        array = np.asarray(given / -float(np.iinfo(given.dtype).min) if whole else given, np.float32)
        if array.ndim != 1 if self._sound else array.ndim not in (2, 3):
            wanted = "(samples,)" if self._sound else "(rows, columns) or (rows, columns, 3)"
            raise ValueError(f"an array of shape {array.shape}; give {wanted}")
        frames, truncated = self._heard(array) if self._sound else self._seen(array)
        if not len(frames):
            return {"text": "", "score": 0.0, "valid": False, "truncated": False}
        real = np.ones((1, len(frames)), np.int32)
        steps = -(-len(frames) // self._config["strides"])
        logits = self._core({"frames": frames[None].astype(np.float32), "real": real})["logits"][0, :steps]
        most = self._config["most_symbols"]
        found, score = prefix_search(log_softmax(logits.astype(np.float64)), self._config["beam_size"], most)
        text = "".join(self._symbols[number] for number in found)
        return {"text": text, "score": score, "valid": True, "truncated": truncated or len(found) == most}

    def read(self, path: Path) -> tuple[Any, ...]:
        """Reads a file as `answer` takes it."""
        return (_samples(path, self._config["rate"]) if self._sound else _picture(path),)

    def _heard(self, samples: Array) -> tuple[Array, bool]:
        """Returns log-mel frames, in standard deviations of the recording."""
        about, most = self._about["ear"], self._config["most_frames"]
        size, step, rate = about["size"], about["step"], self._config["rate"]
        limit = rate * max(1, -(-most * step // rate))
        longer, samples = len(samples) > limit, samples[:limit]
        if not len(samples) or not (np.abs(samples) < _LOUDEST).all():
            return np.zeros((0, 1)), False
        count = len(samples) // step + 1
        padded = np.pad(samples, (size // 2, size - size // 2))
        windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::step][: min(count, most)]
        hann = np.hanning(size + 1)[:-1].astype(np.float32)
        power = np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2
        bands = np.log(power @ self._arrays["mel"] + _QUIET)
        centred = bands - bands.mean(axis=0)
        return centred / np.sqrt((centred**2).mean() + 1e-3), longer or count > most + 1

    def _seen(self, picture: Array) -> tuple[Array, bool]:
        """Returns columns of ink, in standard deviations of the picture."""
        height, most = self._config["height"], self._config["most_frames"]
        rows, wide = picture.shape[:2]
        if not rows or not wide:
            return np.zeros((0, 1)), False
        pixels = rows / height
        fits = max(1, int(most * pixels))
        grey = picture[:, :fits] if picture.ndim == 2 else picture[:, :fits, :3].mean(axis=2)
        width = int(np.clip(np.rint(grey.shape[1] / pixels), 1, most))
        grey = _resizing(rows, height) @ grey @ _resizing(grey.shape[1], width).T
        off = grey - np.sort(grey, axis=None)[grey.size // 2]
        ink = off * np.sign(off.mean()) / max(np.sqrt((off**2).mean()), 1.0)
        return ink.T, wide > fits


def _resizing(old: int, new: int) -> Array:
    """Returns by what sums rows become more, or fewer (new, old): triangles that leave no old one out."""
    scale = new / old
    reach = max(1.0, 1 / scale)
    places = (np.arange(new) + 0.5) / scale
    weights = np.maximum(0, 1 - np.abs(np.arange(old) + 0.5 - places[:, None]) / reach)
    return weights / weights.sum(axis=1, keepdims=True)


def _samples(path: Path, rate: int) -> Array:
    try:
        with wave.open(str(path)) as file:
            found, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: is no WAV file of whole numbers ({error})") from None
    if found != rate:
        raise ValueError(f"{path}: has {found} samples a second; the model hears {rate}: resample it")
    raw = raw[: len(raw) // (width * channels) * width * channels]
    upper = np.zeros((len(raw) // width, 4), np.uint8)  # of numbers of 32 bits, whatever width they have
    upper[:, 4 - width :] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    if width == 1:  # the only one without a sign
        upper[:, 3] -= 128
    flat = upper.view("<i4").astype(np.float64) / 2.0**31
    samples: Array = flat.reshape(-1, channels).mean(axis=1)
    return samples


def _picture(path: Path) -> Array:
    from PIL import Image

    try:
        image = Image.open(path).convert("RGBA")
    except Image.UnidentifiedImageError:
        raise ValueError(f"{path}: is no picture") from None
    pixels = np.asarray(image, np.float32)
    opacity = pixels[..., 3:] / 255
    return pixels[..., :3] * opacity + 255 * (1 - opacity)


def prefix_search(log_probs: Array, beam: int, most: int) -> tuple[tuple[int, ...], float]:
    """Finds the most probable text of connectionist temporal classification, and its log-probability.

    Args:
        log_probs: of the symbols at each step, the blank first, (time, symbols).
        beam: texts that are followed.
        most: symbols of a text at most.
    """
    sure = log_probs[:, 0] > np.log1p(-_SURE)
    passed = sure & np.append(False, sure[:-1])
    # Of each text: the logarithms of the sums of its paths that end in a blank, and in its last symbol.
    texts: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, _NONE)}
    for now in log_probs[~passed]:
        stays = {}
        for text, (blank, symbol) in texts.items():
            again = symbol + now[text[-1]] if text else _NONE
            if (before := texts.get(text[:-1])) and text:
                into = before[0] if text[-2:-1] == text[-1:] else np.logaddexp(*before)
                again = np.logaddexp(again, into + now[text[-1]])
            stays[text] = (np.logaddexp(blank, symbol) + now[0], again)
        grown = []
        for text, (blank, symbol) in texts.items():
            if len(text) == most:
                continue
            longer = np.logaddexp(blank, symbol) + now
            longer[0] = _NONE
            if text:
                longer[text[-1]] = blank + now[text[-1]]
            for new in np.argsort(-longer)[:beam].tolist():
                if (*text, new) not in texts and longer[new] > _NONE:
                    grown.append(((*text, new), (_NONE, longer[new])))
        ranked = sorted([*stays.items(), *grown], key=lambda each: -np.logaddexp(*each[1]))
        texts = dict(ranked[:beam])
    best, sums = max(texts.items(), key=lambda each: np.logaddexp(*each[1]))
    return best, float(np.logaddexp(*sums) + log_probs[passed, 0].sum())
