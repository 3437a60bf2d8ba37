// One-to-many: a picture or a clip and its caption, each word of which tells where the model looked.

import { shownClip } from "./clip.js";
import { element, percent, sureness, table, unfolding } from "./elements.js";
import { shownPicture } from "./picture.js";
import { HINT, lookers, means, words } from "./words.js";

const PLACES = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];

export async function captioning(asked) {
  const { model, given, answer, signal, server } = asked;
  const row = await server.answer(model, given, "attention", signal);
  if (row.valid === false) throw new Error(`This ${model.frames > 1 ? "clip" : "picture"} cannot be read. Give ${model.frames > 1
    ? "an animated GIF, WebP or PNG." : "one in JPEG, PNG, GIF, BMP or WebP."}`);
  const picture = await (model.frames > 1 ? clip(given, model.frames) : still(given));
  const kind = model.frames > 1 ? "clip" : "picture";
  const strange = row.familiar === false ? element("p", { class: "doubtful" },
    `This ${kind} is unlike all that the model was trained on; what it says of it may mean nothing.`) : null;
  if (!row.attention?.length || !row.tokens.length) {
    answer.replaceChildren(picture.canvas, element("p", { class: "big" }, row.caption || "(nothing)"), strange ?? "", (row.caption && sureness(row)) || "");
    return row.caption || "The caption is empty.";
  }
  const target = words(row.tokens);
  const seen = row.attention.map((map) => (model.frames > 1 ? map : [map])); // words, frames, rows, columns
  const [frames, down, across] = [seen[0].length, seen[0][0].length, seen[0][0][0].length];
  const all = means(seen.map((map) => map.flat(2)), target.starts);
  const looked = all.map((weights) => mostIn(weights, frames));
  const places = looked.map(({ map }) => where(map, down, across));
  const hint = element("p", { class: "soft small hint" });
  const look = (i) => {
    if (i < 0) picture.play();
    else picture.stop(looked[i].frame, looked[i].map, down, across);
    const [place, share] = places[i] ?? [];
    hint.textContent = i < 0 ? HINT : `${target.words[i]} looked at the ${place}${frames > 1
      ? ` of frame ${looked[i].frame + 1}` : ""} most: ${percent(share * looked[i].share)} of its attention`;
  };
  look(-1);
  const heads = ["word", ...(frames > 1 ? ["frame"] : []), "place", "share"];
  const rows = target.words.map((word, i) => [word, ...(frames > 1 ? [looked[i].frame + 1] : []), ...places[i]]);
  answer.replaceChildren(
    element("div", { class: "captioned" }, picture.canvas,
      element("div", {}, element("h2", {}, "Caption"), element("p", { class: "hidden" }, row.caption),
        lookers("Words of the caption", target.words, look, { class: "lookers big" }), strange, sureness(row), hint,
        unfolding("Where each word looked, as a table", table("Where each word looked most", heads, rows)))));
  if (frames > 1) picture.play(); // it is in the page now
  return row.caption;
}

async function still(given) {
  const { canvas, draw } = await shownPicture(given);
  return { canvas, play: () => draw(null), stop: (_, ...map) => draw(...map) };
}

/** Returns a clip; where a browser cannot take it apart, one that plays and never stops. */
async function clip(given, frames) {
  if ("ImageDecoder" in window) return shownClip(given, frames);
  const image = element("img", { class: "shown", alt: "The clip", src: `data:;base64,${given}` });
  return { canvas: image, play: () => {}, stop: () => {} };
}

/** Returns the frame with most of a word's weight, its map, and its share of the whole. */
function mostIn(weights, frames) {
  const size = weights.length / frames;
  const maps = Array.from({ length: frames }, (_, i) => weights.slice(i * size, (i + 1) * size));
  const sums = maps.map((map) => map.reduce((sum, weight) => sum + weight, 0));
  const frame = sums.indexOf(Math.max(...sums));
  return { frame, map: maps[frame], share: sums[frame] / (sums.reduce((sum, weight) => sum + weight, 0) || 1) };
}

/** Returns the ninth of the picture in which most of a map's weight lies, and its share. */
function where(map, down, across) {
  const sums = PLACES.map(() => [0, 0, 0]);
  const all = map.reduce((sum, weight) => sum + weight, 0) || 1;
  map.forEach((weight, i) => {
    const [row, column] = [Math.floor(i / across), i % across];
    sums[Math.floor((3 * (row + 0.5)) / down)][Math.floor((3 * (column + 0.5)) / across)] += weight / all;
  });
  const ninths = sums.flatMap((line, row) => line.map((share, column) => [PLACES[row][column], share]));
  return ninths.sort((a, b) => b[1] - a[1])[0];
}
