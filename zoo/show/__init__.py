"""What people see: answers, tables of scores with mistakes beside them, curves and sheets of pictures."""

from zoo.show import answers
from zoo.show.console import print_figures, print_scores, print_text
from zoo.show.drawings import draw_drawings
from zoo.show.forecasts import Forecast, draw_forecasts
from zoo.show.sheets import draw_sheet

__all__ = [
    "Forecast",
    "answers",
    "draw_drawings",
    "draw_forecasts",
    "draw_sheet",
    "print_figures",
    "print_scores",
    "print_text",
]
