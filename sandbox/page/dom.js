// Building and reconciling DOM nodes. Data only ever becomes text nodes or attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  auto: "M4 5h16v11H4zM9 20h6",
  back: "M15 5l-7 7 7 7",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6 6-6",
  external: "M14 5h5v5M19 5l-8 8M10 6H5v13h13v-5",
  home: "M4 11l8-7 8 7M6 10v9h12v-9",
  inward: "M19 12H5M11 6l-6 6 6 6",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z",
  keys: "M3 7h18v10H3zM7 13.5h10M7 10.5h.01M11 10.5h.01M15 10.5h.01",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  outward: "M5 12h14M13 6l6 6-6 6",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  reply: "M20 12a8 7 0 1 1-4-6.1M8 11h8M8 14.5h5",
  smile: "M12 3a9 9 0 1 0 .01 0M8 14a4.5 4.5 0 0 0 8 0M9 9.5h.01M15 9.5h.01",
  sun: "M12 8a4 4 0 1 0 .01 0M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  send: "M4 12L20 4l-5 16-3.5-6.5z",
};

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) setProperty(node, key, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only a picture still has a name for those who hear the page. */
export function iconButton(name, label, onclick, extra = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...extra },
    icon(name),
  );
}

export function byId(id) {
  return document.getElementById(id);
}

/**
 * Bring `parent` to hold one child per item, in order, drawing only what is new or changed.
 * Children are `{key, stamp, draw}`: an equal stamp keeps the node, with what a person typed or focused in it.
 */
export function reconcile(parent, items) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const { key, stamp, draw } of items) {
    let node = known.get(key);
    known.delete(key);
    if (!node || node.renderedStamp !== stamp) {
      const fresh = draw();
      fresh.dataset.key = key;
      fresh.renderedStamp = stamp;
      if (node === place) place = node?.nextElementSibling ?? null;
      node?.remove();
      node = fresh;
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

function setProperty(node, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
  else if (key === "value" || key === "checked" || key === "selected") node[key] = value;
  else node.setAttribute(key, value === true ? "" : value);
}
