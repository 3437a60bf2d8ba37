// From numbers over time to those that come next: a chart with a band, and a table.

import { element, table } from "./elements.js";
import { chart, observed } from "./chart.js";

const BESIDE = 0.1; // of the range that a model has seen, and of the numbers that may lie further out

export async function series({ model, given, answer, signal, server }) {
  const rows = await server.answers(model, given, "", signal);
  if (rows.some((row) => row.valid === false)) throw new Error("The last rows hold numbers that are too large to compute with, or none. Mend them.");
  const [first] = rows[0].forecasts;
  const bounds = Object.keys(first).filter((name) => name.endsWith("%"));
  const headings = ["time" in first ? "time" : "step", "forecast", ...bounds];
  const columns = [...new Set(rows[0].forecasts.map(({ column }) => column))];
  answer.replaceChildren(...rows.flatMap(({ forecasts }) => columns.flatMap((column) => {
    const steps = forecasts.filter((step) => step.column === column);
    const [{ series: whose }] = steps;
    const name = whose ? `${whose}: ${column}` : column;
    const history = observed(given, column, whose && { column: model.series.static[0], value: whose });
    const cells = steps.map((step) => headings.map((name, i) => (i ? digits(step[name]) : String(step[name]))));
    const parts = [element("h2", {}, name), chart(name, history, steps, bounds), far(model, column, history),
      table(`Forecast of ${name}`, headings, cells)];
    return parts.filter(Boolean);
  })));
  return `${first.column}, ${first[headings[0]]}: ${digits(first.forecast)}; a table has all steps`;
}

/** Says that numbers lie where the model has never been: in another unit, say. */
function far(model, column, history) {
  const range = model.series.seen?.[model.series.columns.indexOf(column)];
  if (!range) return null;
  const beside = BESIDE * (range[1] - range[0]);
  const out = history.filter(({ value }) => value < range[0] - beside || value > range[1] + beside).length;
  if (out <= BESIDE * history.length) return null;
  const seen = range.map((value) => value.toFixed(1)).join(" to ");
  return element("p", { class: "wrong" }, `Many of these numbers lie far from all that the model was trained on (${seen}), `
    + "and what it says of them may mean nothing. Is it the same thing, in the same unit?");
}

function digits(value) {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
