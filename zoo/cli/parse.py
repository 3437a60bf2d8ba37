"""Command lines of recipes: flags over a preset, and one line for every error."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import os
import re
import sys
import tomllib
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import zoo
from zoo import models
from zoo.errors import ZooError, one_line

Config = TypeVar("Config")
DEBUG: list[str] = []
"""The flag, if the command line has it: for programs that it starts."""
_MENDS = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EACCES: "change its rights, or give another",
    errno.EPERM: "change its rights, or give another",
    errno.EROFS: "give a place that can be written",
    errno.EMFILE: "close other programs, or raise the limit of open files",
}


def run(config: type[Config], main: Callable[[Config], Any], presets: str = "") -> None:
    """Parses `sys.argv` over the `--preset` named there, and calls `main`.

    Args:
        config: dataclass whose fields are the flags.
        main: the recipe's main.
        presets: folder of the presets, `recipes/<presets>/*.toml`; a copy of a recipe keeps its parent's.
    """
    with one_line_errors("the same command continues where the last whole epoch ended"):
        main(parse(presets, config, sys.argv[1:], sys.modules["__main__"].__doc__ or ""))


def parse(recipe: str, config: type[Config], arguments: list[str], description: str = "") -> Config:
    """Returns the config that the arguments describe.

    Raises:
        ZooError: a flag, a value or a preset is not known.
    """
    preset, arguments = _take_preset(arguments)
    default = config()
    if preset:
        path = preset_path(recipe, preset)
        default = _parse(config, default, _as_flags(path, config), f"preset {path}: ")
    names = ", ".join(presets(recipe)) or "none"
    preset_help = f"--preset NAME_OR_FILE sets other defaults; presets: {names}."
    help_text = f"{description.strip()}\n\n{preset_help} --debug shows the trace of a fault."
    return _parse(config, default, arguments, "", help_text)


def parse_commands(commands: Any, arguments: list[str], program: str, description: str) -> Any:
    """Returns the command, one dataclass of the union `commands`, that the arguments describe.

    `--version` alone prints the version, and ends.

    Raises:
        ZooError: a command, flag or value is not known.
    """
    if arguments == ["--version"]:
        print(f"sequence-zoo {zoo.__version__}")
        sys.exit(0)
    return _parse(commands, None, arguments or ["--help"], "", description, program)


def presets(recipe: str) -> dict[str, Path]:
    """Returns name -> path of a recipe's presets, in the installed package or the checkout."""
    folder = models.recipes_file(recipe) if recipe else None
    return {path.stem: path for path in sorted(folder.glob("*.toml"))} if folder else {}


def preset_path(recipe: str, preset: str) -> Path:
    """Finds a preset by name or by path.

    Raises:
        ZooError: there is none.
    """
    known = presets(recipe)
    if preset in known:
        return known[preset]
    if preset.endswith(".toml") and Path(preset).is_file():
        return Path(preset)
    raise ZooError(f"--preset {preset}: there is none; choose {', '.join(known)}, or give a .toml file")


@contextlib.contextmanager
def needs_beam(what: str) -> Iterator[None]:
    """Says how to get Apache Beam where an import within finds none.

    Args:
        what: needs it.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").split(".")[0] != "apache_beam":
            raise
        mend = "in an environment of its own: pip install 'sequence-zoo[beam]'"
        raise ZooError(f"{what}: Apache Beam is not installed; {mend}") from None


@contextlib.contextmanager
def one_line_errors(after_interrupt: str = "nothing was written") -> Iterator[None]:
    """Ends the program with one line and exit code 2 whatever goes wrong, and with 130 on Ctrl-C.

    `--debug` on the command line, which is taken off it, lets the trace of what went wrong through.

    Args:
        after_interrupt: what is told after Ctrl-C.
    """
    warnings.showwarning = _one_line_warning
    debug = "--debug" in sys.argv[1:]
    if debug:
        DEBUG.append("--debug")
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != "--debug"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an encoding that lacks a sign is no reason to say nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output, `head` say, has had enough
        _give_up(sys.stdout)
        sys.exit(0)
    except KeyboardInterrupt:
        print(f"\nstopped; {after_interrupt}", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if debug:
            traceback.print_exc()
        fail(_told(error))


def _told(error: Exception) -> str:
    """Says what went wrong, and the mend, or where there is none of the user's, how to see more."""
    if isinstance(error, ZooError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _MENDS:
        what = error.filename or "what is printed"
        return f"{what}: cannot be written or read ({error.strerror}); {_MENDS[error.errno]}"
    said = (str(error).strip() or "no more is known").splitlines()[0]
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
        return f"more memory is needed than there is ({said[:200]}); lower sizes, --batch-size first"
    return f"{type(error).__name__}: {said[:300]}; the same command with --debug shows where"


def _give_up(stream: Any) -> None:
    """What is still to be written to it goes nowhere: else the end of the program would fail once more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def from_shell(text: str) -> str:
    """Replaces what the shell passed on that is not UTF-8 by U+FFFD, as in any other text."""
    return os.fsencode(text).decode("utf-8", "replace")


def fail(message: str) -> NoReturn:
    """Prints one line and exits with 2."""
    print(f"error: {one_line(message)}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        _give_up(sys.stdout)
    sys.exit(2)


def _one_line_warning(message, category, filename, lineno, file=None, line=None) -> None:
    if issubclass(category, UserWarning):
        print(f"warning: {one_line(str(message))}", file=sys.stderr)


def _take_preset(arguments: list[str]) -> tuple[str, list[str]]:
    rest, preset, waiting = [], "", False
    for argument in arguments:
        if waiting:
            preset, waiting = argument, False
        elif argument == "--preset":
            waiting = True
        elif argument.startswith("--preset="):
            preset = argument.removeprefix("--preset=")
        else:
            rest.append(argument)
    if waiting:
        raise ZooError("--preset: give the name of a preset or a .toml file")
    return preset, rest


def _as_flags(path: Path, config: type) -> list[str]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ZooError(f"preset {path}: cannot be read ({error})") from None
    return flags_of(values, config, f"preset {path}")


def flags_of(values: Mapping[str, Any], config: type, where: str) -> list[str]:
    """Returns the flags that stand for settings.

    Raises:
        ZooError: one is none of the config's; the message begins with `where`.
    """
    fields = {field.name for field in dataclasses.fields(config)}
    flags = []
    for name, value in values.items():
        if name not in fields:
            raise ZooError(f"{where}: unknown setting {name!r}; settings are {', '.join(sorted(fields))}")
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            flags.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            flags += [flag, *map(str, value if isinstance(value, list | tuple) else [value])]
    return flags


def _parse(config, default, flags: list[str], where: str, description: str = "", program: str | None = None):
    import tyro

    options: dict[str, Any] = {"args": flags, "description": description, "prog": program}
    if default is not None:
        options["default"] = default
    if any(flag in ("-h", "--help") for flag in flags):
        if flags[0] in ("-h", "--help") or default is not None:  # of a command, its own text is told
            # Printed as it stands: the parser would join its lines.
            print(f"{description.strip()}\n")
            options["description"] = ""
        return tyro.cli(config, **options)
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(config, **options)
    except SystemExit:
        raise ZooError(where + _first_sentence(complaint.getvalue())) from None


def _first_sentence(boxed: str) -> str:
    """Takes the message out of the box that the parser draws for people with wide terminals."""
    lines = [line for line in re.sub("\x1b\\[[0-9;]*m", "", boxed).splitlines() if line.strip()]
    untitled = [line.strip(" │|") for line in lines[1:]]
    body = [line for line in untitled if line and not re.fullmatch("[-─╰╯ ]+", line)]
    end = next(
        (i for i, line in enumerate(body) if line.startswith(("Argument helptext", "For full help"))), None
    )
    said, _, guesses = " ".join(body[:end]).partition(" Perhaps you meant:")
    # Of its guesses the parser tells all that each flag is for, and of a misplaced flag a grammar.
    said, misplaced, _ = said.partition(" (applied to ")
    guess = re.search(r"--[\w-]+", guesses)
    advice = (
        "; flags follow their command" if misplaced else f"; perhaps you meant {guess[0]}" if guess else ""
    )
    return f"{said}{advice}; see --help"


@contextlib.contextmanager
def extra(name: str) -> Iterator[None]:
    """Says how to install what an import finds missing.

    Args:
        name: of the extra that has it.

    Raises:
        ZooError: something is missing.
    """
    try:
        yield
    except ImportError as error:
        raise ZooError(f'{error.name} is missing: pip install "sequence-zoo[{name}]"') from None
