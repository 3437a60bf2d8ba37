"""A folder that was converted, opened, and asked from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .answering import Classification, Tagging, Translation
from .base import Model, Row
from .hearing import Transcription
from .signals import Forecasting, Recognition
from .writing import Generation

_NEEDED = {"onnxruntime": "onnxruntime", "ai_edge_litert": "ai-edge-litert", "PIL": "pillow"}
_KINDS: dict[str, type[Model]] = {
    "classification": Classification,
    "tagging": Tagging,
    "translation": Translation,
    "recognition": Recognition,
    "series": Forecasting,
    "text": Generation,
    "transcription": Transcription,
}


def load(folder: str | Path) -> Model:
    """Opens a converted model.

    Args:
        folder: that `python -m zoo convert` wrote.

    Raises:
        FileNotFoundError: it holds no such model.
        ImportError: what runs its networks is not installed: onnxruntime, or ai-edge-litert.
    """
    folder = Path(folder)
    if not (folder / "model.json").is_file():
        raise FileNotFoundError(f"{folder}: holds no converted model; python -m zoo convert NAME writes one")
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return _KINDS[about["mapping"]](folder, about)


def main(folder: Path) -> None:
    """Answers what is named, or standard input, line by line: a JSON object for each."""
    try:
        model = load(folder)
        arguments = _parser(model).parse_args()
        named = {name: getattr(arguments, name) for name in model.settings}
        settings = {name: value for name, value in named.items() if value is not None}
        for row in _answers(model, arguments.given, settings):
            sys.stdout.buffer.write(f"{json.dumps(row, ensure_ascii=False)}\n".encode())
            sys.stdout.buffer.flush()
    except ImportError as error:
        sys.exit(
            f"error: {error.name} is not installed; pip install numpy {_NEEDED.get(error.name or '', '')}"
        )
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads has read enough
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser(model: Model) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=f"Asks {model.name}; prints a line of JSON for each answer.")
    parser.add_argument("given", nargs="*", help=model.takes.replace("%", "%%"))
    for name, kind in model.settings.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar=name.upper())
    return parser


def _answers(model: Model, given: Sequence[str], settings: Mapping[str, Any]) -> Iterator[Row]:
    for argument in given:
        yield model.of_argument(argument, **settings)
    if given:
        return
    if sys.stdin.isatty():
        print("one a line; Ctrl-D ends (see --help)", file=sys.stderr)
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield model.of_line(line.rstrip(b"\r\n"), **settings)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
