"""Whether sentences tell what happened in the order in which it did."""

import re
from collections.abc import Iterable, Sequence

from zoo.metrics.compared import ratio


def events_in_order(
    references: Sequence[str], predicted: Sequence[str], events: Iterable[str]
) -> dict[str, float]:
    """Scores the order of events.

    Args:
        references: the true sentence of each clip (n,).
        predicted: a sentence of each (n,).
        events: phrases for all that may happen, such as "falls" and "rolls left".

    Returns:
        `both_events`, the share of clips whose sentence names the events of the true one, in whatever order;
        `order`, the share of these in which they come in the true order. By chance two events do in half of
        them. 0 where there are none. Clips in which no two different events happen do not count.
    """
    longest_first = sorted(events, key=len, reverse=True)
    phrase = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b")
    told = [
        (true, phrase.findall(sentence))
        for true, sentence in zip(map(phrase.findall, references), predicted, strict=True)
        if len(set(true)) > 1
    ]
    named = [(true, found) for true, found in told if sorted(true) == sorted(found)]
    in_order = sum(true == found for true, found in named)
    return {"both_events": ratio(len(named), len(told)), "order": ratio(in_order, len(named))}
