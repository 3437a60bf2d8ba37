"""Files of clips: animated GIF, WebP and PNG, and folders of frames, packed as exported models read them."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zoo.data.own import picture_files

if TYPE_CHECKING:
    from PIL.Image import Image

STILL = "is a still picture, no clip (an animated GIF, WebP or PNG, or a folder of frames)"
_DURATION = 100.0  # milliseconds of a frame that says nothing else, or next to nothing, as browsers have it
_TOO_SHORT = 10.0
_LONGEST = 16_383  # pixels of a side, which is what WebP holds


class _NoClip(Exception):  # noqa: N818 - it never leaves this file
    """Says why something is no clip, as in "is damaged or cut off"."""


def packed(source: Path | bytes, frames: int) -> bytes:
    """Returns a clip as an animated WebP without loss, of some frames evenly over the time that it lasts.

    TensorFlow reads no animated PNG, and of an animated GIF neither what is transparent nor what a frame asks
    to be cleared behind it.

    Args:
        source: the file, its bytes, or a folder of frames in the order of the numbers in their names.
        frames: how many.

    Returns:
        The file's bytes; what is no clip comes back empty, which no model takes for one: see `refusal`.

    Raises:
        ZooError: the file cannot be read.
    """
    try:
        return as_webp(_evenly(source, frames))
    except _NoClip:
        return b""


def refusal(source: Path | bytes, frames: int = 2) -> str:
    """Says why `packed` would refuse a clip, as in "is damaged or cut off"; "" if it would not."""
    try:
        _evenly(source, frames)
    except _NoClip as reason:
        return str(reason)
    return ""


def as_webp(frames: Sequence[Image], duration: int = round(_DURATION)) -> bytes:
    """Writes frames of one size as an animated WebP without loss.

    Pillow's own writer leaves out frames that equal the one before, and with them their time.

    Args:
        frames: RGBA.
        duration: of each, in milliseconds.
    """

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def three(number: int) -> bytes:
        return struct.pack("<I", number)[:3]

    size = b"".join(three(pixels - 1) for pixels in frames[0].size)
    chunks = [chunk(b"VP8X", b"\x12\0\0\0" + size), chunk(b"ANIM", b"\xff" * 4 + b"\0\0")]
    for frame in frames:
        file = io.BytesIO()
        frame.save(file, "WEBP", lossless=True, method=0)
        # In its corner, for so long, in place of what was there; then the picture's own chunk.
        chunks.append(chunk(b"ANMF", three(0) * 2 + size + three(duration) + b"\2" + file.getvalue()[12:]))
    return chunk(b"RIFF", b"WEBP" + b"".join(chunks))


def given(paths: Sequence[str]) -> list[picture_files.Picture]:
    """Returns the clips that paths name; a folder stands for the clips in it, or for one, if it holds stills.

    Raises:
        ZooError: a file is missing, or a folder holds no pictures.
    """
    files = [file for path in paths for file in _in_folder(Path(path))]
    picture_files.check(files, "a clip", "clips", folders=True)
    return [picture_files.Picture(picture_files.shown(file), file) for file in files]


def _in_folder(path: Path) -> list[Path]:
    if not os.path.isdir(path):  # noqa: PTH112 - it does not raise on a name that is too long
        return [path]
    files = picture_files.in_folder(path, picture_files.SUFFIXES, "clips")
    reasons = (refusal(file) for file in files)
    return [path] if next((reason for reason in reasons if reason in ("", STILL)), "") == STILL else files


# Frames -----------------------------------------------------------------------------------------------------


def _evenly(source: Path | bytes, frames: int) -> list[Image]:
    """Returns some frames, each the one that is seen in the middle of its share of the time."""
    inside = isinstance(source, Path) and source.is_dir()
    read = _of_folder(source) if inside else _of_file(source)  # type: ignore[arg-type]
    _check_length(frames, read.pixels)  # of a short clip some are taken twice
    ends = list(accumulate(read.durations))
    middles = [(2 * number + 1) * ends[-1] / (2 * frames) for number in range(frames)]
    return [read.frames[next(place for place, end in enumerate(ends) if end > middle)] for middle in middles]


class _Read(NamedTuple):
    """How long each frame is seen, all frames, and how many pixels one has."""

    durations: list[float]
    frames: list[Image]
    pixels: int


def _of_folder(folder: Path) -> _Read:
    files = picture_files.in_folder(folder, picture_files.SUFFIXES, "pictures")
    files.sort(key=lambda file: [int(s) if s.isdigit() else s for s in re.split(r"(\d+)", file.name)])
    if len(files) == 1:
        raise _NoClip("holds a single picture, and a clip has several")
    frames: list[Image] = []
    for file in files:
        frames.append(_still(file))
        first, size = frames[0].size, frames[-1].size
        if size != first:
            sizes = f"{files[0].name} has {first[0]} x {first[1]} pixels, {file.name} {size[0]} x {size[1]}"
            raise _NoClip(f"holds frames of several sizes: {sizes}")
        pixels = _check_size(len(files), size)
    return _Read([_DURATION] * len(files), frames, pixels)


def _of_file(source: Path | bytes) -> _Read:
    content = picture_files.read(source) if isinstance(source, Path) else source
    file = _opened(content)
    count = _tried(lambda: getattr(file, "n_frames", 1))
    # A camera's JPEG may hold previews, which are no frames.
    if count == 1 or file.format not in ("GIF", "PNG", "WEBP"):
        raise _NoClip(STILL)
    durations, frames = [], []
    # The picture for those who know no animation may stand before the frames.
    for place in range(1 if file.info.get("default_image") else 0, count):
        _check_size(count, file.size)
        frames.append(_decoded(file, place))  # and kept: to go back is to decode all anew
        pixels = _check_size(count, file.size)  # a frame may be larger than the canvas
        duration = float(file.info.get("duration") or 0)
        durations.append(duration if duration > _TOO_SHORT else _DURATION)
    return _Read(durations, frames, pixels)


def _check_size(count: int, size: tuple[int, int]) -> int:
    """Returns how many pixels a frame has."""
    if max(size) > _LONGEST:
        raise _NoClip(f"has frames of {size[0]:,} x {size[1]:,} pixels, and {_LONGEST:,} is the most")
    _check_length(count, size[0] * size[1])
    return size[0] * size[1]


def _check_length(count: int, pixels: int) -> None:
    from zoo import images

    if count > images.MOST_FRAMES:
        raise _NoClip(f"has {count:,} frames, more than {images.MOST_FRAMES:,}; leave some out")
    if count * pixels > images.MOST_PIXELS:
        most = images.MOST_PIXELS
        raise _NoClip(
            f"has {count * pixels:,} pixels in {count:,} frames, more than {most:,}; make it smaller"
        )


def _opened(content: bytes, which: str = "") -> Image:
    from PIL import Image

    if not content:
        raise _NoClip(f"{which}is empty")
    try:
        return Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "GIF", "BMP", "WEBP"))
    except Exception:  # every reader fails in its own way
        raise _NoClip(f"{which}is no JPEG, PNG, GIF, BMP or WebP picture") from None


def _still(file: Path) -> Image:
    """Returns a frame of a folder, as models read pictures: turned as a camera notes, 16 bits cut to 8."""
    import numpy as np
    from PIL import Image as Pictures
    from PIL import ImageOps

    which = f"holds {file.name}, which "
    opened = _opened(picture_files.read(file), which)
    _check_size(1, opened.size)

    def decode() -> Image:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):
            image = Pictures.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return image.convert("RGBA")

    return _tried(decode, which)


def _decoded(file: Image, place: int) -> Image:
    def decode() -> Image:
        file.seek(place)
        return file.convert("RGBA")

    return _tried(decode)


def _tried(read: Callable[[], Any], which: str = "") -> Any:
    try:
        return read()
    except Exception:  # as above
        raise _NoClip(f"{which}is damaged or cut off") from None
