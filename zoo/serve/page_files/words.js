// Words that were written, each of which can be asked what it looked at.

import { element } from "./elements.js";

export const END = "<end>";
export const HINT = "Point at a word, or go there with Tab and arrow keys, to see where the model looked.";
const BYTE = /^<0x([0-9A-F]{2})>$/;

/** Returns buttons, one a word; `look` is told which one is pointed at or has the focus, or -1 for none. */
export function lookers(label, words, look, attributes = {}) {
  let kept = -1; // what was clicked or reached by keys stays when the pointer leaves
  const buttons = words.map((word, i) => element("button", {
    type: "button", class: "word", tabindex: i ? -1 : 0, "aria-pressed": "false",
    onpointerenter: () => turn(i),
    onfocus: () => keep(i),
    onclick: () => keep(i),
    onkeydown: (event) => move(event, i),
  }, word));

  function turn(i) {
    buttons.forEach((button, j) => { button.setAttribute("aria-pressed", String(i === j)); });
    look(i);
  }

  function keep(i) {
    kept = i;
    buttons.forEach((button, j) => { button.tabIndex = i === j ? 0 : -1; });
    turn(i);
  }

  function move(event, i) {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
  }

  const about = { class: "lookers", role: "group", "aria-label": label, onpointerleave: () => turn(kept) };
  return element("div", { ...about, ...attributes },
    ...buttons.flatMap((button) => [button, " "])); // spaces, so that what is copied has them
}

/** Joins bytes to the characters that they spell; returns these and where each starts. */
export function characters(tokens) {
  const groups = [];
  const starts = [];
  tokens.forEach((token, i) => {
    const byte = BYTE.exec(token);
    const follows = byte && Number.parseInt(byte[1], 16) >= 0x80 && Number.parseInt(byte[1], 16) < 0xc0;
    if (follows && groups.length && BYTE.test(groups.at(-1)[0])) {
      groups.at(-1).push(token);
    } else {
      groups.push([token]);
      starts.push(i);
    }
  });
  return { pieces: groups.map(spelled), starts };
}

function spelled(group) {
  if (!BYTE.test(group[0])) return group[0];
  const bytes = Uint8Array.from(group, (token) => Number.parseInt(BYTE.exec(token)[1], 16));
  const text = new TextDecoder().decode(bytes);
  return /[\p{C}\uFFFD]/u.test(text) ? group.join("") : text;
}

/** Joins pieces to words; returns the words and where each starts. A space may be a piece of its own. */
export function words(tokens) {
  const { pieces, starts } = characters(tokens);
  const joined = [];
  const first = [];
  pieces.forEach((piece, i) => {
    const before = joined.at(-1);
    const goesOn = before !== undefined && !piece.startsWith(" ") && piece !== END;
    if (goesOn && (!before.trim() || isWord(before) === isWord(piece))) {
      joined[joined.length - 1] += piece;
    } else {
      joined.push(piece);
      first.push(starts[i]);
    }
  });
  return { words: joined.map((word) => word.trim() || "␣"), starts: first };
}

function isWord(text) {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Returns the mean of some rows of numbers, for each group of rows that starts where told. */
export function means(rows, starts) {
  return starts.map((start, i) => {
    const group = rows.slice(start, starts[i + 1] ?? rows.length);
    return group[0].map((_, column) => group.reduce((sum, row) => sum + row[column], 0) / group.length);
  });
}

/** Returns sums of neighbouring columns, for each group of columns that starts where told. */
export function sums(rows, starts) {
  return rows.map((row) => starts.map((start, i) =>
    row.slice(start, starts[i + 1] ?? row.length).reduce((sum, weight) => sum + weight, 0)));
}
