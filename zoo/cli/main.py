"""python -m zoo: what can be done with saved models, without a recipe."""

from __future__ import annotations

import sys

from zoo.cli.again import Again
from zoo.cli.bench import Bench
from zoo.cli.compare_command import Compare
from zoo.cli.convert import Convert
from zoo.cli.demo import Demo
from zoo.cli.evaluate import Evaluate
from zoo.cli.info import Info
from zoo.cli.inspect import Inspect
from zoo.cli.launch import Launch
from zoo.cli.listing import List
from zoo.cli.models import Models
from zoo.cli.new import New
from zoo.cli.parse import one_line_errors, parse_commands
from zoo.cli.predict import Predict
from zoo.cli.prepare import Prepare
from zoo.cli.serve import Serve

_PROGRAM = """Recurrent sequence models: train them by recipe, use them as SavedModels.

Train:   python -m zoo.recipes.sentiment (or tagging, translation, captioning, generation,
         forecasting, recognition, transcription, drawing)
Use:     python -m zoo predict sentiment_tweets "what a lovely day"
         python -m zoo predict tagging_conll2003 "Ada Lovelace met Charles Babbage in London."
         python -m zoo predict translation_cldr_en_fr "three weeks ago"
         python -m zoo predict captioning_flickr8k photo.jpg
         python -m zoo predict generation_python "def main(" --temperature 0.5
         python -m zoo predict forecasting_seattle --input my.csv
         python -m zoo predict transcription_lines line.png
         python -m zoo predict drawing_kanji 休 ⿰木木 --output kanji.svg
Try:     python -m zoo demo (a page for all models)
Serve:   python -m zoo serve sentiment_tweets
Fetch:   python -m zoo models get translation_en_fr
Spread:  python -m zoo launch --workers 2 -- sentiment (as several machines would train it)
Prepare: python -m zoo prepare wiki40b/en (by Apache Beam, text that fits no memory)
Compare: python -m zoo compare cells --recipe sentiment
Convert: python -m zoo convert sentiment_tweets (to ONNX, for machines without TensorFlow)
Renew:   python -m zoo again mine (exports it by this version of the zoo, without a training)
Copy:    python -m zoo new sentiment mine.py --test

Exit codes: 0 done, 2 one line says what is wrong (with --debug the trace, too), 130 stopped by Ctrl-C.
"""


def main() -> None:
    """Parses the command line and runs the command."""
    with one_line_errors():
        commands = (
            List
            | Info
            | Predict
            | Evaluate
            | Demo
            | Serve
            | Models
            | Inspect
            | Compare
            | Bench
            | New
            | Launch
            | Prepare
            | Convert
            | Again
        )
        parse_commands(commands, sys.argv[1:], "python -m zoo", _PROGRAM).run()
