// From numbers over time to those that come next: a chart with a band, and a table.

import { element, table } from "./elements.js";
import { chart, observed } from "./chart.js";

export async function series({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal);
  if (row.valid === false) throw new Error("The last rows hold numbers that are too large to compute with, or none. Mend them.");
  const bounds = Object.keys(row.forecasts[0]).filter((name) => name.endsWith("%"));
  const columns = [...new Set(row.forecasts.map(({ column }) => column))];
  const parts = columns.flatMap((column) => {
    const steps = row.forecasts.filter((step) => step.column === column);
    const range = model.series.seen?.[model.series.columns.indexOf(column)];
    const history = observed(given, column);
    return [element("h2", {}, column), chart(column, history, steps, bounds), far(history, range)];
  });
  const named = ["time", "step"].filter((name) => name in row.forecasts[0]);
  const headings = [...named, ...(columns.length > 1 ? ["column"] : []), "forecast", ...bounds];
  const rows = row.forecasts.map((step) => headings.map((name) => name === "time" || name === "step" ? String(step[name]) : digits(step[name])));
  answer.replaceChildren(...parts, element("h2", {}, "The forecast in numbers"), table("The forecast in numbers", headings, rows));
  const { time, step, forecast } = row.forecasts[0];
  return `${columns[0]}, ${time ?? `step ${step}`}: ${digits(forecast)}; the table has all steps`;
}

/** Says that numbers lie where the model has never been: in another unit, say. */
function far(history, range) {
  if (!range || !history.length) return null;
  const beyond = 0.1 * (range[1] - range[0]);
  const out = history.filter(({ value }) => value < range[0] - beyond || value > range[1] + beyond).length;
  if (out <= 0.1 * history.length) return null;
  return element("p", { class: "wrong" }, `Most of this lies far from all that the model was trained on (${range[0].toFixed(1)} to ${range[1].toFixed(1)}), and what it says may mean nothing. Is it the same thing, in the same unit?`);
}

function digits(value) {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
