// Many-to-many of free length: the translation, each word of which tells where the model looked.

import { element, language, percent, sureness, table, unfolding } from "./elements.js";
import { characters, END, HINT, lookers, means, sums, words } from "./words.js";

const SEEN = 0.1; // of a word's attention, from which on it is written under a word that was read

export async function translation({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "attention", signal);
  const target = model.languages[1];
  const lang = target?.length === 2 ? target : null;
  const notes = [
    row.truncated && "The text is longer than what is read; its end was left out.",
    row.finished === false && "The translation stopped at the length limit.",
  ].filter(Boolean).map((note) => element("p", { class: "soft" }, note));
  const sure = row.translation ? sureness(row) : null;
  if (!row.attention?.length || !row.target_tokens.length) {
    answer.replaceChildren(element("p", { class: "big", lang }, row.translation || "(nothing)"), sure ?? "", ...notes);
    return row.translation || "The translation is empty.";
  }
  const { read, written, weights } = joined(row);
  const sources = read.map((word) => element("span", { class: "source" }, element("span", {}, word), element("small", {})));
  const hint = element("p", { class: "soft small hint" });
  const look = (i) => {
    sources.forEach((source, j) => {
      const weight = i < 0 ? 0 : weights[i][j];
      source.style.setProperty("--weight", weight.toFixed(3));
      source.lastChild.textContent = weight >= SEEN ? percent(weight) : "";
    });
    hint.textContent = i < 0 ? HINT : looked(written[i], read, weights[i]);
  };
  look(-1);
  answer.replaceChildren(
    element("h2", {}, target ? `In ${language(target)}` : "Translation"),
    element("p", { class: "hidden", lang }, row.translation),
    lookers("Words of the translation", written, look, { lang, class: "lookers big" }),
    sure ?? "",
    element("h2", {}, "What was read"), element("p", { class: "sources" }, ...sources), hint, ...notes,
    unfolding("The whole map as a table", table("Attention: each row a word that was written, each column one that was read",
      ["", ...read], written.map((word, i) => [word, ...weights[i]]), { shares: true })));
  return row.translation;
}

/** Returns the words of both sides, and the share (written, read) of each word's attention. */
function joined(row) {
  let source = words(row.source_tokens);
  if (source.words.filter((word) => word !== END).length === 1) { // its spelling
    const { pieces, starts } = characters(row.source_tokens);
    source = { words: pieces.map((piece) => piece.trim() || "␣"), starts };
  }
  const target = words(row.target_tokens);
  return { read: source.words, written: target.words, weights: means(sums(row.attention, source.starts), target.starts) };
}

function looked(word, read, weights) {
  const best = weights.map((weight, j) => [weight, read[j]]).sort((a, b) => b[0] - a[0]).slice(0, 3);
  const told = best.filter(([weight], i) => !i || weight >= SEEN).map(([weight, source]) => `${source} ${percent(weight)}`);
  return `${word} looked at ${told.join(", ")}`;
}
