// How an answer is shown: one function a mapping.

import { element, percent, shown, table, unfolding } from "./elements.js";
import { chart, observed } from "./chart.js";

const GOLDEN = 137.5; // degrees between the colours of two labels that follow each other

/** Many-to-one: a bar for each label. */
async function classification({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, "", signal);
  const bars = Object.entries(row.scores).map(([label, score]) =>
    element("li", { class: label === row.label ? "best" : null },
      element("span", {}, label),
      element("div", { class: "track", "aria-hidden": "true" }, element("div", { class: "fill", "--share": score })),
      element("span", { class: "share" }, percent(score))));
  answer.replaceChildren(
    element("p", { class: "hidden" }, `${row.label}, ${percent(row.score)}`),
    element("ul", { class: "bars" }, ...bars));
}

/** Many-to-many, aligned: the text itself, with its tags written on it. */
async function tagging({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, "", signal);
  const kinds = [...new Set(model.labels.map(kindOf))];
  const points = Array.from(given); // offsets count code points
  const text = element("p", { class: model.code ? "tagged code" : "tagged" });
  let last = 0;
  for (const { start, end, kind } of pieces(row)) {
    if (start > last) text.append(points.slice(last, start).join(""));
    const piece = points.slice(start, end).join("");
    const hue = ((kinds.indexOf(kind) * GOLDEN) % 360).toFixed(0);
    text.append(piece.trim() ? element("span", { class: "tag", "--hue": hue }, piece, element("small", {}, kind)) : piece);
    last = end;
  }
  text.append(points.slice(last).join(""));
  const rows = row.tokens.map((token) => [token.token, token.tag, token.score]);
  answer.replaceChildren(text, unfolding(`${rows.length} tokens as a table`, table("Tokens and their tags", ["token", "tag", "score"], rows)));
  if (row.truncated) answer.append(element("p", { class: "note" }, "The text is longer than what is read; its end was left out."));
}

function kindOf(tag) {
  return tag.replace(/^[BI]-/, "");
}

/** Returns what is painted: spans whole, and tokens whose tags are no part of one. */
function pieces(row) {
  const inSpan = (token) => row.spans.some((span) => token.start >= span.start && token.end <= span.end);
  const alone = row.tokens.filter((token) => token.tag !== "O" && !inSpan(token));
  const spans = row.spans.map(({ start, end, type }) => ({ start, end, kind: type }));
  return [...spans, ...alone.map(({ start, end, tag }) => ({ start, end, kind: kindOf(tag) }))].sort((a, b) => a.start - b.start);
}

/** Many-to-many of free length: what was written, and where the model looked for each word of it. */
async function translation({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, "", signal);
  answer.replaceChildren(element("p", { class: "big" }, row.translation || "(nothing)"));
  if (row.truncated) answer.append(element("p", { class: "note" }, "The text is longer than what is read; its end was left out."));
  if (!row.finished) answer.append(element("p", { class: "note" }, "It did not come to an end."));
  if (!model.signatures.includes("attention")) return;
  const seen = await server.answer(model.name, given, "attention", signal);
  if (seen.target_tokens.length) answer.append(...attention(seen, row.translation));
}

function attention(seen, translation) {
  const sources = seen.source_tokens.map((token) => element("span", { class: "source" }, token));
  const look = (place) => {
    sources.forEach((source, at) => source.style.setProperty("--weight", place === null ? 0 : seen.attention[place][at]));
  };
  const words = chosen(seen.target_tokens, look);
  const rows = seen.target_tokens.map((token, place) => [token, ...seen.attention[place]]);
  const title = seen.translation === translation ? "Where it looked" : `Where it looked, when it wrote “${seen.translation}”`;
  return [
    element("h3", {}, title),
    element("p", { class: "note" }, "Point at a word, or go to it by keyboard: what it came from is shaded."),
    element("ul", { class: "words", "aria-label": "What was written" }, ...words),
    element("p", { class: "note" }, "from"),
    element("ul", { class: "words", "aria-label": "What was read" }, ...sources.map((source) => element("li", {}, source))),
    unfolding("The weights as a table", table("Weights of attention", ["", ...seen.source_tokens], rows)),
  ];
}

/** Returns buttons, one a word; the one that is pointed at, or was reached by keyboard, is looked at. */
function chosen(tokens, look) {
  const buttons = tokens.map((token, place) => {
    const press = () => {
      buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === place)));
      look(place);
    };
    return element("button", { type: "button", "aria-pressed": "false", onmouseenter: press, onfocus: press, onclick: press }, token.trim() || "␣");
  });
  return buttons.map((button) => element("li", {}, button));
}

/** One-to-many: what stands below a picture, and where the model looked for each word of it. */
async function captioning({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, model.signatures.includes("attention") ? "attention" : "", signal);
  if (!row.valid) throw new Error("This picture cannot be read; give one in JPEG, PNG, GIF or BMP.");
  const canvas = element("canvas", { "aria-hidden": "true" });
  const kind = given.startsWith("/9j/") ? "jpeg" : given.startsWith("R0lG") ? "gif" : given.startsWith("Qk") ? "bmp" : "png";
  const picture = element("div", { class: "picture" },
    element("img", { src: `data:image/${kind};base64,${given}`, alt: "The picture that was given" }), canvas);
  const parts = [picture, element("p", { class: "big" }, row.caption || "(nothing)")];
  if (row.attention?.length) {
    const words = chosen(row.tokens, (place) => shade(canvas, row.attention[place]));
    const rows = row.tokens.map((token, place) => [token.trim(), ...brightest(row.attention[place])]);
    parts.push(
      element("p", { class: "note" }, "Point at a word, or go to it by keyboard: where the model looked stays bright."),
      element("ul", { class: "words", "aria-label": "The caption's words" }, ...words),
      unfolding("The brightest places as a table", table("Where each word looked", ["word", "from the top", "from the left", "weight"], rows)));
  }
  answer.replaceChildren(...parts);
}

/** Darkens a picture where it was not looked at. */
function shade(canvas, weights) {
  const size = weights.length;
  [canvas.width, canvas.height] = [size, size];
  const most = Math.max(...weights.flat());
  const context = canvas.getContext("2d");
  weights.forEach((line, y) => line.forEach((weight, x) => {
    context.fillStyle = `rgba(10, 12, 20, ${0.8 * (1 - weight / most)})`;
    context.fillRect(x, y, 1, 1);
  }));
}

function brightest(weights) {
  const flat = weights.flat();
  const place = flat.indexOf(Math.max(...flat));
  const share = (cell) => percent((cell + 0.5) / weights.length);
  return [share(Math.floor(place / weights.length)), share(place % weights.length), flat[place]];
}

/** One-to-many over text: what is written, while it is. */
async function text({ model, given, settings, answer, signal, server }) {
  const written = element("p", { class: "written" }, element("b", {}, given));
  const state = element("p", { class: "note", role: "status" }, "Writing …");
  const ended = new AbortController();
  const stop = element("button", { type: "button", onclick: () => ended.abort() }, "Stop");
  // What is read aloud is the state: a text of a thousand pieces would be a thousand announcements.
  answer.setAttribute("aria-live", "off");
  answer.replaceChildren(element("div", { class: "row" }, stop), state, written);
  answer.classList.remove("waiting");
  let many = 0;
  try {
    for await (const piece of server.stream(model.name, given, settings, AbortSignal.any([signal, ended.signal]))) {
      many += Array.from(piece).length;
      written.append(piece);
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
  stop.remove();
  state.textContent = `${ended.signal.aborted ? "Stopped after" : "Wrote"} ${many} characters.`;
}

/** Numbers over time: what was observed, what comes next, and its band. */
async function series({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, "", signal);
  if (!row.valid) throw new Error("The last rows hold what is no number; mend them.");
  const parts = [];
  for (const column of model.own.series?.targets ?? []) {
    const steps = row.forecasts.filter((step) => step.column === column);
    const bounds = Object.keys(steps[0]).filter((key) => key.endsWith("%"));
    parts.push(
      element("h3", {}, column),
      chart(observed(given, column), steps, bounds),
      table(`Forecast of ${column}`, ["time", "forecast", ...bounds],
        steps.map((step) => [String(step.time ?? step.step), rounded(step.forecast), ...bounds.map((bound) => rounded(step[bound]))])));
  }
  answer.replaceChildren(...parts);
}

function rounded(value) {
  return Math.round(10 * value) / 10 + 0;
}

/** What no other function knows: names and values. */
async function other({ model, given, answer, signal, server }) {
  const row = await server.answer(model.name, given, "", signal);
  answer.replaceChildren(table("Answer", ["name", "value"], Object.entries(row).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : shown(value)])));
}

export const answers = { classification, tagging, translation, captioning, text, series, other };
