// Makes elements. What comes from outside becomes text, never markup.

/** Returns an element: attributes by name, `on…` as listeners, `--name` as a property of its style. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same of SVG. */
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) made.style.setProperty(key, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Returns a table, the first cell of each row its heading, and numbers on the right. `shares` shades numbers
 * between 0 and 1 by their size.
 */
export function table(caption, headings, rows, { shares = false } = {}) {
  const numeric = headings.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const cell = (name, value, column, scope) => element(name, {
    scope,
    class: [numeric[column] && "number", shares && typeof value === "number" && "shaded"].filter(Boolean).join(" ") || null,
    "--weight": shares && typeof value === "number" ? value.toFixed(3) : null,
  }, shown(value));
  const body = rows.map((row) =>
    element("tr", {}, ...row.map((value, column) => column ? cell("td", value, column) : cell("th", value, column, "row"))));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, ...headings.map((heading, column) => cell("th", heading, column, "col")))),
      element("tbody", {}, ...body)));
}

/** Returns what opens to show more. */
export function unfolding(summary, ...content) {
  return element("details", { class: "more" }, element("summary", {}, summary), ...content);
}

/** Returns a value as it is read: numbers with three digits behind the point. */
export function shown(value) {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toFixed(3);
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return String(value ?? "");
}

export function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}

/** Returns how sure a model is of an answer, where it says so; what is more likely wrong than right stands out. */
export function sureness({ confidence }) {
  if (typeof confidence !== "number") return null;
  const doubtful = confidence < 0.5;
  return element("p", { class: doubtful ? "doubtful" : "soft" },
    `${doubtful ? "Doubtful: the" : "The"} model takes this to be right with a chance of ${percent(confidence)}.`);
}

/** Returns what a language is called in English. */
export function language(code) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code);
  } catch {
    return code; // "phonemes" is none
  }
}
