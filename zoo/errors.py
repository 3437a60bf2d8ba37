"""The one exception that users are meant to read."""


class ZooError(Exception):
    """Bad input, told in one line that names the input and the mend; the command line exits with 2."""


def one_line(text: str) -> str:
    """Returns a text as a terminal may show it: in one line, a sign for each control character in it."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))
