// A mapping that the page has never heard of: its answer as it is.

import { table } from "./elements.js";

export async function other({ model, given, answer, signal, server }) {
  const row = await server.answer(model, given, "", signal);
  answer.replaceChildren(table("Answer", ["field", "value"], Object.entries(row)));
  return "The answer is a table.";
}
