// The page: which model is shown, what it reads, and its answer.

import { element } from "./elements.js";
import { answers } from "./answers.js";
import { inputs } from "./inputs.js";
import * as server from "./server.js";

const PAUSE = 150; // milliseconds without a key until a model is asked
const list = document.getElementById("models");
const narrow = matchMedia("(max-width: 56rem)"); // as in style.css: there the list folds away
const main = document.getElementById("main");
let models = [];
let underWay = new AbortController();

/** Shows what the address names; else the first model. */
function show() {
  const name = decodeURIComponent(location.hash.slice(1));
  const model = models.find((one) => one.name === name) ?? (name === "main" ? null : models[0]);
  if (!model) return;
  for (const link of list.querySelectorAll("a")) {
    if (link.dataset.name === model.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  list.parentElement.open = !narrow.matches;
  document.title = `${model.name} · Sequence zoo`;
  underWay.abort();
  main.replaceChildren(...room(model));
}

/** Returns the input, the examples and the answer of a model. */
function room(model) {
  const answer = element("section", { class: "answer", "aria-live": "polite", "aria-label": "Answer" });
  const ask = asking(model, answer);
  const input = (inputs[model.reads] ?? inputs.texts)(model, ask);
  const about = [model.what, model.data.name && `learned from ${model.data.name}`].filter(Boolean).join("; ");
  const room = [element("h2", {}, model.name), element("p", { class: "about" }, about), ...input.parts];
  if (model.examples.length) {
    const buttons = model.examples.map(({ name, value }) => element("li", {}, input.button(name, value)));
    room.push(element("div", { class: "examples" }, element("p", {}, "Try"), element("ul", {}, ...buttons)));
    input.start(model.examples[0].value);
  }
  room.push(answer);
  return room;
}

/** Returns what asks a model after a short pause; an answer that is out of date is never shown. */
function asking(model, answer) {
  let timer;
  return (given, settings = {}, atOnce = false) => {
    clearTimeout(timer);
    underWay.abort();
    underWay = new AbortController();
    const { signal } = underWay;
    if (!given.length) {
      answer.replaceChildren();
      return;
    }
    timer = setTimeout(async () => {
      if (signal.aborted) return;
      answer.classList.add("waiting");
      try {
        const shown = answers[model.mapping] ?? answers.other;
        await shown({ model, given, settings, answer, signal, server });
      } catch (error) {
        if (!signal.aborted) answer.replaceChildren(element("p", { class: "error" }, error.message));
      } finally {
        if (!signal.aborted) answer.classList.remove("waiting");
      }
    }, atOnce ? 0 : PAUSE);
  };
}

function linked() {
  const groups = new Map();
  for (const model of models) groups.set(model.drawing, [...(groups.get(model.drawing) ?? []), model]);
  for (const [drawing, group] of groups) {
    if (drawing) list.append(element("li", { class: "mapping", "aria-hidden": "true" }, drawing));
    for (const model of group) {
      const link = element("a", { href: `#${encodeURIComponent(model.name)}` }, model.name);
      link.dataset.name = model.name;
      list.append(element("li", {}, link));
    }
  }
}

try {
  models = await server.models();
  linked();
  window.addEventListener("hashchange", show);
  narrow.addEventListener("change", () => { list.parentElement.open = !narrow.matches; });
  show();
  if (!models.length) main.replaceChildren(element("p", {}, "There is no model here yet."));
} catch (error) {
  main.replaceChildren(element("p", { class: "error", role: "alert" }, error.message));
}
