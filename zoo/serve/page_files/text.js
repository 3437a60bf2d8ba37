// One-to-many: what a language model writes after a prompt, as it writes it.

import { element } from "./elements.js";

export async function text({ model, given, settings, answer, signal, server }) {
  const written = element("span", { class: "new" });
  const page = element("p", { class: "written", tabindex: 0, role: "region", "aria-label": "What was written" },
    element("span", { class: "prompt" }, given), written, element("span", { class: "caret", "aria-hidden": "true" }));
  const note = element("p", { class: "soft small" });
  answer.replaceChildren(page, note);
  const words = model.level !== "char";
  try {
    for await (const piece of server.stream(model, given, settings, signal)) {
      const apart = words && !written.firstChild && given && !/\s$/.test(given) && !piece.startsWith("\n");
      written.append((apart ? " " : "") + piece);
    }
  } catch (error) {
    if (error.name !== "AbortError") throw written.firstChild ? new Error("The server broke off. Try again.") : error;
  }
  page.classList.add("done");
  const count = words ? written.textContent.split(/\s+/).filter(Boolean).length : Array.from(written.textContent).length;
  note.textContent = `${signal.aborted ? "Stopped after" : "Wrote"} ${count} ${words ? "words" : "characters"}.`;
  answer.removeAttribute("aria-busy");
  return note.textContent;
}
