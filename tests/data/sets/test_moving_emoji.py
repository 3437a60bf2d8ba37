"""Clips of emoji: what they show is what is told of them."""

import itertools
import re

import numpy as np
import pytest

from zoo.data.sets import clip_backgrounds, moving_emoji
from zoo.data.sets.moving_emoji import EVENTS, FRAMES, PASSING, SCENERY, SIZE, STAYING, THINGS, TOGETHER
from zoo.data.splits import split_of

SPAN = np.arange(2, 8)


@pytest.fixture(scope="module")
def stage():
    return moving_emoji.Stage()


def thing(x=0.5, y=0.5):
    return moving_emoji.at_rest(np.random.default_rng(0), "fox", 0.3, x, y)


def moved(event: str, span=SPAN):
    found = thing()
    moving_emoji.move(found, event, span)
    return found


def pairs_of(caption: str) -> set[tuple[str, str]]:
    """Returns pairs of thing and event in a sentence."""
    events = re.findall(rf"\b({'|'.join(sorted(EVENTS, key=len, reverse=True))})\b", caption)
    one = {verb.removesuffix("s"): verb for verb in STAYING}
    subject = re.split(rf" (?:{'|'.join(EVENTS)})", caption)[0]
    names = [re.sub(r"^an? ", "", name) for name in subject.split(" and ")]
    assert all(name in THINGS for name in names) and len(events) == 2, caption
    return {(name, one.get(event, event)) for name, event in itertools.product(names, events)}


# What happens -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "x", "y", "turn"),
    [
        ("rises", 0, -1, 0),
        ("falls", 0, 1, 0),
        ("rolls left", -1, 0, -1),
        ("rolls right", 1, 0, 1),
        ("turns", 0, 0, 1),
    ],
)
def test_a_thing_goes_and_turns_where_it_is_told_to_and_only_then(event, x, y, turn):
    found = moved(event)
    for way, direction in ((found.x, x), (found.y, y), (found.turn, turn)):
        steps = np.sign(np.diff(way)).astype(int)
        assert (steps[2:7] == direction).all()
        assert (steps[:2] == 0).all() and (steps[7:] == 0).all()
    assert found.seen.all() and (found.scale == 1).all()


@pytest.mark.parametrize(("event", "direction"), [("hops left", -1), ("hops right", 1)])
def test_what_hops_goes_aside_and_up_and_comes_down_again(event, direction):
    found = moved(event)
    assert (np.sign(np.diff(found.x))[2:7] == direction).all()
    assert found.y[[0, 2, 7, 11]] == pytest.approx(0.5) and (found.y[3:7] < 0.45).all()
    assert found.y[3] < found.y[4] and found.y[6] < found.y[5]  # twice


@pytest.mark.parametrize(("event", "direction"), [("grows", 1), ("shrinks", -1)])
def test_a_thing_grows_or_shrinks_from_what_it_was(event, direction):
    found = moved(event)
    steps = np.sign(np.diff(found.scale)).astype(int)
    assert (steps[2:7] == direction).all() and not steps[:2].any() and not steps[7:].any()
    moving_emoji.move(found, "shrinks" if event == "grows" else "grows", np.arange(7, 12))
    steps = np.sign(np.diff(found.scale)).astype(int)
    assert (steps[2:7] == direction).all() and (steps[7:] == -direction).all()


def test_a_thing_that_blinks_is_away_now_and_then_and_there_at_both_ends():
    found = moved("blinks")
    assert found.seen[[2, 7]].all() and (~found.seen[2:8]).sum() >= 2
    assert found.seen[:2].all() and found.seen[8:].all()


def test_two_that_meet_come_near_and_two_that_part_go_away(stage):
    seen = {}
    for number in range(400):
        things, caption, _ = stage.composed("train", number)
        if caption.endswith(("meet, then part", "part, then meet")):
            steps = np.sign(np.diff(things[1].x - things[0].x))
            seen[caption.split()[-3]] = (steps[:4].tolist(), steps[-4:].tolist())
    assert seen == {"meet,": ([-1] * 4, [1] * 4), "part,": ([1] * 4, [-1] * 4)}


# Clips ------------------------------------------------------------------------------------------------------


def test_a_clip_is_the_same_at_every_call_and_things_stay_within_it(stage):
    for number in range(40):
        frames, caption = stage.clip("train", number)
        again, same = stage.clip("train", number)
        assert frames.shape == (FRAMES, SIZE, SIZE, 3) and frames.dtype == np.uint8
        np.testing.assert_array_equal(frames, again)
        assert caption == same
        for each in stage.composed("train", number).things:
            assert (each.x > 0).all() and (each.x < 1).all() and (each.y > 0).all() and (each.y < 1).all()


def test_of_held_out_clips_each_has_a_pair_that_no_clip_of_training_has(stage):
    for part in ("train", "validation", "test"):
        for number in range(150):
            found = {
                split_of(f"{name} {event}") for name, event in pairs_of(stage.composed(part, number).caption)
            }
            assert part in found and found <= {part, "train"}


def test_sentences_are_english(stage):
    captions = [stage.composed("train", number).caption for number in range(400)]
    for caption in captions:
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", caption)
        assert re.search(r"^an? .*, then ", caption)
        first, second = caption.split(", then ")
        several = " and " in first
        for event in (first, second):
            assert bool(re.search(rf"\b({'|'.join((*PASSING, *STAYING))})\b", event)) != several
    assert any(f"behind {article}" in caption for caption in captions for article in ("a ", "an "))
    assert any("in front of" in caption for caption in captions)
    assert {event for event in TOGETHER if any(event in caption for caption in captions)} == set(TOGETHER)


def test_what_passes_behind_is_hidden_and_what_passes_in_front_hides(stage):
    found = {}
    for number in range(600):
        clip = stage.composed("train", number)
        for how in ("behind", "in front of"):
            if f" {how} " in clip.caption:
                found.setdefault(how, [each.name for each in clip.things])
    assert found["behind"][-1] in SCENERY  # drawn last
    assert found["in front of"][0] in SCENERY


def test_shuffled_clips_have_the_same_frames_and_patterned_ones_another_background(stage):
    plain, shuffled, patterned = (stage.clip("test", 3, kind) for kind in ("plain", "shuffled", "patterned"))
    assert plain.caption == shuffled.caption == patterned.caption
    assert (plain.frames != shuffled.frames).any()
    in_order = [sorted(frame.tobytes() for frame in clip.frames) for clip in (plain, shuffled)]
    assert in_order[0] == in_order[1]
    assert (plain.frames[:, 0] != patterned.frames[:, 0]).mean() > 0.3
    rows = [clip_backgrounds.plain(np.random.default_rng(seed), 48) for seed in range(20)]
    assert all((row == row[:, :1]).all() for row in rows)  # plain ones differ from row to row alone


@pytest.mark.parametrize("draw", [clip_backgrounds.plain, clip_backgrounds.patterned])
def test_backgrounds_are_of_the_size_that_is_asked_for_and_light(draw):
    for seed in range(20):
        found = draw(np.random.default_rng(seed), 47)
        assert found.shape == (47, 47, 3) and found.dtype == np.uint8 and found.min() >= 89


def test_the_data_set_has_its_parts(monkeypatch, tmp_path):
    from zoo import data

    monkeypatch.setattr(moving_emoji, "CLIPS", {"train": 4, "validation": 2, "test": 3})
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    examples = data.load("moving_emoji", "captioning")
    sizes = {part: len(examples.split(part)) for part in ("train", "validation", "test", *examples.extra)}
    assert sizes == {"train": 4, "validation": 2, "test": 3, "test_patterns": 3, "test_shuffled": 3}
    stage = moving_emoji.Stage()
    stored = {row["captions"][0].numpy().decode(): row["image"].numpy() for row in examples.test.dataset}
    made = {clip.caption: clip.frames for clip in (stage.clip("test", number) for number in range(3))}
    assert stored.keys() == made.keys()
    for caption, frames in made.items():
        np.testing.assert_array_equal(stored[caption], frames)
    assert "Twemoji" in examples.licence
