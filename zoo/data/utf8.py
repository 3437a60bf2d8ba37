"""Text files as people write them: UTF-8, with or without a byte-order mark."""

from pathlib import Path

from zoo.errors import ZooError


def read_bytes(path: Path) -> bytes:
    """Reads a file.

    Raises:
        ZooError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ZooError(f"{path}: no such file") from None
    except OSError as error:
        raise ZooError(f"{path}: cannot be read ({error.strerror})") from None


def read_text(path: Path) -> str:
    """Reads a UTF-8 file, with or without a byte-order mark.

    Raises:
        ZooError: the file cannot be read or is not UTF-8; the message names the line.
    """
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, raw.count(b"\n", 0, error.start) + 1) from None


def not_utf8(path: Path, line: int) -> ZooError:
    """Returns what is told of a file of which a line is not UTF-8."""
    return ZooError(f"{path}: line {line} is not UTF-8; save the file as UTF-8")
