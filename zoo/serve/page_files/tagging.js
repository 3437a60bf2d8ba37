// Many-to-many, aligned: the text itself, with its tags written on it.

import { element, table, unfolding } from "./elements.js";

const GOLDEN = 137.5; // degrees between the colours of two kinds that follow each other
const QUIET = ["operator", "newline"]; // what everybody sees without a tag

export async function tagging({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal);
  const kinds = [...new Set(model.labels.map(kindOf))];
  const points = Array.from(given); // offsets count code points
  const text = element("p", { class: model.style === "code" ? "tagged code" : "tagged" });
  const found = pieces(row);
  let last = 0;
  for (const { start, end, kind } of found) {
    if (start > last) text.append(points.slice(last, start).join(""));
    const piece = points.slice(start, end).join("");
    const quiet = !piece.trim() || (model.style === "code" && QUIET.includes(kind));
    text.append(quiet ? piece : tagged(piece, kind, (kinds.indexOf(kind) * GOLDEN) % 360));
    last = end;
  }
  text.append(points.slice(last).join(""));
  const rows = row.tokens.map(({ token, tag, score }) => [written(token), tag, score]);
  answer.replaceChildren(text, unfolding(`${rows.length} tokens as a table`,
    table("Tokens and their tags", ["token", "tag", "score"], rows)));
  if (row.truncated) answer.append(element("p", { class: "soft" }, "The text is longer than what is read; its end was left out."));
  return `${found.length} tagged: ${summary(row.spans, points)}`;
}

function tagged(piece, kind, hue) {
  return element("span", { class: "tag", "--hue": hue.toFixed(0) },
    element("span", { class: "piece" }, piece), element("small", {}, kind));
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

function summary(spans, points) {
  const told = spans.slice(0, 8).map(({ type, start, end }) => `${points.slice(start, end).join("")}, ${type}`);
  return told.join("; ") || "the table has them one by one";
}

function written(token) {
  return /^\s+$/.test(token) ? JSON.stringify(token).slice(1, -1) : token;
}
