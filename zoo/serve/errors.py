"""What a server refuses, and how it says so over HTTP and over gRPC."""

from __future__ import annotations

from zoo.errors import ZooError


class Refused(ZooError):  # noqa: N818 - one of many reasons, not all of them errors
    """A request that gets an error instead of an answer.

    Attributes:
        status: of HTTP.
        code: the name of gRPC's.
        retry_after: seconds after which it is worth another try; 0: never as it stands.
    """

    status, code, retry_after = 400, "INVALID_ARGUMENT", 0


class Unknown(Refused):
    """Asks for what is not there."""

    status, code = 404, "NOT_FOUND"


class TooLarge(Refused):
    """Is larger than what is read."""

    status, code = 413, "INVALID_ARGUMENT"


class Busy(Refused):
    """Comes while as much waits as may wait."""

    status, code, retry_after = 503, "UNAVAILABLE", 1


class Late(Refused):
    """Was not answered in time."""

    status, code = 504, "DEADLINE_EXCEEDED"
