// A series, its forecast and its band.

import { drawn, element } from "./elements.js";

const [WIDTH, HEIGHT, LEFT, BELOW] = [720, 260, 44, 26];
const LAST = 60; // observations that are drawn

/** Returns the last numbers of a column of a pasted table. */
export function observed(text, column) {
  const lines = text.trim().split(/\r?\n/).map((line) => line.split(line.includes("\t") ? "\t" : /[,;]/));
  const place = lines[0].map((name) => name.trim().replaceAll('"', "")).indexOf(column);
  const numbers = lines.slice(1).map((cells) => ({ time: cells[0], value: Number.parseFloat(cells[place]) }));
  return numbers.filter(({ value }) => Number.isFinite(value)).slice(-LAST);
}

/** Returns the drawing and its legend. */
export function chart(history, steps, bounds) {
  const [low, high] = [bounds[0], bounds.at(-1)];
  const values = [...history.map(({ value }) => value), ...steps.flatMap((step) => [step.forecast, step[low], step[high]])];
  const seen = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...seen), Math.max(...seen)];
  const many = history.length + steps.length;
  const x = (place) => LEFT + (place / Math.max(1, many - 1)) * (WIDTH - LEFT - 8);
  const y = (value) => 8 + (1 - (value - least) / (most - least || 1)) * (HEIGHT - BELOW - 8);
  const line = (points) => points.map(([place, value], i) => `${i ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const past = history.map(({ value }, place) => [place, value]);
  const next = steps.map((step, i) => [history.length + i, step.forecast]);
  const joined = past.length ? [past.at(-1), ...next] : next;
  const edge = (bound) => steps.map((step, i) => [history.length + i, step[bound]]);
  const start = past.length ? [past.at(-1)] : [];
  const parts = [0, 0.5, 1].map((share) => {
    const value = least + share * (most - least);
    return [
      drawn("line", { class: "grid", x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value) }),
      drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(1)),
    ];
  }).flat();
  if (low) parts.push(drawn("path", { class: "band", d: `${line([...start, ...edge(low)])}L${line([...edge(high).reverse()]).slice(1)}Z` }));
  parts.push(drawn("path", { class: "history", d: line(past) }), drawn("path", { class: "forecast", d: line(joined) }));
  const label = (place, text, anchor) => drawn("text", { x: x(place), y: HEIGHT - 6, "text-anchor": anchor }, text);
  if (history.length) parts.push(label(0, history[0].time, "start"));
  parts.push(label(many - 1, String(steps.at(-1).time ?? ""), "end"));
  const told = `${history.length} observations and ${steps.length} steps of forecast; the table below has the numbers`;
  const entry = (kind, text) => element("li", { class: kind }, element("i", { "aria-hidden": "true" }), text);
  return element("div", {},
    drawn("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told }, ...parts),
    element("ul", { class: "legend" }, entry("history", "observed"), entry("forecast", "forecast"),
      low ? entry("band", `between ${low} and ${high}`) : null));
}
