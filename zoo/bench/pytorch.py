"""Training steps of PyTorch models of the sizes of our recipes' defaults, on the very batches.

A program of its own that needs PyTorch and numpy alone, since they seldom live in one environment with
TensorFlow: `python pytorch.py BATCHES.npz` prints a line of JSON. `zoo.bench.step` writes the batches.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

_WARM_UP = 10
_PADDING = 0


class Recurrent(nn.Module):
    """`nn.LSTM` or `nn.GRU` over rows that are padded on the right."""

    def __init__(self, cell: str, inputs: int, units: int, layers: int, both: bool, dropout: float):
        super().__init__()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        dropout = dropout if layers > 1 else 0.0
        self.rnn = kind(inputs, units, layers, batch_first=True, dropout=dropout, bidirectional=both)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor | None = None, first: Any = None) -> Any:
        """Returns outputs (batch, time, units) and the last states."""
        if lengths is None:
            return self.rnn(x, first)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, states = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=True)[0], states


def _rows(sizes: dict[str, Any], name: str) -> int:
    """Returns how many vectors an embedding of ours has."""
    rows, _ = sizes["weights"][f"{name}/embeddings"]
    return rows


class Sentiment(nn.Module):
    """Word vectors beside sums of n-grams -> bidirectional layers -> the highest of all steps -> labels."""

    def __init__(self, sizes: dict[str, Any]):
        super().__init__()
        self.words = nn.Embedding(_rows(sizes, "word_embedding"), sizes["word_units"])
        grams = _rows(sizes, "subword_embedding/ngrams")
        self.subwords = nn.EmbeddingBag(grams, sizes["subword_units"], mode="sum", padding_idx=_PADDING)
        width = sizes["word_units"] + sizes["subword_units"]
        self.hidden = nn.Dropout1d(sizes["embedding_dropout"])
        self.rnn = Recurrent(sizes["cell"], width, sizes["units"], sizes["layers"], True, sizes["dropout"])
        self.last = nn.Dropout(sizes["dropout"])
        self.logits = nn.Linear(2 * sizes["units"], sizes["weights"]["logits/bias"][0])

    def forward(self, words: torch.Tensor, subwords: torch.Tensor) -> torch.Tensor:
        """Returns logits (batch, labels)."""
        there = words != _PADDING
        spelled = self.subwords(subwords.flatten(0, 1)).view(*words.shape, -1)
        x = torch.cat([self.words(words), spelled], dim=-1)
        x = self.hidden(x.transpose(1, 2)).transpose(1, 2)
        x, _ = self.rnn(x, there.sum(1).cpu())
        x = self.last(x).masked_fill(~there[:, : x.shape[1], None], -torch.inf).amax(1)
        return self.logits(x)


class Generation(nn.Module):
    """Vectors of characters -> layers -> the next character; states go on from window to window."""

    def __init__(self, sizes: dict[str, Any]):
        super().__init__()
        self.tokens = nn.Embedding(_rows(sizes, "embedding"), sizes["width"])
        self.rnn = Recurrent(
            sizes["cell"], sizes["width"], sizes["units"], sizes["layers"], False, sizes["dropout"]
        )
        self.readout = nn.Linear(sizes["units"], sizes["width"])
        self.logits = nn.Linear(sizes["width"], self.tokens.num_embeddings)
        self.states: Any = None

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Returns logits (batch, time, tokens)."""
        x, states = self.rnn(self.tokens(tokens), first=self.states)
        parts = states if isinstance(states, tuple) else (states,)
        self.states = tuple(part.detach() for part in parts) if len(parts) > 1 else parts[0].detach()
        return self.logits(self.readout(x))


class Translation(nn.Module):
    """Encoder in both directions -> decoder's layers, the upper ones given what the lowest attends to."""

    def __init__(self, sizes: dict[str, Any]):
        super().__init__()
        width, units, encoded = sizes["width"], sizes["decoder_units"], 2 * sizes["encoder_units"]
        self.source = nn.Embedding(_rows(sizes, "source_embedding"), width)
        self.target = nn.Embedding(_rows(sizes, "target_embedding"), width)
        cell, dropout = sizes["cell"], sizes["dropout"]
        self.encoder = Recurrent(cell, width, sizes["encoder_units"], sizes["encoder_layers"], True, dropout)
        self.bridges = nn.ModuleList(nn.Linear(encoded, units) for _ in range(sizes["decoder_layers"]))
        self.lowest = Recurrent(cell, width, units, 1, False, 0.0)
        self.query = nn.Linear(units, encoded, bias=False)
        self.upper = nn.ModuleList(
            Recurrent(cell, units + encoded, units, 1, False, 0.0) for _ in range(sizes["decoder_layers"] - 1)
        )
        self.readout = nn.Linear(units + encoded, width)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Returns logits (batch, time, pieces)."""
        there = source != _PADDING
        memory, last = self.encoder(self.source(source), there.sum(1).cpu())
        last = torch.cat([last[-2], last[-1]], dim=-1)
        first = [torch.tanh(bridge(last))[None] for bridge in self.bridges]
        x, _ = self.lowest(self.target(target), first=first[0])
        scores = (self.query(x) @ memory.transpose(1, 2)).masked_fill(~there[:, None], -torch.inf)
        context = scores.softmax(-1) @ memory
        for rnn, state in zip(self.upper, first[1:], strict=True):
            x, _ = rnn(torch.cat([x, context], dim=-1), first=state)
        x = self.readout(torch.cat([x, context], dim=-1))
        return x @ self.target.weight.T


MODELS = {"generation": Generation, "sentiment": Sentiment, "translation": Translation}


def measured(path: str) -> dict[str, Any]:
    """Trains a model on the batches of a file.

    Returns:
        `step_ms`, the median of steps; `tokens_per_second`; `device`; `pytorch`, its version.
    """
    with np.load(path) as file:
        sizes, tokens = json.loads(str(file["sizes"])), file["tokens"].tolist()
        batches: list[dict[str, np.ndarray]] = [{} for _ in tokens]
        for place in file.files:
            number, _, name = place.partition("/")
            if name:
                batches[int(number)][name] = file[place]
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    model: nn.Module = MODELS[sizes["recipe"]](sizes)
    model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=sizes["learning_rate"], fused=True)
    ready = [{name: torch.from_numpy(value).long() for name, value in batch.items()} for batch in batches]
    seconds = []
    for batch in ready:
        began = time.perf_counter()
        inputs = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
        targets = inputs.pop("targets")
        optimizer.zero_grad(set_to_none=True)
        logits = model(**inputs)
        ignored = -100 if targets.dim() == 1 else _PADDING
        loss = cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=ignored)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), sizes["clip_norm"])
        optimizer.step()
        loss.item()  # and waits for it
        seconds.append(time.perf_counter() - began)
    return {
        "step_ms": 1e3 * statistics.median(seconds[_WARM_UP:]),
        "tokens_per_second": sum(tokens[_WARM_UP:]) / sum(seconds[_WARM_UP:]),
        "device": torch.cuda.get_device_name() if cuda else "CPU",
        "pytorch": torch.__version__,
    }


if __name__ == "__main__":
    print("\n" + json.dumps(measured(sys.argv[1])))
