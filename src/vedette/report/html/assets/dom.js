// Making elements. Data only ever becomes text: no markup is parsed anywhere in this script.

const LEVELS = ["critical", "high", "medium", "low", "informational"];
const NAMES = new Set(["id", "type", "role", "href", "for", "value", "tabindex", "title", "placeholder", "start"]);
const SVG = "http://www.w3.org/2000/svg";

function put(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

function el(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (NAMES.has(name) || name.startsWith("aria-")) made.setAttribute(name, value === true ? "" : String(value));
    else made[name] = value;
  }
  return put(made, children);
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, String(value));
  return put(made, children);
}

const byId = (id) => document.getElementById(id);
const code = (text) => el("code", null, text);
const tag = (text, look = "outline") => el(`span.tag.${look}`, null, text);
const lookOf = (level) => (LEVELS.includes(level) ? level : "other");
const rankOf = (level) => (LEVELS.includes(level) ? LEVELS.indexOf(level) : LEVELS.length);
const badge = (level) => tag(level || "no level", lookOf(level));
const FIGURES = new Intl.NumberFormat("en");
const whole = (value) => (typeof value === "number" ? FIGURES.format(value) : String(value));
const counted = (value, noun, plural) => `${whole(value)} ${value === 1 ? noun : plural || `${noun}s`}`;
const base = (path) => (path || "").replace(/\/+$/, "").split("/").pop();

function stamp(ms, part = "both") {
  if (!Number.isFinite(ms)) return "";
  const text = new Date(ms).toISOString();
  return part === "time" ? text.slice(11, 23) : part === "day" ? text.slice(0, 10) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

function lasting(ms) {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

function say(text) {
  byId("said").textContent = "";
  requestAnimationFrame(() => { byId("said").textContent = text; });
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea.unseen", { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function copyButton(what, text) {
  const button = el("button.copy", { type: "button", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await toClipboard(typeof text === "function" ? text() : text);
    button.textContent = done ? "Copied" : "Select it";
    say(done ? `${what} copied` : "the browser did not allow to copy");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
}

function codeBlock(title, text) {
  return [el(".code-head", null, el("h4", null, title), copyButton(title, text)), el("pre.log", { tabindex: 0 }, text)];
}
