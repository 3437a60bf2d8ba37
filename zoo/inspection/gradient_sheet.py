"""What `zoo.inspection.gradients` measured, as one sheet of pictures and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.inspection import pictures
from zoo.inspection.gradients import CLIP, CLIPPING, KINDS, MATRICES, Settings
from zoo.layers import CELLS

# Told apart by people of any colour vision (Okabe and Ito 2008).
_BLACK, _BLUE, _ORANGE, _GREEN, _PINK, _SKY, _RED = (
    "#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
)  # fmt: skip
_COLOURS = (_ORANGE, _BLUE, _GREEN, _SKY, _PINK, _RED, _BLACK, "#888888")
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)), (0, (3, 5)))
_FLOOR = 1e-12  # of a panel of ratios, where lines leave it
_NOTHING = 1e-30  # stands for 0, which has no logarithm
_LSTMS = {
    "forget bias 0": "lstm, forget bias 0",
    "forget bias 1": "lstm",
    "forget bias 5": "lstm, forget bias 5",
}
Found = Mapping[str, Any]


def of(measured: Found, what: str, kind: str) -> list[dict[str, Any]]:
    """Returns the pieces of one kind, seed by seed."""
    return [piece for name, piece in measured.items() if name.startswith(f"{what}/{kind}/")]


def ratios(pieces: Sequence[dict[str, Any]], state: str = "h") -> np.ndarray:
    """Returns || d loss / d state_t || over that of the last step, (seeds, time), the last step first.

    Of cells without a cell state `c`, h is taken, which is all the memory that they have.
    """
    norms = np.array([piece.get(state, piece["h"]) for piece in pieces])[:, ::-1]
    return norms / np.maximum(norms[:, :1], np.finfo(float).tiny)


def medians(measured: Found, settings: Settings) -> dict[str, dict[str, Any]]:
    """Returns kind -> what the table shows, medians over seeds.

    Returns:
        `start` and `trained`, the ratio of the gradient at the first step to that at the last, along the
        state that keeps most; `right`, the share of right answers; `longest`, and `each`, seed by seed.
    """
    rows = {}
    for kind in KINDS:
        trained, longest = (
            of(measured, "trained", kind),
            [p["longest"] for p in of(measured, "longest", kind)],
        )
        start = ratios(of(measured, "start", kind), "c")[:, settings.distance]
        rows[kind] = {
            "start": float(np.median(start)),
            "trained": float(np.median(ratios(trained, "c")[:, -1])),
            "right": float(np.median([piece["right"] for piece in trained])),
            "longest": float(np.median(longest)),
            "each": longest,
        }
    return rows


def print_tables(measured: Found, settings: Settings) -> None:
    """Prints what each kind of network remembers, what recurrent matrices do, and what clipping does."""
    from rich.table import Table

    from zoo.show.console import console

    page = console(highlight=False)
    table = Table(title="Gradients as shares of that at the last step, medians over seeds")
    back = f"{settings.distance} steps back, at the start"
    for heading in ("network", back, "trained", "right", "longest learned", "each"):
        first = heading == "network"
        table.add_column(heading, justify="left" if first else "right", no_wrap=first)
    for kind, row in medians(measured, settings).items():
        shares = (f"{row['start']:.1e}", f"{row['trained']:.1e}", f"{row['right']:.2f}")
        table.add_row(kind, *shares, f"{row['longest']:g}", " ".join(map(str, row["each"])))
    page.print(table)
    table = Table(title="Simple RNN at the start")
    for heading in ("recurrent matrix", f"gradient {settings.back} steps back"):
        table.add_column(heading, justify="left" if heading.startswith("rec") else "right")
    for kind in MATRICES:
        table.add_row(kind, f"{np.median(ratios(of(measured, 'matrix', kind))[:, -1]):.1e}")
    page.print(table)
    table = Table(title="Simple RNN whose gradients explode, trained by gradient descent")
    for heading in ("training", "largest gradient norm", "last loss", "right, each seed"):
        table.add_column(heading, justify="left" if heading == "training" else "right")
    for kind in CLIPPING:
        pieces = of(measured, "clipping", kind)
        largest = np.median([np.nanmax(piece["norms"]) for piece in pieces])
        last = np.median([np.mean(piece["losses"][-20:]) for piece in pieces])
        table.add_row(kind, f"{largest:.3g}", f"{last:.2f}", " ".join(f"{p['right']:.2f}" for p in pieces))
    page.print(table)


def draw(measured: Found, settings: Settings, path: Path) -> None:
    """Draws seven panels; lines are medians over seeds, bands reach from the lowest to the highest."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 12, "axes.titlesize": 13, "legend.fontsize": 10, "lines.linewidth": 2}):
        figure = Figure(figsize=(11, 16.5), layout="constrained")
        grid = figure.add_gridspec(4, 2, height_ratios=(1.15, 1, 1, 1))
        axes = [figure.add_subplot(grid[row, column]) for row in range(3) for column in range(2)]
        axes.append(figure.add_subplot(grid[3, :]))
        _draw_cells(axes[0], measured, "start", "At the start")
        _draw_cells(axes[1], measured, "trained", f"Trained to recall {settings.distance} steps back")
        _draw_matrices(axes[2], measured)
        _draw_forget_biases(axes[3], measured)
        _draw_clipping(axes[4], axes[5], measured)
        _draw_longest(axes[6], measured, settings)
        for axis in axes:
            axis.spines[["top", "right"]].set_visible(False)
            if axis.get_yscale() == "log":  # whose own labels are formulas, and texts are drawn as they are
                axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        drawn = "" if settings.seeds == 1 else f", median of {settings.seeds} seeds and their whole range"
        figure.suptitle(f"How far back gradients reach ({settings.units} units{drawn})", fontsize=15)
        pictures.save(figure, path)


def _draw_cells(axis, measured: Found, what: str, title: str) -> None:
    for i, cell in enumerate(CELLS):
        pieces = of(measured, what, cell)
        states = [state for state in ("h", "c") if state in pieces[0]]
        for state in states:
            name = f"{cell}, {state}" if len(states) > 1 else cell
            number = i if state == "h" else len(CELLS) + (cell != "lstm")
            _draw_bands(axis, ratios(pieces, state), name, number)
    _label_gradients(axis, title, "state")
    axis.legend(frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def _draw_matrices(axis, measured: Found) -> None:
    for i, kind in enumerate(MATRICES):
        _draw_bands(axis, ratios(of(measured, "matrix", kind)), kind, i)
    _label_gradients(axis, "Simple RNN at the start: its recurrent matrix")
    axis.legend(frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def _draw_forget_biases(axis, measured: Found) -> None:
    steps = len(of(measured, "start", "lstm")[0]["c"])
    for i, (name, kind) in enumerate(_LSTMS.items()):
        _draw_bands(axis, ratios(of(measured, "start", kind), "c"), name, i)
        gate = 1 / (1 + np.exp(-float(name.split()[-1])))
        expected = gate ** np.arange(steps)
        label = "sigmoid(bias) to the power of the distance" if i == len(_LSTMS) - 1 else None
        axis.plot(expected, color=_BLACK, linewidth=1, linestyle=":", label=label)
    _label_gradients(axis, "LSTM at the start: cell state c", "c")
    axis.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def _draw_clipping(norms, losses, measured: Found) -> None:
    for i, kind in enumerate(CLIPPING):
        for axis, name in ((norms, "norms"), (losses, "losses")):
            curves = np.array([piece[name] for piece in of(measured, "clipping", kind)], float)
            _draw_bands(axis, np.where(np.isfinite(curves), curves, np.nan), kind, i)
    norms.axhline(CLIP, color=_BLACK, linewidth=1, linestyle=":")
    norms.set(yscale="log", xlabel="update", ylabel="norm of the whole gradient", title="Exploding gradients")
    losses.axhline(np.log(4), color=_BLACK, linewidth=1, linestyle=":", label="guessing")
    losses.set(yscale="log", xlabel="update", ylabel="loss", title="What they do to a training")
    for axis in (norms, losses):
        axis.legend(frameon=False)


def _draw_longest(axis, measured: Found, settings: Settings) -> None:
    rows = medians(measured, settings)
    places = np.arange(len(rows))[::-1]
    # Equal steps for doubled distances; a network that learned none stands at the edge.
    steps = {0: 0, **{distance: i for i, distance in enumerate(settings.distances, start=1)}}
    for place, (kind, row) in zip(places, rows.items(), strict=True):
        learned = [steps[distance] for distance in row["each"]]
        axis.barh(place, np.median(learned), color=_SKY if kind in CELLS else "0.8", height=0.6)
        spread = place + np.linspace(-0.2, 0.2, len(learned)) if len(learned) > 1 else [place]
        axis.plot(learned, spread, "o", color=_BLACK, markersize=6)
    axis.set_yticks(places, list(rows))
    axis.set_xticks(list(steps.values()), ["none", *map(str, settings.distances)])
    axis.set_xlim(-0.1, len(steps) - 0.7)
    axis.set(
        xlabel=f"steps, learned within {settings.updates:,} updates (bar: median; dots: seeds)",
        title="Longest memory that is learned",
    )


def _draw_bands(axis, curves: np.ndarray, name: str, number: int) -> None:
    """Draws median and extremes of curves (seeds, time)."""
    curves = np.maximum(curves, _NOTHING)
    colour, line = _COLOURS[number % len(_COLOURS)], _LINES[number % len(_LINES)]
    over = np.arange(curves.shape[1])
    axis.plot(over, np.median(curves, axis=0), color=colour, linestyle=line, label=name)
    axis.fill_between(over, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0)


def _label_gradients(axis, title: str, state: str = "h") -> None:
    axis.axhline(1, color="0.7", linewidth=1, zorder=0)
    axis.set(
        yscale="log",
        title=title,
        xlabel="distance from the loss, in steps (T − t)",
        ylabel=f"‖∂loss/∂{state}ₜ‖, at the last step = 1",
    )
    low, high = axis.get_ylim()
    axis.set_ylim(max(low, _FLOOR), high)
