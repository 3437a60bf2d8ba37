// One-to-many: a picture and its caption, each word of which tells where the model looked.

import { element, percent, table, unfolding } from "./elements.js";
import { shownPicture } from "./picture.js";
import { HINT, lookers, means, words } from "./words.js";

const PLACES = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];

export async function captioning({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "attention", signal);
  if (row.valid === false) throw new Error("This picture cannot be read. Give one in JPEG, PNG, GIF, BMP or WebP.");
  const picture = await shownPicture(given);
  if (!row.attention?.length || !row.tokens.length) {
    answer.replaceChildren(picture.canvas, element("p", { class: "big" }, row.caption || "(nothing)"));
    return row.caption || "The caption is empty.";
  }
  const target = words(row.tokens);
  const [down, across] = [row.attention[0].length, row.attention[0][0].length];
  const maps = means(row.attention.map((map) => map.flat()), target.starts);
  const places = maps.map((map) => where(map, down, across));
  const hint = element("p", { class: "soft small hint" });
  const look = (i) => {
    picture.draw(i < 0 ? null : maps[i], down, across);
    const [place, share] = places[i] ?? [];
    hint.textContent = i < 0 ? HINT : `${target.words[i]} looked at the ${place} most: ${percent(share)} of its attention`;
  };
  look(-1);
  const rows = target.words.map((word, i) => [word, ...places[i]]);
  answer.replaceChildren(
    element("div", { class: "captioned" }, picture.canvas,
      element("div", {}, element("h2", {}, "Caption"), element("p", { class: "hidden" }, row.caption),
        lookers("Words of the caption", target.words, look, { class: "lookers big" }), hint,
        unfolding("Where each word looked, as a table", table("Where each word looked most", ["word", "place", "share"], rows)))));
  return row.caption;
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
