"""What all pages of the report share: the console, tables, and texts made fit to be shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from zoo.metrics import Scores, plain

REFERENCES = 2  # shown of several
_LONGEST = 160  # characters shown of a text
_MOST_FIGURES = 6  # side by side


# A terminal obeys control characters, and rich drops some, which shifts what follows: one stands for each,
# and for those that turn the direction of what follows, be it another cell of a table.
CONTROLS = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "�"
)
CONTROLS |= {ord("\t"): "\t", ord("\n"): "\n", ord("\r"): " ", ord("\f"): " "}


class _Visible(Console):
    """Lets no control character of what it prints reach the terminal but those that it writes itself."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            clean = segment.text.translate(CONTROLS)
            yield segment if segment.control or clean == segment.text else Segment(clean, segment.style)


def console(**options: Any) -> Console:
    """Returns where people read; what is printed holds strings of strangers, which are no markup."""
    return _Visible(**{"markup": False, "emoji": False, **options})


def print_scores(scores: Scores, title: str = "Scores") -> None:
    """Prints one row for each name, one column for each figure that the last of them has."""
    print_figures({name: score.written() for name, score in scores.items()}, title)


def print_figures(rows: Mapping[str, Mapping[str, str]], title: str) -> None:
    """Prints one row for each name, one column for each figure of the last one, as they are written."""
    headings = list(list(rows.values())[-1])
    if len(headings) > _MOST_FIGURES:  # many figures of a few names stand below each other
        shown_table = titled(title, "", *rows, left=1)
        for heading in headings:
            shown_table.add_row(heading, *(figures.get(heading, "-") for figures in rows.values()))
    else:
        shown_table = titled(title, "", *headings, left=1)
        for name, figures in rows.items():
            shown_table.add_row(name, *(figures.get(heading, "-") for heading in headings))
    console().print(shown_table)


def print_text(text: str, title: str) -> None:
    """Prints a text of several lines under a title."""
    visible_text = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
    page = console(highlight=False)
    page.rule(title, align="left")
    page.print(Text(visible_text), soft_wrap=True)
    page.rule()


def titled(title: str, *headings: str, left: int) -> Table:
    """Returns an empty table whose first `left` columns hold text, the others numbers."""
    empty = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        empty.add_column(heading, justify="left" if i < left else "right")
    return empty


def drawn_evenly(total: int, left_out: Sequence[int], samples: int) -> list[int]:
    """Returns the middles of equal stretches of 0 ... total - 1, without what is left out."""
    others = [i for i in range(total) if i not in left_out]
    count = min(samples, len(others))
    return [others[(2 * k + 1) * len(others) // (2 * count)] for k in range(count)]


def shown(text: str) -> str:
    """Returns a text as it is shown: on one line, cut, without control characters."""
    return visible(plain(text), _LONGEST)


def several(references: Sequence[str]) -> str:
    """Returns the first of some right answers."""
    return " / ".join(map(shown, references[:REFERENCES]))


def visible(text: str, longest: int = 40) -> str:
    """Returns a text cut in length, line breaks and control characters replaced by signs."""
    signs = "".join(c if c.isprintable() else "↵" if c == "\n" else "�" for c in text)
    return signs if len(signs) <= longest else f"{signs[: longest - 1]}…"
