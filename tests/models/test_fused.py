"""A transcriber with the help of a language model, on answers worked out by hand."""

import pytest

from zoo.errors import ZooError
from zoo.models import Fused
from zoo.tasks import Manifest, Transcription


class Ear:
    name, manifest, task = "ear", Manifest(name="ear", mapping="transcription"), Transcription()

    def predict(self, inputs, signature, batch_size):
        assert (signature, batch_size) == ("beam", 0)
        heard = {"good": [("wreck a beach", -1.0), ("recognise", -1.5), ("wreck", -9.0)]}
        return [
            {"texts": [{"text": text, "score": score} for text, score in heard.get(file, [("", 0.0)])],
             "valid": file in heard, "truncated": False}
            for file in inputs
        ]  # fmt: skip


class Reader:
    name, manifest = "reader", Manifest(name="reader", mapping="text")

    def predict(self, texts, signature):
        assert signature == "score"
        likely = {"wreck a beach": -8.0, "recognise": -3.0, "wreck": -2.0, "": 0.0}
        return [{"log_probability": likely[text]} for text in texts]


@pytest.mark.parametrize(
    ("weight", "text", "score"),
    [
        (0, "wreck a beach", -1),
        (0.05, "wreck a beach", -1.4),
        (0.2, "recognise", -2.1),
        (10, "wreck", -29),
    ],
)
def test_the_best_text_is_that_of_the_highest_sum(weight, text, score):
    model = Fused(Ear(), Reader(), weight)
    found, broken = model.predict(["good", "bad"])
    assert found == {"text": text, "score": pytest.approx(score), "valid": True, "truncated": False}
    assert broken == {"text": "", "score": 0, "valid": False, "truncated": False}
    assert model.name == "ear + reader"


def test_what_cannot_be_fused_is_refused():
    with pytest.raises(ZooError, match="reader: a language model helps transcribers alone"):
        Fused(Reader(), Reader())
    with pytest.raises(ZooError, match="ear: is no language model"):
        Fused(Ear(), Ear())
    for weight in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ZooError, match="give 0 or more"):
            Fused(Ear(), Reader(), weight)
    with pytest.raises(ZooError, match="leave alignment out"):
        Fused(Ear(), Reader()).predict(["good"], "alignment")
