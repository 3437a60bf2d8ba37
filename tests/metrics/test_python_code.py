from dataclasses import replace
from pathlib import Path

import pytest

from zoo.data import Part, of_rows
from zoo.metrics.python_code import parses, parsing
from zoo.tasks import Manifest
from zoo.tasks.text import Text


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("import", True),  # a single line breaks off
        ("import\n", False),
        ("import os\nimport", True),
        ("import os\nimport\nx = 1\n", False),
        ("def f(x):\n", True),  # its body may follow
        ("def f(x):\n    return (x,\n", True),
        ('"""A module that\n\ngoes on', True),
        ('"""A module."""\nx = [1, 2\ny = 3]\nz', False),
        ("def f(x):\nreturn x\n", False),
        ("if x:\n    y\n   z\nw", False),  # indented like nothing before
        ("if x:\n    y\n  ", True),
        ("x = )\n", False),
        ("x = '\\d'\n", True),  # a strange escape is a warning
        ("x = 'open\ny = 1\n", False),
        ("x = 1\0\n", False),
        ("(" * 5_000 + "\n", False),  # too deep to be read
        ("return\n", True),  # a parser does not ask where
        ("a b c\n", False),
    ],
)
def test_all_but_the_last_line_must_be_python(text, right):
    assert parses(text) is right


def test_what_is_whole_has_nothing_open():
    assert parses("x = 1\ny = 2", whole=True)
    assert not parses("def f():\n", whole=True) and not parses('"""open\n', whole=True)
    assert not parses("x = \n", whole=True)


def test_the_share_of_texts():
    assert parsing(["x = 1\n", "x = \n", "y\n", "z\n"]) == 0.75
    assert parsing([]) == 0


def test_a_generator_of_python_is_asked_to_write_on_from_the_first_lines_of_modules():
    asked = []

    class Model:
        name, manifest = "m", Manifest(config={"level": "char"})

        def predict(self, rows, signature="", **settings):
            if signature == "score":
                return [{"log_probability": -1.0, "units": 2, "truncated": False} for _ in rows]
            asked.append((rows, settings))
            new = [("x = 1\n", "x = )\n", "x = 1", "x = [\n")[seed % 4] for seed in settings["seed"]]
            return [{"text": row + text, "continuation": text} for row, text in zip(rows, new, strict=True)]

    plain = "".join(f"a{line} = {line}\n" for line in range(12))
    documented = '"""Says\n' + "\n" * 10 + '"""\nx = 1\ny = (\n'
    modules = [plain, "import os\n", documented, '"""Never closed\n' + "\n" * 20]
    part = Part({"text": modules})
    # A line that has no end is no answer.
    for name, expected in (("python_source", {"parses": 0.5}), ("mine.txt", {})):
        examples = replace(of_rows(Path("mine.txt"), part), name=name)
        figures = Text().evaluate(Model(), examples, "test").score.figures
        assert {key: value for key, value in figures.items() if key == "parses"} == expected
    ((rows, settings),) = asked
    assert rows[:3] == [plain[: plain.index("a10")], documented[: documented.index("x = 1")], rows[0]]
    assert len(rows) == 100 and set(settings["length"]) == {300} and len(set(settings["seed"])) == 100
