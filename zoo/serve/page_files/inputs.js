// How a model is given something: a text, a prompt to go on from, a picture, or a table.
//
// Each returns `parts` of the page; `take`, which fills an example in and asks; `fill`, which fills it in;
// `button`, which takes an example; and `asksAtOnce`, whether the first example is answered unasked.

import { element, language } from "./elements.js";

const READ_BY_MODELS = ["image/png", "image/jpeg", "image/gif", "image/bmp"];
const LARGE = 1_500_000; // bytes of a picture, above which it is made smaller before it is sent
const LONGEST = 1024; // pixels of its longer side then
const WIDEST_LINE = 8192; // of a line of print, which is read at full height
const DRAWS = ["What is drawn", 1, "Draw"];
const TOLD = {
  length: "how much is written",
  temperature: "0: always the likeliest",
  top_k: "the likeliest so many",
  top_p: "the likeliest share",
  seed: "the same writes the same",
};

function area(label, attributes, ask) {
  const field = element("textarea", {
    id: "input", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": "wrong",
    ...attributes, oninput: () => ask?.(field.value),
  });
  return [element("label", { for: "input" }, label), field];
}

function chip(take, kind = "") {
  return (example) => element("button", { type: "button", class: `chip ${kind}`, onclick: () => take(example) },
    element("span", {}, example.name.trim()));
}

function texts(model, ask) {
  if (Object.keys(model.settings).length) return prompt(model, ask, ...(model.mapping === "drawing" ? DRAWS : []));
  const code = model.style === "code";
  const [source] = model.languages;
  const name = code ? "Code" : source ? `Text in ${language(source)}` : "Text";
  const [label, field] = area(source === "word" ? "A word" : name, {
    rows: code ? 5 : 2, class: code ? "mono" : null, lang: source?.length === 2 ? source : null,
  }, ask);
  const take = ({ given }) => { field.value = given; ask(given, {}, true); };
  const fill = ({ given }) => { field.value = given; };
  return { parts: [label, field], take, fill, button: chip(take, code ? "mono" : ""), asksAtOnce: true };
}

function prompt(model, ask, name = "What stands before", rows = 3, does = "Write") {
  const [label, field] = area(name, { rows, class: "mono" });
  const fields = Object.entries(model.settings).map(([name, value]) => [name, element("input", {
    id: `set-${name}`, type: "number", min: 0, step: ["temperature", "top_p"].includes(name) ? 0.05 : 1,
    max: name === "top_p" ? 1 : null, value, "aria-describedby": `told-${name}`,
  })]);
  let stop = () => {};
  const write = () => {
    const set = fields.filter(([, input]) => input.value !== "").map(([name, input]) => [name, Number(input.value)]);
    stop = ask(field.value, Object.fromEntries(set), true);
  };
  const take = ({ given }) => { field.value = given; write(); };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) write();
    if (event.key === "Escape") stop();
  });
  const labelled = ([name, input]) => element("div", { class: "setting" },
    element("label", { for: input.id }, name.replace("_", "-")), input,
    element("span", { id: `told-${name}`, class: "soft small" }, TOLD[name] ?? ""));
  return {
    parts: [
      label, field,
      element("div", { class: "settings" }, ...fields.map(labelled)),
      element("div", { class: "actions" },
        element("button", { type: "button", class: "main", onclick: write }, does),
        element("button", { type: "button", class: "stop", onclick: () => stop() }, "Stop"),
        element("span", { class: "soft small keys" }, `Ctrl + Enter ${does.toLowerCase()}s, Esc stops`)),
    ],
    take, fill: ({ given }) => { field.value = given; }, button: chip(take, "mono"), asksAtOnce: model.mapping === "drawing",
  };
}

function pictures(model, ask) {
  if (model.frames > 1) return dropped("clip", "image/gif,image/webp,image/png,image/apng", (file) => file, ask);
  return dropped("picture", "image/*", (file) => readable(file, LONGEST), ask);
}

/** Recordings, or pictures of lines. */
function files(model, ask) {
  return model.sound ? dropped("WAV file", "audio/wav,.wav", (file) => file, ask)
    : dropped("picture", "image/*", (file) => readable(file, WIDEST_LINE), ask);
}

function dropped(what, accept, prepared, ask) {
  const read = async (file) => {
    if (file) ask(await base64(await prepared(file)), {}, true);
  };
  const file = element("input", {
    type: "file", id: "input", class: "hidden", accept, "aria-describedby": "wrong",
    onchange: () => read(file.files[0]),
  });
  const drop = element("div", {
    class: "drop",
    ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove("over"); read(event.dataTransfer.files[0]); },
  }, element("p", {}, `Drop a ${what} here, paste one, or `),
  file, element("label", { class: "file", for: "input" }, `choose a ${what}`));
  const pasted = (event) => {
    if (drop.isConnected) read(event.clipboardData?.files[0]);
    else document.removeEventListener("paste", pasted);
  };
  document.addEventListener("paste", pasted);
  const take = ({ given }) => ask(given, {}, true);
  const button = (example) => element("button", { type: "button", class: "chip picture", onclick: () => take(example) },
    element("img", { src: `data:;base64,${example.given}`, alt: example.name }));
  return { parts: [drop], take, fill: take, button, asksAtOnce: true };
}

/** Returns a picture that models can read, and that is not larger than they would make it anyway. */
async function readable(file, longest) {
  if (READ_BY_MODELS.includes(file.type) && file.size < LARGE) return file;
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return file; // of which the server will say what is wrong
  }
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = "";
  for (let i = 0; i < bytes.length; i += 32768) binary += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(binary);
}

function series(model, ask) {
  const { columns = [], static: said = [], known = [] } = model.series;
  const ahead = known.length ? ` Its last rows hold ${known.join(", ")} alone, which are known ahead.` : "";
  const many = model.window ? ` at least ${model.window} rows,` : "";
  return pasted(`:${many} times in the first column, and ${[...said, ...columns].join(", ")}.${ahead}`, ask);
}

function signals(model, ask) {
  return pasted(`, a row for each moment: ${model.channels.join(", ")}. A blank cell is a number that is missing.`, ask);
}

/** A table that is pasted, dropped or typed. */
function pasted(what, ask) {
  const [label, field] = area("Table", { rows: 5, class: "mono", "aria-describedby": "wrong columns" }, ask);
  const read = async (file) => { if (file) take({ given: await file.text() }); };
  field.addEventListener("dragover", (event) => event.preventDefault());
  field.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  });
  const take = ({ given }) => { field.value = given; ask(given, {}, true); };
  const told = `Paste a table or drop a file, CSV or columns parted by tabs${what}`;
  return {
    parts: [label, field, element("p", { class: "soft small", id: "columns" }, told)],
    take, fill: ({ given }) => { field.value = given; }, button: chip(take), asksAtOnce: true,
  };
}

export const inputs = { texts, pictures, files, series, signals };
