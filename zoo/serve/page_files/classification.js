// Many-to-one: a bar for each label.

import { element, percent } from "./elements.js";

export async function classification({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal);
  const bars = Object.entries(row.scores).map(([label, score]) =>
    element("li", { class: label === row.label ? "best" : null },
      element("span", { class: "label" }, label),
      element("span", { class: "track", "aria-hidden": "true" }, element("span", { class: "fill", "--share": score })),
      element("span", { class: "share" }, percent(score))));
  answer.replaceChildren(
    element("p", { class: "big" }, element("strong", {}, row.label), ` ${percent(row.score)}`),
    element("ul", { class: "bars", "aria-label": "Labels" }, ...bars));
  if (row.truncated) answer.append(element("p", { class: "soft" }, "The text is longer than what is read; its end was left out."));
  return `${row.label}, ${percent(row.score)}`;
}
