"""Files that installed packages carry, found without importing the packages."""

from importlib.metadata import PackageNotFoundError, PackagePath, distribution


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
