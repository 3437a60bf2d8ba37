"""What each mapping is: its features and files, scores and baselines, answers and how they are shown."""

from zoo.data import register
from zoo.tasks.base import Evaluation, Model, Reordered, Task, add, named
from zoo.tasks.captioning import Captioning, captioning_samples
from zoo.tasks.classification import Classification
from zoo.tasks.drawing import Drawing, drawing_samples
from zoo.tasks.manifest import CARD, MANIFEST, DataSet, Manifest, Signature, Training
from zoo.tasks.recognition import AboutSignals, Recognition, recognition_samples
from zoo.tasks.rolled import rolling
from zoo.tasks.series import Series, forecasting_samples
from zoo.tasks.tagging import Tagging
from zoo.tasks.text import Text, generation_samples
from zoo.tasks.transcription import Transcription
from zoo.tasks.translation import Translation
from zoo.tasks.windows import About, Window
from zoo.tasks.written import Judged

__all__ = [
    "CARD",
    "MANIFEST",
    "About",
    "AboutSignals",
    "Captioning",
    "Classification",
    "DataSet",
    "Drawing",
    "Evaluation",
    "Judged",
    "Manifest",
    "Model",
    "Recognition",
    "Reordered",
    "Series",
    "Signature",
    "Tagging",
    "Task",
    "Text",
    "Training",
    "Transcription",
    "Translation",
    "Window",
    "captioning_samples",
    "drawing_samples",
    "forecasting_samples",
    "generation_samples",
    "named",
    "of",
    "recognition_samples",
    "rolling",
]

for _kind in (
    Classification,
    Tagging,
    Translation,
    Captioning,
    Series,
    Text,
    Recognition,
    Transcription,
    Drawing,
):
    add(_kind)
    register(_kind())


def of(manifest: Manifest) -> Task:
    """Returns the task of a model; of one of somebody else's, what any model can be asked."""
    return named(manifest.mapping).for_model(manifest)
