import pytest
from tiny import assert_refused

from zoo import __main__


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("give a recipe", "launch -- sentiment")),
        (("--", "sentimant"), ("sentimant", "tagging", "copy")),
        (("--", "mine.py"), ("mine.py", "no such file")),
        (("--workers", "0", "--", "sentiment"), ("--workers 0", "at least 1")),
        (("--workers", "65", "--", "sentiment"), ("--workers 65", "at most 64")),
        (("--", "sentiment", "--strategy", "one"), ("--strategy", "leave it out")),
        (("--", "sentiment", "--strategy=one"), ("--strategy", "leave it out")),
    ],
)
def test_what_cannot_be_launched_is_refused(arguments, words, call, tmp_path):
    assert_refused(call, __main__.main, tmp_path, ("launch", *arguments), *words)
