"""One forecaster of several series, with a column that is known ahead and values that are missing."""

import csv

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from tiny import assert_refused

import zoo
from zoo.__main__ import main as zoo_main
from zoo.data.own.observed import read_panel
from zoo.data.own.times import written
from zoo.errors import ZooError
from zoo.tasks import About, Window
from zoo.tasks.windows import layout_of

SHOPS = {"A": (10, "city", 0.3), "B": (2000, "town", -0.3), "C": (300, "city", 0.3)}
ROWS, AHEAD = 200, 3
FLAGS = ["--series", "shop", "--static", "kind", "--known", "offer", "--missing", "--window", "10",
         "--horizon", "3", "--warm-up", "3", "--year", "0", "--members", "1", "--units", "16",
         "--epochs", "4", "--dropout", "0.1", "--steps-per-epoch", "60", "--shift", "0.2"]  # fmt: skip


def sold(shop: str, offer: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """What an offer does depends on the kind of shop, and nothing else is to be known."""
    level, _, effect = SHOPS[shop]
    return level * (1 + effect * offer + 0.02 * draw.normal(size=len(offer)))


def write_shops(path, **names: str):
    """Writes three shops, every twelfth number missing; the last rows tell the offers alone."""
    draw, lines = np.random.default_rng(1), ["day,shop,kind,sold,offer"]
    for shop, (_, kind, _) in SHOPS.items():
        offer = (draw.random(ROWS + AHEAD) < 0.3).astype(int)
        values = sold(shop, offer, draw)
        for row in range(ROWS + AHEAD):
            number = "" if row >= ROWS or row % 12 == 5 else f"{values[row]:.4f}"
            day = np.datetime64("2021-01-01") + row
            lines.append(f"{day},{names.get(shop, shop)},{kind},{number},{offer[row]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    train("forecasting", folder, "--dataset", write_shops(folder / "shops.csv"), *FLAGS, "--name", "shops")
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return zoo.load(folder / "saved_models/shops")


@pytest.fixture(scope="module")
def shops(folder, model):
    return read_panel(folder / "shops.csv", layout_of(About.of(model.manifest), model.manifest.config))


def windows_of(shops) -> list[Window]:
    return [
        Window(one.values[-10:], written(one.times[-1]), static=one.static, known=ahead)
        for one, ahead, _ in shops
    ]


def numbers(answer) -> np.ndarray:
    return np.array([[step[name] for name in ("10%", "forecast", "90%")] for step in answer["forecasts"]])


def test_it_learns_what_an_offer_does_to_each_kind_of_shop(folder):
    manifest = manifest_of(folder, "shops")
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    # Without noise of its own a forecast is off by 0.8 of its standard deviation, the others by the offers.
    assert score["mase"] < 0.4 * min(baseline["mase"] for baseline in baselines.values())
    assert list(score["mase_by_series"]) == ["A", "B", "C"] and max(score["mase_by_series"].values()) < 0.5
    assert score["n"] == 3 * (40 - 3 + 1)
    about = manifest["series"]
    assert about["static"] == ["shop", "kind"] and about["known"] == ["offer"]
    assert about["targets"] == ["sold"] and about["columns"] == ["sold", "offer"]
    assert set(manifest["signatures"]["serving_default"]["inputs"]) == {"values", "time", "static", "known"}
    card = (folder / "saved_models/shops/README.md").read_text()
    assert "`shop` and `kind` and `sold` and `offer`" in card and "`offer` alone" in card


def test_each_series_of_a_table_is_forecast_and_offers_move_it_its_own_way(model, shops):
    quiet, loud = (
        [window._replace(known=np.full((3, 1), offer)) for window in windows_of(shops)] for offer in (0, 1)
    )
    for window, without, with_it in zip(windows_of(shops), *map(model.predict, (quiet, loud)), strict=True):
        level, _, effect = SHOPS[window.static[0]]
        assert {step["series"] for step in without["forecasts"]} == {window.static[0]}
        np.testing.assert_allclose(numbers(without)[:, 1], level, rtol=0.1)
        np.testing.assert_allclose(numbers(with_it)[:, 1] / numbers(without)[:, 1], 1 + effect, atol=0.1)


def test_streamed_it_says_what_it_says_of_the_whole_window(model, shops):
    for (one, _, _), window in zip(shops, windows_of(shops), strict=True):
        (whole,) = model.predict([window])
        follower = model.follow(one.name)
        count, rows = len(one.times), range(len(one.times) - 10, len(one.times))
        offers = np.concatenate([one.values[:, 1], window.known[:, 0]])
        for row in rows:
            answer = follower(written(one.times[row]), one.values[row], offers[row + 1 : row + 4, None])
        assert row == count - 1
        np.testing.assert_allclose(numbers(answer), numbers(whole), rtol=1e-6)


def test_a_row_of_nothing_is_taken_in_and_a_window_of_nothing_is_not_valid(model, shops):
    windows = windows_of(shops)
    empty = [window._replace(values=np.full((10, 2), np.nan)) for window in windows]
    assert [answer["valid"] for answer in model.predict(empty)] == [False] * 3
    follower = model.follow("A")
    assert follower("2021-01-01", [None, 0], windows[0].known)["valid"]
    unknown = [window._replace(known=np.full((3, 1), np.nan)) for window in windows]
    assert [answer["valid"] for answer in model.predict(unknown)] == [False] * 3


def test_a_strange_series_is_forecast_by_the_level_of_its_window_in_any_unit(model, shops):
    window = windows_of(shops)[0]
    strange = window._replace(static=("a new one", "city"))
    (small,), (large,) = (
        model.predict([strange._replace(values=strange.values * [unit, 1])]) for unit in (1, 1000)
    )
    np.testing.assert_allclose(numbers(large), 1000 * numbers(small), rtol=1e-3)
    assert abs(numbers(small)[:, 1].mean() / 10 - 1) < 0.4
    found = model.signatures["step"](
        values=tf.constant([[10.0, 0.0]], tf.float64),
        time=tf.constant(["2021-01-01"]),
        state=tf.zeros([1, 16]),
        static=tf.constant([["a new one", "city"]]),
        known=tf.zeros([1, 3, 1], tf.float64),
    )
    assert not found["valid"].numpy()[0]  # one row says nothing of its level


# Its commands ---------------------------------------------------------------------------------------------


def test_it_forecasts_what_follows_each_series_of_a_table(folder, model, shops, tmp_path, call):
    name = str(folder / "saved_models/shops")
    call(zoo_main, tmp_path, "predict", name, "--input", folder / "shops.csv", "--output", "next.csv")
    with (tmp_path / "next.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["series"] for row in rows] == [shop for shop in SHOPS for _ in range(3)]
    assert [row["time"] for row in rows[:3]] == ["2021-07-20", "2021-07-21", "2021-07-22"]
    wanted = np.concatenate([numbers(answer) for answer in model.predict(windows_of(shops))])
    found = [[float(row[name]) for name in ("10%", "forecast", "90%")] for row in rows]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_evaluate_repeats_the_scores_and_scores_shops_that_it_never_saw(folder, tmp_path, call):
    name = str(folder / "saved_models/shops")
    manifest = manifest_of(folder, "shops")
    shown = call(zoo_main, folder, "evaluate", name).out
    assert f"{manifest['metrics']['test']['mase']:.4f}" in shown and "MASE by series" in shown
    other = write_shops(tmp_path / "other.csv", A="new", B="newer", C="newest")
    flags = ("--dataset", other, "--output", "backtest.csv")
    assert "newest" in call(zoo_main, tmp_path, "evaluate", name, *flags).out
    with (tmp_path / "backtest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["series"] for row in rows} == {"new", "newer", "newest"}
    assert any(row["truth"] == "" for row in rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: text.rindex("2021-07-22")], ("known for 2 of the 3 steps", "'C'", "add a row")),
        (lambda text: text.replace("shop,", "store,"), ("no column 'shop'",)),
        (lambda text: text.replace("day,shop,kind,sold,offer\n", ""), ("no column",)),
    ],
)
def test_a_table_that_cannot_be_continued_is_refused(folder, tmp_path, call, change, words):
    text = (folder / "shops.csv").read_text(encoding="utf-8")
    (tmp_path / "bad.csv").write_text(change(text), encoding="utf-8")
    name = folder / "saved_models/shops"
    assert_refused(call, zoo_main, tmp_path, ("predict", name, "--input", "bad.csv"), *words)


def test_a_name_that_was_not_learned_is_told(folder, tmp_path, call):
    write_shops(tmp_path / "other.csv", A="a")
    name = folder / "saved_models/shops"
    shown = call(zoo_main, tmp_path, "predict", name, "--input", "other.csv")
    assert "has not learned 'a'; what it says" in shown.err and "'B'" not in shown.err


def test_in_another_unit_offers_are_what_they_are(model, folder, tmp_path, call):
    lines = (folder / "shops.csv").read_text(encoding="utf-8").splitlines()
    cents = [lines[0]]
    for line in lines[1:]:
        day, shop, kind, sold, offer = line.split(",")
        cents.append(",".join([day, shop, kind, sold and f"{float(sold) * 100:.2f}", offer]))
    (tmp_path / "cents.csv").write_text("\n".join(cents) + "\n", encoding="utf-8")
    name = folder / "saved_models/shops"
    call(
        zoo_main,
        tmp_path,
        "predict",
        name,
        "--input",
        "cents.csv",
        "--rescale",
        "100",
        "0",
        "--output",
        "next.csv",
    )
    with (tmp_path / "next.csv").open(encoding="utf-8") as file:
        found = [float(row["forecast"]) for row in csv.DictReader(file)]
    wanted = [
        step["forecast"] for answer in model.predict(folder / "shops.csv") for step in answer["forecasts"]
    ]
    np.testing.assert_allclose(found, 100 * np.array(wanted), rtol=1e-4)


def test_what_says_too_little_is_refused_with_what_is_missing(model, shops):
    window = windows_of(shops)[0]
    for bad in (window._replace(static=()), window._replace(known=None), window.values):
        with pytest.raises(ZooError, match=r"static=\[shop, kind\], known=\(3, 1: offer\)"):
            model.predict([bad])
    for strange in ("", "D"):
        with pytest.raises(ZooError, match=f"has not learned a series '{strange}', but A, B, C"):
            model.follow(strange)
    with pytest.raises(ZooError, match=r"known has the shape \(2, 1\); give \(3, 1\), of offer"):
        model.follow("A")("2021-01-01", [1.0, 0.0], [[0], [1]])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--targets", "offer"], ("'offer' is among --known",)),
        (["--differences"], ("--differences", "--missing")),
        (["--window", "150"], ("train part of 'A'", "140 rows", "take 153")),
        (["--known", "price"], ("no column 'price'",)),
    ],
)
def test_settings_that_do_not_go_together_are_refused(folder, tmp_path, call, flags, words):
    given = ("--dataset", folder / "shops.csv", *FLAGS, *flags)
    assert_refused(call, CASES["forecasting"].program, tmp_path, given, *words)


def test_a_series_of_which_nothing_was_observed_is_refused_by_name(tmp_path, call):
    lines = [
        "t,of,x",
        *(
            f"{np.datetime64('2020-01-01') + i},{of},{i if of == 'A' else ''}"
            for i in range(60)
            for of in "AB"
        ),
    ]
    (tmp_path / "half.csv").write_text("\n".join(lines), encoding="utf-8")
    given = (
        "--dataset",
        "half.csv",
        "--series",
        "of",
        "--missing",
        "--year",
        "0",
        "--window",
        "5",
        "--horizon",
        "2",
    )
    words = ("'x' of 'B' was observed 0 times in the train part",)
    assert_refused(call, CASES["forecasting"].program, tmp_path, (*given, "--warm-up", "1"), *words)


# Series that drift ------------------------------------------------------------------------------------------


def test_differences_follow_a_series_to_where_it_never_was(tmp_path):
    lines = ["month,of,x"]
    for name, level, rise in (("up", 5, 3), ("down", 900, -2)):
        lines += [f"{2000 + i // 12}-{i % 12 + 1:02},{name},{level + rise * i}" for i in range(120)]
    (tmp_path / "drift.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    train("forecasting", tmp_path, "--dataset", tmp_path / "drift.csv", "--series", "of", "--differences",
          "--no-blend", "--shift", "1", "--window", "6", "--horizon", "2", "--warm-up", "2", "--year", "0",
          "--members", "1", "--units", "8", "--dropout", "0", "--epochs", "3", "--steps-per-epoch", "60",
          "--name", "drift")  # fmt: skip
    scores = manifest_of(tmp_path, "drift")
    assert scores["metrics"]["test"]["mase"] < 0.3 < 1.4 < scores["baselines"]["test"]["naive"]["mase"]
