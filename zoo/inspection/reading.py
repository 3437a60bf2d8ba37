"""How a classifier's answer grows while it reads, word by word."""

from pathlib import Path

from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.models import Model


def scores_while_reading(model: Model, text: str) -> tuple[list[str], dict[str, list[float]]]:
    """Asks the model about every beginning of a text.

    Args:
        model: a classifier.
        text: words parted by spaces.

    Returns:
        The words (n,), and label -> the score after each word (n,).

    Raises:
        ZooError: the text has no words, or the model is no classifier.
    """
    words = text.split()
    if not words:
        raise ZooError("the text is empty; give at least one word")
    answers = model.predict([" ".join(words[:end]) for end in range(1, len(words) + 1)])
    if not isinstance(answers[0].get("scores"), dict):
        raise ZooError(f"{model.name}: gives no scores per label; choose a classifier")
    return words, {label: [answer["scores"][label] for answer in answers] for label in answers[0]["scores"]}


def draw_reading(model: Model, text: str, path: Path) -> str:
    """Draws `scores_while_reading` as one line per label over the words, into a PNG, SVG or PDF file.

    Returns:
        Nothing to say beside the picture: an empty text.
    """
    from matplotlib.figure import Figure

    pictures.check_path(path)
    words, scores = scores_while_reading(model, text)
    figure = Figure(figsize=(max(6, 0.62 * len(words) + 1.5), 3.6), layout="constrained")
    axis = figure.subplots()
    for label, values in scores.items():
        axis.plot(values, "o-", label=label)
    axis.set(ylim=(0, 1), ylabel="score", title=f"{model.name}: the answer after each word")
    axis.set_xticks(range(len(words)), words, rotation=40, ha="right")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    pictures.save(figure, path)
    return ""
