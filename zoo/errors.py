"""The one exception that users are meant to read."""


class ZooError(Exception):
    """Bad input, told in one line that names the input and the mend; the command line exits with 2."""
