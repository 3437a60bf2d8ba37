// Many-to-many, unaligned: a line of print or a recording, its text, and where each symbol stands.

import { element, table, unfolding } from "./elements.js";
import { shownPicture } from "./picture.js";
import { lookers } from "./words.js";

const COLUMNS = 400; // of a picture, in which a symbol's place is shown
const HINT = "Point at a symbol, or go there with Tab and arrow keys, to see where it stands.";

export async function transcription({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal);
  if (row.valid === false) {
    throw new Error(model.sound ? "This is no WAV file that can be read; send uncompressed sound."
      : "This picture cannot be read. Give one in JPEG, PNG, GIF, BMP or WebP.");
  }
  const { shown, place } = await (model.sound ? recording : line)(given);
  const unit = model.sound ? "s" : "pixels";
  const where = (i) => `${round(row.starts[i], model)} to ${round(row.ends[i], model)} ${unit}`;
  const hint = element("p", { class: "soft small hint" });
  const look = (i) => {
    place(row.starts[i], row.ends[i]);
    hint.textContent = i < 0 ? HINT : `${named(row.symbols[i])} is at ${where(i)}`;
  };
  look(-1);
  const rows = row.symbols.map((symbol, i) => [named(symbol), round(row.starts[i], model), round(row.ends[i], model)]);
  answer.replaceChildren(shown, element("p", { class: "big" }, row.text || "(nothing)"),
    ...(rows.length ? [lookers("Symbols of the text", row.symbols.map(named), look), hint,
      unfolding("Where each symbol stands, as a table", table("Where each symbol stands", ["symbol", "from", `to (${unit})`], rows))] : []));
  if (row.truncated) answer.append(element("p", { class: "soft" }, "It is longer than what is read; its end was left out."));
  return row.text || "The text is empty.";
}

/** Returns a picture of a line, and what lights up the columns between two pixels. */
async function line(given) {
  const picture = await shownPicture(given);
  const place = (start, end) => {
    if (start === undefined) return picture.draw(null);
    const each = picture.width / COLUMNS;
    const lit = (column) => (column * each < end && (column + 1) * each > start ? 1 : 0);
    return picture.draw(Array.from({ length: COLUMNS }, (_, column) => lit(column)), 1, COLUMNS, 1);
  };
  return { shown: picture.canvas, place };
}

/** Returns what plays a recording, and what goes to a second of it. */
function recording(given) {
  const player = element("audio", { controls: true, src: `data:audio/wav;base64,${given}`, "aria-label": "The recording" });
  return { shown: player, place: (start) => { if (start !== undefined) player.currentTime = start; } };
}

function named(symbol) {
  return symbol === " " ? "␣" : symbol;
}

function round(place, model) {
  return model.sound ? place.toFixed(2) : String(Math.round(place));
}
