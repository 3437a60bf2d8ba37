"""Short clips of emoji that move, told in a sentence: composed by rule, as a TFDS builder."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from zoo.data.sets import clip_backgrounds, emoji_pictures
from zoo.data.splits import split_of
from zoo.errors import ZooError

SIZE, FRAMES = 48, 12
CLIPS = {"train": 8_000, "validation": 500, "test": 1_000}

THINGS = (
    "red apple", "banana", "pineapple", "watermelon", "strawberry", "carrot", "hamburger", "doughnut",
    "cheese wedge", "dog face", "cat face", "fox", "panda", "frog", "penguin", "owl", "turtle", "octopus",
    "butterfly", "lady beetle", "tropical fish", "snail", "automobile", "bus", "bicycle", "rocket",
    "sailboat", "balloon", "umbrella", "soccer ball", "basketball", "alarm clock", "light bulb", "key",
    "bell", "wrapped gift", "teddy bear", "crown", "top hat", "guitar", "red heart", "star", "sun", "ghost",
    "mushroom", "sunflower", "hammer", "locomotive",
)  # fmt: skip
"""What moves, by the names that CLDR gives it."""
SCENERY = ("evergreen tree", "cactus", "house", "tent")
"""What stands still, and others pass."""
PASSING = ("hops left", "hops right", "rises", "falls", "rolls left", "rolls right")
STAYING = ("grows", "shrinks", "turns", "blinks")
TOGETHER = ("meet", "part")
EVENTS = (*PASSING, *STAYING, *TOGETHER, *(verb.removesuffix("s") for verb in STAYING))
"""What happens, as sentences say it, of one thing and of two."""

_PASSING_SHARE, _SCENERY_SHARE, _TWO_SHARE = 0.6, 0.35, 0.3
_WAY, _NEAR, _FAR = 0.46, 0.13, 0.3  # of the picture: how far a thing moves, and two are from their middle
_SPRITE = 36  # pixels in which emoji are kept
_HOP = 0.2
_LARGE, _SMALL = 1.45, 0.62  # times the usual size


class Clip(NamedTuple):
    """One clip.

    Attributes:
        frames: uint8 (12, 48, 48, 3).
        caption: what happens.
    """

    frames: np.ndarray
    caption: str


@dataclass
class Thing:
    """What is drawn, and where it is at each frame: in shares of the picture, turns, and times its size."""

    name: str
    size: float
    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    turn: np.ndarray
    seen: np.ndarray


class Composed(NamedTuple):
    """What a clip shows.

    Attributes:
        things: what is drawn, the last one before all others.
        caption: what happens.
        random: draws the rest of it.
    """

    things: list[Thing]
    caption: str
    random: np.random.Generator


class MovingEmoji(tfds.core.GeneratorBasedBuilder):
    """Twemoji's pictures in motion: two events, one after the other, on plain backgrounds.

    Validation and test hold out pairs of thing and event: each of their clips shows one that no clip of
    training has. `test_shuffled` has the test clips with their frames in random order, `test_patterns` has
    them on patterned backgrounds, of which training has none.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention
    BUILDER_CONFIGS = [  # noqa: RUF012 - TFDS's own convention
        tfds.core.BuilderConfig(name=emoji_pictures.EmojiPictures.BUILDER_CONFIGS[0].name)
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Clips of 12 frames in which emoji move, grow, turn, blink, meet and part, composed by rule, "
                "with sentences such as 'a red apple falls behind a house, then rolls left'."
            ),
            features=tfds.features.FeaturesDict(
                {
                    # Packed as a whole: frames share what is behind them, and PNGs take six times as long.
                    "video": tfds.features.Tensor(
                        shape=(FRAMES, SIZE, SIZE, 3), dtype=np.uint8, encoding="zlib"
                    ),
                    "captions": tfds.features.Sequence(tfds.features.Text()),
                }
            ),
            homepage="https://github.com/jdecked/twemoji",
            license="CC BY 4.0 (pictures: Twemoji); Unicode-3.0 (names: CLDR)",
        )

    def _split_generators(self, dl_manager):
        stage = Stage()
        parts = {part: (part, count, stage, "plain") for part, count in CLIPS.items()}
        parts["test_shuffled"] = ("test", CLIPS["test"], stage, "shuffled")
        parts["test_patterns"] = ("test", CLIPS["test"], stage, "patterned")
        return {name: self._generate_examples(*made) for name, made in parts.items()}

    def _generate_examples(self, part, count, stage, kind):
        for number in range(count):
            clip = stage.clip(part, number, kind)
            yield f"{number:06}", {"video": clip.frames, "captions": [clip.caption]}


class Stage:
    """Composes and draws clips."""

    def __init__(self) -> None:
        pictures = {picture.captions[0]: picture.pixels for picture in emoji_pictures.read_pictures()}
        names = (*THINGS, *SCENERY)
        if missing := [name for name in names if name not in pictures]:
            raise ZooError(f"data set 'moving_emoji': the installed emoji have no {missing[0]!r}")
        size = (_SPRITE, _SPRITE)
        self.sprites = {
            name: Image.fromarray(pictures[name]).resize(size, Image.Resampling.BOX) for name in names
        }

    def composed(self, part: str, number: int) -> Composed:
        """Returns what one of the clips of a part shows, the same at every call."""
        seed = int.from_bytes(hashlib.sha256(f"{part} {number}".encode()).digest()[:8], "big")
        random = np.random.default_rng(seed)
        return Composed(*_composed(random, part), random)

    def clip(self, part: str, number: int, kind: str = "plain") -> Clip:
        """Draws one of the clips of a part; `kind`: plain, patterned (backgrounds) or shuffled (frames)."""
        things, caption, random = self.composed(part, number)
        background = clip_backgrounds.patterned if kind == "patterned" else clip_backgrounds.plain
        frames = self._drawn(things, background(random, SIZE))
        return Clip(random.permutation(frames) if kind == "shuffled" else frames, caption)

    def _drawn(self, things: list[Thing], background: np.ndarray) -> np.ndarray:
        frames = np.empty((FRAMES, SIZE, SIZE, 3), np.uint8)
        empty = Image.fromarray(background).convert("RGBA")
        places = [np.stack([thing.x, thing.y, thing.scale, thing.turn], axis=1) for thing in things]
        layers: list[tuple[Image.Image, tuple[int, int]]] = [(empty, (0, 0))] * len(things)
        for number in range(FRAMES):
            frame = empty.copy()
            for i, (thing, place) in enumerate(zip(things, places, strict=True)):
                if number == 0 or (place[number] != place[number - 1]).any():
                    layers[i] = self._placed(thing.name, thing.size, *place[number])
                if thing.seen[number]:
                    frame.alpha_composite(*layers[i])
            frames[number] = np.asarray(frame)[..., :3]
        return frames

    def _placed(self, name: str, size: float, x: float, y: float, scale: float, turn: float):
        """Returns a picture in that size and turn, and the corner where it goes on the frame."""
        pixels = SIZE * size * scale
        step = _SPRITE / pixels  # pixels of the sprite for one of the frame
        cosine, sine = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
        matrix = step * np.array([[cosine, sine], [-sine, cosine]])
        half = int(np.ceil(0.71 * pixels)) + 1
        centre = SIZE * np.array([x, y])
        low = np.maximum(np.floor(centre).astype(int) - half, 0)
        high = np.minimum(np.ceil(centre).astype(int) + half, SIZE)
        shift = _SPRITE / 2 - matrix @ (centre - low)
        values = (*matrix[0], shift[0], *matrix[1], shift[1])
        shape = tuple(np.maximum(high - low, 1).tolist())
        drawn = self.sprites[name].transform(shape, Image.Transform.AFFINE, values, Image.Resampling.BILINEAR)
        return drawn, tuple(np.minimum(low, SIZE - 1).tolist())


# What happens -----------------------------------------------------------------------------------------------


def _composed(random: np.random.Generator, part: str) -> tuple[list[Thing], str]:
    """Draws things and events of a part until they are of it; returns what is drawn, in order, and told."""
    while True:
        names = random.choice(THINGS, 2, replace=False).tolist()
        if random.random() < _TWO_SHARE:
            events = random.permutation(
                [random.choice(TOGETHER), random.choice([*TOGETHER, *STAYING])]
            ).tolist()
        else:
            names = names[:1]
            kinds = [PASSING if random.random() < _PASSING_SHARE else STAYING for _ in range(2)]
            events = [str(random.choice(kind)) for kind in kinds]
        if events[0] != events[1] and _part_of(names, events) == part:
            break
    alone = len(names) == 1
    return (_alone if alone else _two)(random, names, events)


def _part_of(names: list[str], events: list[str]) -> str:
    """Returns the part to which pairs of thing and event belong; "" where they are of both held-out parts."""
    parts = {split_of(f"{name} {event}") for name in names for event in events} - {"train"}
    return "" if len(parts) > 1 else next(iter(parts), "train")


def _alone(random, names: list[str], events: list[str]) -> tuple[list[Thing], str]:
    thing = at_rest(random, names[0])
    passing = [number for number, event in enumerate(events) if event in PASSING]
    told, scenery, behind = list(events), [], False
    spans = _spans(random)
    for event, span in zip(events, spans, strict=True):
        move(thing, event, span)
    # The whole way is put where there is room for it.
    for way in (thing.x, thing.y):
        room = 0.5 * thing.size * thing.scale.max()
        low, high = room - way.min(), 1 - room - way.max()
        way += random.uniform(*sorted((low, high)))
    if passing and random.random() < _SCENERY_SHARE:
        number = int(random.choice(passing))
        place, behind = str(random.choice(SCENERY)), random.random() < 0.5
        span = spans[number]
        middle = [(way[span[0]] + way[span[-1]]) / 2 for way in (thing.x, thing.y)]
        scenery = [at_rest(random, place, 0.36, *middle)]
        told[number] += f" {'behind' if behind else 'in front of'} {_with_article(place)}"
    things = [thing, *scenery] if behind else [*scenery, thing]
    return things, f"{_with_article(names[0])} {told[0]}, then {told[1]}"


def _two(random, names: list[str], events: list[str]) -> tuple[list[Thing], str]:
    y = random.uniform(0.3, 0.7)
    middle = random.uniform(0.45, 0.55)
    things = [at_rest(random, name, random.uniform(0.28, 0.34), middle, y) for name in names]
    # They are apart before they meet, and together before they part.
    apart = next(event for event in events if event in TOGETHER) == "meet"
    for side, thing in zip((-1, 1), things, strict=True):
        thing.x += side * (_FAR if apart else _NEAR)
    for event, span in zip(events, _spans(random), strict=True):
        for side, thing in zip((-1, 1), things, strict=True):
            if event in TOGETHER:
                way = side * (_FAR - _NEAR) * (1 if event == "part" else -1)
                thing.x += way * _ramp(span)
            else:
                move(thing, event, span)
    told = [event.removesuffix("s") if event in STAYING else event for event in events]
    both = f"{_with_article(names[0])} and {_with_article(names[1])}"
    return things, f"{both} {told[0]}, then {told[1]}"


def at_rest(
    random: np.random.Generator, name: str, size: float = 0.0, x: float = 0.0, y: float = 0.0
) -> Thing:
    """Returns a thing that stays where it is; of size 0: as large as things are."""
    each = np.ones(FRAMES)
    size = size or random.uniform(0.32, 0.4)
    return Thing(name, size, x * each, y * each, each.copy(), 0 * each, each > 0)


def move(thing: Thing, event: str, span: np.ndarray) -> None:
    """Lets something happen to a thing within some frames; it stays as it then is."""
    ramp = _ramp(span)
    if event in PASSING:
        way = thing.y if event in ("rises", "falls") else thing.x
        way += _WAY * ramp * (-1 if event in ("rises", "hops left", "rolls left") else 1)
        if event.startswith("rolls"):
            thing.turn += ramp * (1 if event == "rolls right" else -1)
        elif event.startswith("hops"):
            thing.y -= _HOP * abs(np.sin(2 * np.pi * ramp))  # twice
    elif event == "turns":
        thing.turn += ramp
    elif event == "blinks":
        thing.seen[span[1:-1:2]] = False
    else:
        # It begins small, or large, if that is the first that happens to it.
        before, after = (_SMALL, _LARGE) if event == "grows" else (_LARGE, _SMALL)
        first = thing.scale[span[0]]
        start = before if first == 1 else first
        thing.scale *= np.where(np.arange(FRAMES) < span[0], start / first, 1)
        thing.scale[span[0] :] = start * (after / start) ** ramp[span[0] :]


def _spans(random) -> tuple[np.ndarray, np.ndarray]:
    """Returns the frames of the first event, and those of the second."""
    frames, between = np.arange(FRAMES), int(random.integers(5, 7))
    return frames[: between + 1], frames[between:]


def _ramp(span: np.ndarray) -> np.ndarray:
    """Returns how much of an event has happened at each frame, from 0 to 1."""
    return np.clip((np.arange(FRAMES) - span[0]) / (span[-1] - span[0]), 0, 1)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
