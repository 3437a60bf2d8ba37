// The page: which model is shown, what it reads, and its answer.

import { element } from "./elements.js";
import { inputs } from "./inputs.js";
import * as server from "./server.js";
import { captioning } from "./captioning.js";
import { classification } from "./classification.js";
import { drawing } from "./drawing.js";
import { other } from "./other.js";
import { series } from "./series.js";
import { tagging } from "./tagging.js";
import { text } from "./text.js";
import { transcription } from "./transcription.js";
import { translation } from "./translation.js";

const MAPPINGS = { // by the name in manifests
  captioning, classification, drawing, recognition: classification, series, tagging, text, transcription, translation,
};
const PAUSE = 150; // milliseconds without a key until a model is asked
const LONG = 800; // milliseconds after which somebody who waits is told for what
const main = document.getElementById("main");
const choice = document.getElementById("switch");
const wide = window.matchMedia("(min-width: 60rem)");
let models = [];
let underWay = new AbortController();

/** Tells those who do not see the page, and them alone. */
function say(sentence) {
  document.getElementById("status").textContent = sentence;
}

/** Shows the model that the address names; else the first one. */
function show() {
  const name = decodeURIComponent(location.hash.slice(1));
  const model = models.find((one) => one.name === name) ?? models[0];
  for (const link of choice.querySelectorAll("a")) {
    if (link.dataset.name === model.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.getElementById("current").textContent = model.name;
  document.title = `${model.name} · Sequence zoo`;
  choice.open = wide.matches;
  const [list, link] = [choice.parentElement, choice.querySelector("[aria-current]")];
  list.scrollTop = link.offsetTop - list.clientHeight / 2; // scrollIntoView would move the page, too
  underWay.abort();
  main.replaceChildren(...room(model));
}

/** Returns all that is shown of a model. */
function room(model) {
  const wrong = element("p", { id: "wrong", class: "wrong", role: "alert" });
  const answer = element("section", { class: "answer", "aria-label": "Answer" });
  const ask = asking(model, answer, wrong);
  const input = (inputs[model.reads] ?? inputs.texts)(model, ask);
  const buttons = model.examples.map((example) => element("li", {}, input.button(example)));
  const first = model.examples[0];
  if (first && input.asksAtOnce) input.take(first);
  else if (first) input.fill(first);
  return [
    ...heading(model),
    element("div", { class: "given" }, ...input.parts, wrong,
      buttons.length ? element("div", { class: "examples" }, element("h2", { id: "try" }, "Try"),
        element("ul", { "aria-labelledby": "try" }, ...buttons)) : null),
    answer,
  ];
}

function heading(model) {
  const scores = Object.entries(model.scores).map(([name, figure]) => `${name} ${figure} on its test part`);
  const from = model.data.name && `learned from ${model.data.name}`;
  const [what, ...rest] = [model.what, from, ...scores].filter(Boolean);
  const sentence = what ? [what[0].toUpperCase() + what.slice(1), ...rest].join("; ") : "";
  return [
    element("p", { class: "kicker" }, element("span", { class: "drawing", "aria-hidden": "true" }, model.drawing),
      model.shape || model.mapping || "model"),
    element("h1", {}, model.name),
    sentence ? element("p", { class: "about" }, `${sentence}.`) : null,
  ].filter(Boolean);
}

/** Returns what asks a model after a short pause; an answer that is out of date is never shown. */
function asking(model, answer, wrong) {
  const draw = MAPPINGS[model.mapping] ?? other;
  let timer;

  async function run(given, settings, signal) {
    const slow = setTimeout(() => {
      answer.dataset.waiting = "The model is at work; the first time it is loaded, which takes some seconds …";
      say("Please wait, the model is at work.");
    }, LONG);
    answer.setAttribute("aria-busy", "true");
    try {
      const said = await draw({ model, given, settings, answer, signal, server });
      if (!signal.aborted) say(said);
    } catch (error) {
      if (signal.aborted) return;
      answer.replaceChildren();
      wrong.textContent = error.message;
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) settle();
    }
  }

  function settle() {
    answer.removeAttribute("aria-busy");
    delete answer.dataset.waiting;
  }

  return (given, settings = {}, atOnce = false) => {
    clearTimeout(timer);
    underWay.abort();
    underWay = new AbortController();
    const here = underWay;
    wrong.textContent = "";
    settle();
    if (given.trim() || Object.keys(settings).length) {
      timer = setTimeout(() => { if (!here.signal.aborted) run(given, settings, here.signal); }, atOnce ? 0 : PAUSE);
    } else {
      answer.replaceChildren();
    }
    return () => here.abort();
  };
}

/** Lists the models, those of one shape together. */
function list() {
  const shapes = new Map();
  for (const model of models) shapes.set(model.shape, [...(shapes.get(model.shape) ?? []), model]);
  const links = (group) => group.map((model) => {
    const link = element("a", { href: `#${encodeURIComponent(model.name)}` },
      element("span", { class: "name" }, model.name), model.what ? element("span", { class: "what" }, model.what) : null);
    link.dataset.name = model.name;
    return element("li", {}, link);
  });
  document.getElementById("models").append(...[...shapes].map(([shape, group]) => element("div", {},
    element("p", { class: "shape" }, element("span", { class: "drawing", "aria-hidden": "true" }, group[0].drawing),
      shape || "others"),
    element("ul", { "aria-label": shape || "others" }, ...links(group)))));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address keeps the model
  main.focus();
});
wide.addEventListener("change", () => { choice.open = wide.matches; });
choice.querySelector("summary").addEventListener("click", (event) => { if (wide.matches) event.preventDefault(); });

try {
  models = await server.models();
  list();
  if (models.length) {
    window.addEventListener("hashchange", show);
    show();
  } else {
    main.replaceChildren(element("p", {}, "There is no model here yet. Train one: python -m zoo.recipes.sentiment"));
  }
} catch (error) {
  main.replaceChildren(element("p", { class: "wrong", role: "alert" }, error.message));
}
