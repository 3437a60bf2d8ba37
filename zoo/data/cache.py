"""Where the zoo keeps what it prepares."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Returns where the zoo prepares data sets of its own: `ZOO_CACHE`, or `~/.cache/sequence-zoo`.

    They stay out of `TFDS_DATA_DIR`, which may be shared or read-only.
    """
    return Path(os.environ.get("ZOO_CACHE") or Path.home() / ".cache" / "sequence-zoo")
