// Makes elements. Data becomes text, never markup.

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

/** Returns a table whose numbers stand on the right. */
export function table(caption, headings, rows) {
  const cell = (name, value) =>
    element(name, { class: typeof value === "number" ? "number" : null, scope: name === "th" ? "col" : null }, shown(value));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, ...headings.map((heading) => cell("th", heading)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((value) => cell("td", value)))))));
}

/** Returns what opens to show a table. */
export function unfolding(summary, ...content) {
  return element("details", {}, element("summary", {}, summary), ...content);
}

export function shown(value) {
  if (typeof value !== "number") return String(value ?? "");
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

export function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}
