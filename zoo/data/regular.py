"""Files of strangers: regular ones alone, and never more of one than is sensible."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path, folder: int | None = None) -> BinaryIO:
    """Opens a file for reading that is no link, pipe or device: one of those may wait for ever, or never end.

    Args:
        path: the file.
        folder: descriptor of the folder that the path is seen from; None: the current one.

    Raises:
        OSError: it is one, or cannot be opened.
    """
    if stat.S_ISLNK(os.lstat(path, dir_fd=folder).st_mode):
        raise OSError(f"{path.name} is a link")
    # That it is none is said again as it is opened, and a pipe is opened without waiting for its writer.
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, os.O_RDONLY | flags, dir_fd=folder), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(f"{path.name} is no regular file")


def read_regular(path: Path, most: int) -> bytes:
    """Reads such a file, if it holds at most so many bytes.

    Raises:
        OSError: it is something else, holds more, or cannot be read.
    """
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"{path.name} holds more than {most:,} bytes")
    return content
