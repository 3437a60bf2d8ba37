"""Downloads of our own data sets, from the network or from a mirror of it in a folder."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def fetch(dl_manager: tfds.download.DownloadManager, url: str) -> Path:
    """Returns the file behind an address.

    With `ZOO_MIRROR=DIR` in the environment it is `DIR/<host>/<path>`, and the network is not asked.

    Args:
        dl_manager: as a TFDS builder gets it; keeps what it has downloaded.
        url: address of one file.

    Raises:
        ZooError: the mirror lacks the file.
    """
    mirror = os.environ.get("ZOO_MIRROR")
    if not mirror:
        return Path(dl_manager.download(url))
    parts = urlsplit(url)
    path = Path(mirror, parts.netloc, parts.path.lstrip("/"))
    if not path.is_file():
        raise ZooError(f"ZOO_MIRROR lacks {path}: put there what {url} holds, or unset ZOO_MIRROR")
    return path


def read_gzip(path: Path, damaged: str) -> str:
    """Returns the text of a gzipped UTF-8 file.

    Raises:
        ZooError: it is not one; the message is `damaged`.
    """
    try:
        return gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ZooError(damaged) from error
