"""A folder that was converted, opened, and asked from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .answering import Classification, Tagging, Translation
from .base import Model
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
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return _KINDS[about["mapping"]](folder, about)


def main(folder: Path) -> None:
    """Answers what is named, or standard input, line by line: a JSON object for each."""
    try:
        model = load(folder)
        if sys.argv[1:2] in (["-h"], ["--help"]):
            print(f"python ask.py takes {model.takes}; it prints a JSON object for each")
            return
        lines = (line.rstrip(b"\r\n") for line in sys.stdin.buffer)
        answers = model.of_arguments(sys.argv[1:]) if sys.argv[1:] else map(model.of_line, lines)
        for row in answers:
            sys.stdout.buffer.write(f"{json.dumps(row, ensure_ascii=False)}\n".encode())
            sys.stdout.buffer.flush()
    except ImportError as error:
        sys.exit(
            f"error: {error.name} is not installed; pip install numpy {_NEEDED.get(error.name or '', '')}"
        )
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads has read enough
    except KeyboardInterrupt:
        sys.exit(130)
