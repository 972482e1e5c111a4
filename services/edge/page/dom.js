/** Elements without markup strings: whatever comes from a person or a server is only ever text. */

const FIRST_SIGHT_MS = 500;

/**
 * A new element. `options`: `class`, `text`, `on` (event name to listener), `data` (dataset), `props` (DOM
 * properties); anything else is an attribute. An attribute of null, undefined or false is left out.
 */
export function el(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  const { class: className, text, on = {}, data = {}, props = {}, ...attributes } = options;
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, listener] of Object.entries(on)) made.addEventListener(name, listener);
  Object.assign(made.dataset, data);
  Object.assign(made, props);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets text only where it changed, so that assistive technology is not told the same thing again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides. */
export function show(element, shown) {
  element.hidden = !shown;
}

/** A button that runs `action`. */
export function button(text, className, action) {
  return el("button", { type: "button", class: className, text, on: { click: action } });
}

/** A button that copies `text` and says so for a moment; `said` is what it says. */
export function copyButton(label, said, text) {
  const made = button(label, "plain small", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return;
    }
    made.textContent = said;
    announce(said);
    setTimeout(() => { made.textContent = label; }, 2000);
  });
  return made;
}

/** Rows of names and what is known under them, `[name, text or node]`; a row without a second is left out. */
export function factList(rows) {
  const list = el("dl", { class: "fact-list" });
  for (const [name, told] of rows) {
    if (told !== "" && told !== null && told !== undefined) list.append(el("dt", { text: name }), el("dd", {}, told));
  }
  return list;
}

/** Lets the page be seen once its first `answers` are in it, so that nothing jumps; a slow server is waited for half a second. */
export async function reveal(answers) {
  await Promise.race([answers, new Promise((resolve) => { setTimeout(resolve, FIRST_SIGHT_MS); })]);
  document.documentElement.dataset.ready = "";
}

/** Runs `action` again and again, but not while nobody can see the page. */
export function whenVisible(everyMs, action) {
  setInterval(() => { if (!document.hidden) action(); }, everyMs);
}

const QUIET_MS = 8000;
let lastSaid = 0;

/**
 * Says `text` through the page's live region. With `minor`, at most once in eight seconds: a place that moves
 * every second must not drown everything else.
 */
export function announce(text, { minor = false } = {}) {
  const now = Date.now();
  if (minor && now - lastSaid < QUIET_MS) return;
  lastSaid = now;
  setText(document.getElementById("announce"), text);
}
