// One-to-many over real numbers: a drawing that draws itself, as the picture that the model returned.

import { element } from "./elements.js";

export async function drawing({ model, given, settings, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal, settings);
  // As an image, in which no script runs, whatever the model wrote.
  const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(row.svg)}`;
  const picture = element("img", { class: "drawn", src: source, alt: `A drawing of ${given}` });
  const again = element("button", { type: "button", onclick: () => { picture.src = ""; picture.src = source; } }, "Once more");
  const said = [
    row.known ? "" : "It has signs that were never seen, which are left out.",
    row.finished ? "" : "It was stopped before it was finished.",
  ].filter(Boolean);
  answer.replaceChildren(picture, element("p", {}, again), ...said.map((line) => element("p", { class: "soft" }, line)));
  const strokes = row.strokes.filter((point) => point[2] > 0.5).length;
  return [`Drew ${strokes} ${strokes === 1 ? "stroke" : "strokes"}.`, ...said].join(" ");
}
