"""What a browser makes of the page: type, see the answer."""

import base64
import io
import re
from urllib.parse import unquote

import pytest
from browsers import SHIPPED
from PIL import Image

from zoo.data.sets.moving_emoji import Stage

_WAIT = 180_000  # milliseconds: a model is loaded while others need the processor
SCREEN, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
ANSWERED = ".answer:not([aria-busy]) > *"


@pytest.fixture
def opened(demo, browser):
    """Returns what opens a model's page; what it asks of elsewhere or goes wrong in it fails the test."""
    contexts, wrong = [], []
    home = f"http://127.0.0.1:{demo.port}/"

    def open_page(name: str, **options):
        context = browser.new_context(**{"viewport": SCREEN, "reduced_motion": "reduce", **options})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(_WAIT)
        tab.on("request", lambda asked: known(asked.url) or wrong.append(asked.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda said: "Content Security" in said.text and wrong.append(said.text))
        tab.goto(f"{home}#{name}")
        tab.get_by_role("heading", name=name).wait_for()
        return tab

    def known(url: str) -> bool:
        return url.startswith((home, "data:", "blob:"))

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def test_labels_change_as_one_types(demo, opened):
    tab = opened("sentiment_tweets")
    tab.get_by_label("Text").fill("")
    tab.locator(".bars").wait_for(state="detached")
    tab.get_by_label("Text").press_sequentially("thank you, what a lovely crew!", delay=20)
    tab.locator(".bars .best", has_text="positive").wait_for()
    tab.get_by_label("Text").fill("three hours late, again")
    tab.locator(".bars .best", has_text="negative").wait_for()
    (row,) = demo.model("sentiment_tweets").predict(["three hours late, again"])
    shares = [f"{100 * score:.0f} %" for score in row["scores"].values()]
    assert tab.locator(".bars .share").all_inner_texts() == shares
    assert tab.get_by_role("status").inner_text() == f"negative, {shares[0]}"  # which a screen reader says


def test_a_signal_is_recognised(demo, opened):
    tab = opened("recognition_exercises")
    tab.get_by_role("button", name="pendulum").click()
    tab.locator(".bars .best", has_text="pendulum").wait_for()
    table = tab.get_by_label("Table").input_value()
    assert table.startswith("ax,ay,az,wx,wy,wz\n") and table.count("\n") == 201
    tab.get_by_label("Table").fill("ax\n1\n")
    tab.get_by_role("alert").filter(has_text="ay").wait_for()


def test_a_line_of_print_is_read_and_each_symbol_has_its_place(demo, opened):
    tab = opened("transcription_lines")
    offered = demo.ask("/zoo/models")[1]["models"]
    (model,) = [model for model in offered if model["name"] == "transcription_lines"]
    example = model["examples"][1]
    tab.get_by_role("button", name=example["name"]).click()
    (row,) = demo.model("transcription_lines").predict([base64.b64decode(example["given"])])
    tab.locator(".answer .big", has_text=row["text"]).wait_for()
    group = tab.get_by_role("group", name="Symbols of the text")
    assert "".join(group.inner_text().split()) == row["text"].replace(" ", "␣")
    before = tab.locator("canvas").screenshot()
    group.get_by_role("button").nth(3).focus()
    tab.get_by_text(f"is at {row['starts'][3]:.0f} to {row['ends'][3]:.0f} pixels").wait_for()
    assert tab.locator("canvas").screenshot() != before


def test_a_kanji_draws_itself_with_the_settings_that_were_given(demo, opened):
    tab = opened("drawing_kanji")
    picture = tab.locator(".drawn")
    picture.wait_for()
    assert picture.get_attribute("alt") == "A drawing of 休"
    tab.get_by_label("What is drawn").fill("明")
    tab.get_by_label("seed", exact=True).fill("5")
    tab.get_by_label("temperature", exact=True).fill("0.3")
    tab.get_by_role("button", name="Draw").click()
    tab.locator(".drawn[alt$='明']").wait_for()
    (row,) = demo.model("drawing_kanji").predict(["明"], temperature=0.3, seed=5)
    assert unquote(picture.get_attribute("src")).split(",", 1)[1] == row["svg"]
    assert picture.evaluate("image => image.naturalWidth") > 0
    tab.get_by_role("button", name="Once more").click()
    tab.get_by_label("What is drawn").fill("☃")
    tab.get_by_role("button", name="Draw").click()
    tab.locator(".answer .soft", has_text="signs that were never seen").wait_for()


def test_an_answer_that_is_out_of_date_is_never_shown(opened):
    tab = opened("sentiment_tweets")
    tab.locator(".bars").wait_for()
    held = []
    tab.route(
        "**/zoo/models/sentiment_tweets", lambda route: route.continue_() if held else held.append(route)
    )
    with tab.expect_request("**/zoo/models/sentiment_tweets"):
        tab.get_by_label("Text").fill("thank you, what a lovely crew!")
    tab.get_by_label("Text").fill("three hours late, again")
    tab.locator(".bars .best", has_text="negative").wait_for()
    row = {"label": "positive", "score": 1.0, "scores": {"positive": 1.0}}
    held[0].fulfill(json={"rows": [row]})
    tab.wait_for_timeout(300)
    assert tab.locator(".bars .best .label").all_inner_texts() == ["negative"]


def test_tags_are_written_on_their_words(opened):
    tab = opened("tagging_python")
    tab.get_by_label("Code").fill('x = f("😀")  # fine')
    tab.locator(".tag", has_text="# fine").wait_for()
    told = [tag.split("\n") for tag in tab.locator(".tag").all_inner_texts()]
    assert told == [["x", "variable"], ["f", "call"], ['"😀"', "string"], ["# fine", "comment"]]
    tab.get_by_text("tokens as a table").click()
    assert tab.get_by_role("row", name="fine I-comment").is_visible()


def test_what_is_given_never_becomes_markup(opened):
    tab = opened("tagging_python")
    code = 's = "<img src=x onerror=alert(1)><b>"'
    tab.get_by_label("Code").fill(code)
    tab.locator(".tagged", has_text="onerror").wait_for()
    pieces = tab.locator(".tagged .piece").all_inner_texts()
    assert "".join(pieces) == code.replace(" = ", "")
    assert tab.locator(".answer img, .answer b").count() == 0


def test_where_a_translator_looked_is_shaded_for_the_word_that_is_pointed_at(demo, opened):
    tab = opened("translation_cldr_en_fr")
    tab.get_by_label("Text in English").fill("3 days ago")
    group = tab.get_by_role("group", name="Words of the translation")
    group.get_by_text("jours").wait_for()
    assert group.inner_text().split() == ["il", "y", "a", "3", "jours"]
    assert group.get_attribute("lang") == "fr"

    def darkest() -> str:
        sources = tab.locator(".source").all()
        weight = [float(s.evaluate("s => s.style.getPropertyValue('--weight')")) for s in sources]
        return sources[weight.index(max(weight))].inner_text()

    group.get_by_text("jours").hover()
    assert re.match(r"days\n\d+ %", darkest())
    assert tab.locator(".hint").inner_text().startswith("jours looked at days")
    tab.get_by_label("Text in English").hover()
    assert tab.locator(".hint").inner_text().startswith("Point at a word")
    group.get_by_text("jours").focus()
    tab.keyboard.press("ArrowLeft")
    assert darkest().startswith("3\n")
    tab.get_by_text("The whole map as a table").click()
    (row,) = demo.model("translation_cldr_en_fr").predict(["3 days ago"], "attention")
    cells = [f"{weight:.3f}" for weight in row["attention"][4]]
    assert tab.get_by_role("row", name="jours").get_by_role("cell").all_inner_texts() == cells


def test_a_picture_is_chosen_and_captioned_word_by_word(demo, opened, dog):
    tab = opened("captioning_emoji")
    choice = tab.get_by_label("choose a picture")
    choice.set_input_files({"name": "dog.png", "mimeType": "image/png", "buffer": dog})
    (row,) = demo.model("captioning_emoji").predict([dog], "attention")
    group = tab.get_by_role("group", name="Words of the caption")
    tab.locator(".captioned p.hidden", has_text=row["caption"]).wait_for()
    assert group.inner_text().split() == row["caption"].split()

    def pixels() -> int:
        return tab.get_by_role("img", name="The picture").evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b)"
        )

    bright = pixels()
    group.get_by_role("button").first.focus()
    assert pixels() < 0.9 * bright  # all but what was looked at is dark
    choice.set_input_files({"name": "none.png", "mimeType": "image/png", "buffer": b"no picture"})
    tab.get_by_role("alert").get_by_text("cannot be read").wait_for()
    assert tab.locator(ANSWERED).count() == 0


def test_a_clip_plays_until_a_word_is_looked_at_on_its_frame(demo, opened):
    tab = opened("captioning_moving_emoji")
    clip = Stage().clip("test", 0)
    frames = [Image.fromarray(frame) for frame in clip.frames]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100)
    choice = tab.get_by_label("choose a clip")
    choice.set_input_files({"name": "clip.gif", "mimeType": "image/gif", "buffer": file.getvalue()})
    (row,) = demo.model("captioning_moving_emoji").predict([file.getvalue()], "attention")
    tab.locator(".captioned p.hidden", has_text=row["caption"]).wait_for()

    def pixels() -> int:
        return tab.get_by_role("img", name="The clip").evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b) => a + b)"
        )

    bright = pixels()
    group = tab.get_by_role("group", name="Words of the caption")
    group.get_by_role("button").last.focus()
    dark = pixels()
    assert dark < 0.95 * bright
    tab.wait_for_timeout(400)
    assert pixels() == dark  # it stands still
    said = tab.locator(".hint").inner_text()
    assert re.search(r"looked at the .* of frame \d+ most: \d+ %", said), said
    still = io.BytesIO()
    frames[0].save(still, "PNG")
    choice.set_input_files({"name": "still.png", "mimeType": "image/png", "buffer": still.getvalue()})
    tab.get_by_role("alert").get_by_text("This clip cannot be read").wait_for()


@pytest.mark.parametrize("way", ["dragover drop", "paste"])
def test_a_picture_is_dropped_or_pasted(demo, opened, dog, way):
    tab = opened("captioning_emoji")
    tab.locator(ANSWERED).first.wait_for()
    script = """([way, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], "dog.png", { type: "image/png" }));
        const given = way === "paste" ? { clipboardData: data } : { dataTransfer: data };
        for (const name of way.split(" ")) {
            const kind = way === "paste" ? ClipboardEvent : DragEvent;
            const event = new kind(name, { bubbles: true, cancelable: true, ...given });
            document.querySelector(".drop").dispatchEvent(event);
        }
    }"""
    tab.evaluate(script, [way, list(dog)])
    (row,) = demo.model("captioning_emoji").predict([dog], "attention")
    tab.locator(".captioned p.hidden", has_text=row["caption"]).wait_for()


def test_a_text_is_written_and_stopped(demo, opened):
    tab = opened("generation_python")
    tab.get_by_label("length", exact=True).fill("30")
    tab.get_by_role("button", name="Write").click()
    tab.get_by_text("Wrote 30 characters.").first.wait_for()
    prompt = tab.get_by_label("What stands before").input_value()
    (row,) = demo.model("generation_python").predict([prompt], length=30)
    assert tab.locator(".written").text_content() == prompt + row["continuation"]
    tab.get_by_label("length", exact=True).fill("20000")
    tab.get_by_role("button", name="Write").click()
    tab.locator(".new:not(:empty)").wait_for()  # while it is written
    tab.get_by_role("button", name="Stop").click()
    tab.get_by_text("Stopped after").wait_for()
    written = tab.locator(".written").text_content()
    tab.wait_for_timeout(200)
    assert tab.locator(".written").text_content() == written
    assert 0 < len(written) < 20_000
    tab.get_by_label("temperature").fill("-1")
    tab.get_by_role("button", name="Write").click()
    tab.get_by_role("alert").get_by_text("temperature").wait_for()


def test_a_table_that_is_pasted_is_forecast_with_its_band(opened):
    tab = opened("forecasting_seattle")
    rows = tab.get_by_role("region", name="Forecast of temp_max").get_by_role("row")
    rows.first.wait_for()
    assert rows.nth(0).inner_text().split() == ["time", "forecast", "10%", "90%"]
    assert rows.count() == 1 + 7
    assert rows.nth(7).inner_text().startswith("2016-01-07")
    for kind in ("band", "history", "forecast"):
        assert tab.locator(f"svg .{kind}").get_attribute("d").startswith("M")
    table = tab.get_by_label("Table", exact=True)
    kelvin = re.sub(
        r",(.*)", lambda m: m[0] if m[1] == "temp_max" else f",{float(m[1]) + 273}", table.input_value()
    )
    table.fill(kelvin)
    tab.get_by_text("in the same unit?").wait_for()
    table.fill("date,temp_max\n2020-01-01,3")
    tab.get_by_role("alert").get_by_text("table 1.csv: has 1 rows").wait_for()
    assert tab.locator("svg").count() == 0


def test_everything_by_keyboard_alone(opened):
    tab = opened("sentiment_tweets")
    tab.locator(".bars").wait_for()
    tab.keyboard.press("Tab")
    assert tab.locator(":focus").inner_text() == "Skip to the model"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.locator("textarea:focus").count() == 1
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    assert tab.locator(":focus").inner_text() == "three hours late, again"
    tab.keyboard.press("Enter")
    tab.locator(".bars .best", has_text="negative").wait_for()
    for _ in range(12):
        tab.keyboard.press("Shift+Tab")
        if "translation_cldr_en_fr" in tab.locator(":focus").inner_text():
            break
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="translation_cldr_en_fr").wait_for()
    assert tab.url.endswith("#translation_cldr_en_fr")
    assert "translation_cldr_en_fr" in tab.title()
    tab.go_back()
    tab.get_by_role("heading", name="sentiment_tweets").wait_for()


def test_models_are_switched_on_a_phone(opened):
    tab = opened("sentiment_tweets", viewport=PHONE, has_touch=True)
    link = tab.get_by_role("link", name="tagging_python")
    assert not link.is_visible()
    tab.get_by_text("Model sentiment_tweets").tap()
    link.tap()
    tab.get_by_role("heading", name="tagging_python").wait_for()
    assert not link.is_visible()


def test_a_server_that_is_gone_or_busy_is_told_or_asked_again(opened):
    tab = opened("sentiment_tweets")
    tab.locator(".bars").wait_for()
    tab.route("**/zoo/models/*", lambda route: route.abort())
    tab.get_by_label("Text").fill("three hours late")
    tab.get_by_role("alert").get_by_text("The server does not answer. Is it still running?").wait_for()
    tab.unroute("**/zoo/models/*")
    busy = iter([503])
    tab.route(
        "**/zoo/models/*",
        lambda route: (
            route.fulfill(status=503, json={"error": "busy"}) if next(busy, 0) else route.continue_()
        ),
    )
    tab.get_by_label("Text").fill("three hours late, again")
    tab.locator(".bars .best", has_text="negative").wait_for()
    assert tab.locator(".wrong").text_content() == ""


def test_what_no_renderer_knows_is_a_table(opened):
    tab = opened("sentiment_tweets")

    def of_another_mapping(route):
        answer = route.fetch()
        models = answer.json()["models"]
        route.fulfill(json={"models": [{**models[0], "mapping": "sorting", "shape": "", "what": ""}]})

    tab.route("**/zoo/models", of_another_mapping)
    tab.reload()
    tab.get_by_role("row", name="label positive").wait_for()
    assert tab.get_by_role("row", name="scores").is_visible()


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_keeps_anybody_out(opened, name):
    """No serious finding of axe by day and by night, on a screen and a phone, and no sideways scrolling."""
    from axe_playwright_python.sync_playwright import Axe

    tab = opened(name)
    if name.startswith("generation"):
        tab.get_by_label("length", exact=True).fill("30")
        tab.get_by_role("button", name="Write").click()
    tab.locator(ANSWERED).first.wait_for()
    found = []
    for scheme, size in (("light", SCREEN), ("dark", PHONE)):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size(size)
        tab.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        if tab.locator(".word").count():
            tab.locator(".word").first.focus()
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
        found += [
            (scheme, violation["id"], node["html"], node["failureSummary"])
            for violation in Axe().run(tab).response["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    assert found == []
