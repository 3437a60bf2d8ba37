// A series of numbers, what is forecast of it, and the band that should hold it, as SVG.

import { drawn, element } from "./elements.js";

const LAST = 120; // rows that are drawn of what was observed
const HEIGHT = 280;
const [LEFT, RIGHT, ABOVE, BELOW] = [46, 14, 12, 30];
const TICKS = 4;

/** Returns the numbers of a column of a pasted table, with their times: as far as they can be read. */
export function observed(given, column, of) {
  const [head, ...lines] = given.trim().split(/\r?\n/);
  const separator = head.includes("\t") ? "\t" : ",";
  const cells = (line) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const [place, whose] = [column, of?.column].map((name) => cells(head).indexOf(name));
  const rows = lines.map(cells).filter((row) => !of || row[whose] === of.value);
  const read = rows.map((row) => ({ time: row[0], value: Number.parseFloat(row[place]) }));
  return read.filter(({ value }) => Number.isFinite(value)).slice(-LAST);
}

/** Returns the chart, drawn again whenever there is another width for it, and its legend. */
export function chart(column, history, steps, bounds) {
  const [low, high] = [bounds[0], bounds.at(-1)];
  const told = `${column}: ${history.length} observations, then ${steps.length} steps of forecast, whose numbers follow`;
  const svg = drawn("svg", { class: "chart", role: "img", "aria-label": told, height: HEIGHT });
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width) svg.replaceChildren(...plot(contentRect.width, history, steps, low, high));
  }).observe(svg);
  const entry = (kind, text) => element("li", { class: kind }, element("i", { "aria-hidden": "true" }), text);
  return element("figure", {}, svg,
    element("ul", { class: "legend" }, entry("history", "observed"), entry("forecast", "forecast"),
      low ? entry("band", `from ${low} to ${high}`) : null));
}

function plot(width, history, steps, low, high) {
  const inside = [...history.map(({ value }) => value), ...steps.flatMap((step) => [step.forecast, step[low], step[high]])];
  const ticks = round(Math.min(...inside.filter(Number.isFinite)), Math.max(...inside.filter(Number.isFinite)));
  const [least, most] = [ticks[0], ticks.at(-1)];
  const many = history.length + steps.length;
  const x = (place) => LEFT + (place / Math.max(1, many - 1)) * (width - LEFT - RIGHT);
  const y = (value) => ABOVE + (1 - (value - least) / (most - least || 1)) * (HEIGHT - ABOVE - BELOW);
  const path = (points) => points.map(([place, value], i) => `${i ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const past = history.map(({ value }, place) => [place, value]);
  const ahead = (field) => [...past.slice(-1), ...steps.map((step, i) => [history.length + i, step[field]])];
  const parts = ticks.flatMap((value) => [
    drawn("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }),
    drawn("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, String(value)),
  ]);
  if (past.length) {
    const now = x(past.length - 1);
    parts.push(drawn("line", { class: "now", x1: now, x2: now, y1: ABOVE, y2: HEIGHT - BELOW }));
  }
  if (low) parts.push(drawn("path", { class: "band", d: `${path([...ahead(low), ...ahead(high).reverse()])}Z` }));
  parts.push(drawn("path", { class: "history", d: path(past) }), drawn("path", { class: "forecast", d: path(ahead("forecast")) }));
  for (const step of steps) {
    const [place, value] = [history.length + steps.indexOf(step), step.forecast];
    parts.push(drawn("circle", { class: "point", cx: x(place), cy: y(value), r: 2.6 },
      drawn("title", {}, `${step.time ?? `step ${step.step}`}: ${value.toFixed(2)}`)));
  }
  const label = (place, text, anchor) => drawn("text", { x: x(place), y: HEIGHT - 8, "text-anchor": anchor }, text);
  if (history.length > 1) {
    parts.push(label(0, history[0].time, "start"));
    if (width > 520) parts.push(label(Math.round((history.length - 1) / 2), history[Math.round((history.length - 1) / 2)].time, "middle"));
  }
  parts.push(label(many - 1, String(steps.at(-1).time ?? ""), "end"));
  return parts;
}

/** Returns round numbers that lie evenly from at most the least to at least the most. */
function round(least, most) {
  const rough = (most - least || Math.abs(most) || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((unit) => unit * power).find((unit) => unit >= rough);
  const first = Math.floor(least / step);
  const last = Math.max(first + 1, Math.ceil(most / step));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
