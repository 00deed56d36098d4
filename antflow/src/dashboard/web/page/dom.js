
"use strict";

// What comes from the run reaches the page as text only: nothing here parses it as HTML.

const byId = (id) => document.getElementById(id);

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Nodes that stay as they are keep what is selected in them, and screen readers quiet.
function setText(node, text) {
  const said = String(text);
  if (node.textContent !== said) {
    node.textContent = said;
  }
}

function setState(node, state) {
  if (node.dataset.state !== state) {
    node.dataset.state = state;
  }
}

/** Has as many children as there are values, and lets each be filled. */
function fillList(list, values, create, fill) {
  while (list.children.length > values.length) {
    list.lastElementChild.remove();
  }
  values.forEach((value, index) => {
    if (index === list.children.length) {
      list.append(create(value));
    }
    fill(list.children[index], value);
  });
}

/** A bar that is filled in part. */
function fillMeter(meter, value, most) {
  const part = most > 0 ? Math.min(1, value / most) : 0;
  meter.setAttribute("aria-valuenow", value);
  meter.setAttribute("aria-valuemax", most);
  meter.firstElementChild.style.width = `${(100 * part).toFixed(1)}%`;
  return part;
}

const whole = new Intl.NumberFormat("en");
const count = (number) => whole.format(number);

function rate(perSecond) {
  return perSecond >= 100 ? count(Math.round(perSecond)) : perSecond.toFixed(perSecond < 10 ? 2 : 1);
}

function duration(seconds) {
  const short = [[1e-3, 1e6, "µs"], [1, 1e3, "ms"]].find(([below]) => seconds < below);
  if (seconds === 0) {
    return "0 s";
  }
  if (short) {
    return `${(seconds * short[1]).toPrecision(3).replace(/\.?0+$/, (end) => (end.startsWith(".") ? "" : end))} ${short[2]}`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const all = Math.round(seconds);
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${all % 60} s`;
}

const clock = (timestamp) => new Date(1000 * timestamp).toLocaleTimeString([], { hour12: false });

/** JSON in which ids that are larger than a number can be are texts. */
function parse(text) {
  return JSON.parse(text, (key, value, context) => {
    const isId = key === "item_id" || key === "current_item";
    return isId && typeof value === "number" && !Number.isSafeInteger(value) ? context?.source ?? value : value;
  });
}

// The page may be at any path of its host.
const base = location.pathname.endsWith("/") ? location.pathname : `${location.pathname}/`;
const api = (path) => `${base}api/${path}`;

async function ask(path, options) {
  const answer = await fetch(api(path), options);
  const text = await answer.text();
  let said = null;
  try {
    said = text === "" ? null : parse(text);
  } catch {
    said = { error: text };
  }
  return { ok: answer.ok, status: answer.status, said };
}
