"""Wheels that carry models, one for each mapping, for those who reach nothing but an index of packages."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from zoo import __version__
from zoo.errors import ZooError
from zoo.files import replacing
from zoo.models.saved import COMPANIONS, Saved

_LARGEST = 100_000_000  # bytes: more an index of packages does not take
_ANY = "py3-none-any"
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can tell: the same models give the same bytes


def pack(models: Mapping[str, Saved], folder: Path) -> list[Path]:
    """Writes the wheels.

    Returns:
        Their paths.

    Raises:
        ZooError: a model's files are not those of its manifest, or a wheel becomes too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_mapping: dict[str, dict[str, Saved]] = {}
    for name, saved in sorted(models.items()):
        saved.check()
        by_mapping.setdefault(saved.manifest.mapping, {})[name] = saved
    return [_written(mapping, own, folder) for mapping, own in sorted(by_mapping.items())]


def _written(mapping: str, models: Mapping[str, Saved], folder: Path) -> Path:
    project = f"sequence_zoo_models_{mapping}"
    info = f"{project}-{__version__}.dist-info"
    licences = "; ".join(f"{name}: {saved.manifest.dataset.licence}" for name, saved in models.items())
    metadata = (
        f"Metadata-Version: 2.1\nName: {project.replace('_', '-')}\nVersion: {__version__}\n"
        f"Summary: Models of the sequence zoo for {mapping}: {', '.join(models)}\n"
        f"Requires-Python: >=3.11\n\nLicences of the data that they learned from: {licences}\n"
    )
    files = {
        f"{COMPANIONS}/{name}/{path.relative_to(saved.path).as_posix()}": path.read_bytes()
        for name, saved in models.items()
        for path in sorted(saved.path.rglob("*"))
        if path.is_file()
    }
    files[f"{info}/METADATA"] = metadata.encode()
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: sequence-zoo\nRoot-Is-Purelib: true\nTag: {_ANY}\n".encode()
    )
    record = "".join(f"{name},{_digest(content)},{len(content)}\n" for name, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / f"{project}-{__version__}-{_ANY}.whl"
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as wheel:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name, _TIME)
                entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
                wheel.writestr(entry, content)
        if (size := temporary.stat().st_size) >= _LARGEST:
            raise ZooError(f"{path}: has {size / 1e6:.0f} MB, more than an index takes; name fewer models")
    return path


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"
