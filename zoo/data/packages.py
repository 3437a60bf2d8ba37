"""Files that installed packages carry, found without importing the packages."""

from importlib.metadata import PackageNotFoundError, PackagePath, distribution


def files_of(package: str) -> list[PackagePath]:
    """Returns the files of an installed package; none if it is not installed, or does not list them."""
    try:
        return list(distribution(package).files or [])
    except PackageNotFoundError:
        return []
