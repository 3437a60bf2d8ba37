"""Command lines: those of recipes, and of `python -m zoo`, one file a command."""

from zoo.cli.parse import from_shell, one_line_errors, parse, parse_commands, presets, run

__all__ = ["from_shell", "one_line_errors", "parse", "parse_commands", "presets", "run"]
