"""Pictures: from the bytes of files to pixels, as graph operations that an export can hold."""

from zoo.images.formats import MOST_FRAMES, MOST_PIXELS, count_frames, decode, decode_all, header_size
from zoo.images.lines import Lines, read_lines
from zoo.images.pixels import evenly, on_background, read, refusal, resize, squash, thumbnail

__all__ = [
    "MOST_FRAMES",
    "MOST_PIXELS",
    "Lines",
    "count_frames",
    "decode",
    "decode_all",
    "evenly",
    "header_size",
    "on_background",
    "read",
    "read_lines",
    "refusal",
    "resize",
    "squash",
    "thumbnail",
]
