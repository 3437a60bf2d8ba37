"""Pictures: from the bytes of files to pixels, as graph operations that an export can hold."""

from zoo.images.formats import MOST_PIXELS, decode, header_size
from zoo.images.lines import Lines, read_lines
from zoo.images.pixels import on_background, read, refusal, resize, squash, thumbnail

__all__ = [
    "MOST_PIXELS",
    "Lines",
    "decode",
    "header_size",
    "on_background",
    "read",
    "read_lines",
    "refusal",
    "resize",
    "squash",
    "thumbnail",
]
