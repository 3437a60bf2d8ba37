// How a model is given something: as text, as a picture, as a table, or as a prompt to go on from.

import { element } from "./elements.js";

/** Returns parts of the page, what makes a button of an example, and `start`, which begins with one. */
function texts(model, ask) {
  if (Object.keys(model.settings).length) return prompt(model, ask);
  const area = element("textarea", {
    id: "given", rows: 3, spellcheck: "false", class: model.code ? "mono" : null, oninput: () => ask(area.value),
  });
  const take = (example) => { area.value = example; ask(example, {}, true); };
  return {
    parts: [element("label", { for: "given" }, model.code ? "Code" : "Text"), area],
    start: take,
    button: (name, value) => element("button", { type: "button", onclick: () => take(value) }, name),
  };
}

function prompt(model, ask) {
  const area = element("textarea", { id: "given", rows: 3, spellcheck: "false", class: "mono" });
  const fields = Object.entries(model.settings).map(([name, value]) => {
    const step = Number.isInteger(value) && name !== "temperature" && name !== "top_p" ? 1 : 0.1;
    return [name, element("input", { id: name, type: "number", min: 0, step, value })];
  });
  const write = () => {
    const settings = Object.fromEntries(fields.filter(([, field]) => field.value !== "").map(([name, field]) => [name, Number(field.value)]));
    ask(area.value || " ", settings, true);
  };
  const take = (example) => { area.value = example; write(); };
  const labelled = ([name, field]) =>
    element("div", {}, element("label", { for: name }, name.replace("_", "-")), field);
  return {
    parts: [
      element("label", { for: "given" }, "What stands before"), area,
      element("div", { class: "row" }, ...fields.map(labelled),
        element("button", { type: "button", class: "main", onclick: write }, "Write")),
    ],
    start: (example) => { area.value = example; }, // what is drawn takes a while: only when asked for
    button: (name, value) => element("button", { type: "button", onclick: () => take(value) }, name.trim()),
  };
}

function pictures(model, ask) {
  const read = async (file) => {
    if (!file) return;
    const bytes = new Uint8Array(await file.arrayBuffer());
    let binary = "";
    for (let i = 0; i < bytes.length; i += 32768) binary += String.fromCharCode(...bytes.subarray(i, i + 32768));
    ask(btoa(binary), {}, true);
  };
  const file = element("input", {
    type: "file", id: "given", class: "hidden", accept: "image/png,image/jpeg,image/gif,image/bmp",
    onchange: () => read(file.files[0]),
  });
  const drop = element("div", {
    class: "drop",
    ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); read(event.dataTransfer.files[0]); },
  }, element("p", {}, "Drop a picture here, paste one, or"),
  element("label", { class: "file", for: "given" }, "Choose a picture", file));
  const pasted = (event) => {
    if (!drop.isConnected) window.removeEventListener("paste", pasted);
    else read(event.clipboardData?.files[0]);
  };
  window.addEventListener("paste", pasted);
  const take = (example) => ask(example, {}, true);
  return {
    parts: [drop],
    start: take,
    button: (name, value) => element("button", { type: "button", onclick: () => take(value) },
      element("img", { src: `data:image/png;base64,${value}`, alt: name })),
  };
}

function series(model, ask) {
  const area = element("textarea", {
    id: "given", rows: 8, spellcheck: "false", class: "mono", oninput: () => ask(area.value),
  });
  const columns = model.own.series?.columns ?? [];
  const take = (example) => { area.value = example; ask(example, {}, true); };
  return {
    parts: [
      element("label", { for: "given" }, "Table"), area,
      element("p", { class: "note" }, `Paste CSV or tabs: dates in the first column, and ${columns.join(", ")}.`),
    ],
    start: take,
    button: (name, value) => element("button", { type: "button", onclick: () => take(value) }, name),
  };
}

export const inputs = { texts, pictures, series };
