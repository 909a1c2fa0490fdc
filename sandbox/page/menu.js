// Menus that open from a button, and the question before a step that cannot be taken back.

import { h } from "./dom.js";
import { plain, textObject } from "./mrkdwn.js";

const GAP = 4;

/** Open a menu under `button`; `entries` are `{label, run, note?}`. */
export function openMenu(button, entries, shape = "") {
  const menu = h("div", {
    class: `menu ${shape}`,
    role: "menu",
    "aria-label": button.getAttribute("aria-label"),
  });
  for (const entry of entries) menu.append(menuItem(entry, () => menu.hidePopover()));
  menu.addEventListener("keydown", moveFocus);
  openUnder(button, menu, () => {});
  menu.querySelector("button").focus();
}

/** Show `sheet` under `button` until it is left; then it is gone, and `closed` is called. */
export function openUnder(button, sheet, closed) {
  sheet.popover = "auto";
  sheet.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    sheet.remove();
    closed();
  });
  // Whatever stands outside an open dialog is inert, so the sheet must stand inside it.
  (button.closest("dialog") ?? document.body).append(sheet);
  sheet.style.minWidth = `${button.offsetWidth}px`;
  sheet.showPopover();
  placeUnder(sheet, button.getBoundingClientRect());
}

/** Ask first, where the element carries a `confirm`; resolves to whether to go on. */
export function confirmed(confirm, scope) {
  if (!confirm) return Promise.resolve(true);
  const yes = h(
    "button",
    { type: "submit", value: "yes", class: `button ${confirm.style === "danger" ? "danger" : "primary"}` },
    confirm.confirm ? plain(confirm.confirm) : scope.say("confirm"),
  );
  const no = h(
    "button",
    { type: "submit", value: "no", class: "button" },
    confirm.deny ? plain(confirm.deny) : scope.say("cancel"),
  );
  const title = h("h2", { id: "confirm-title" }, plain(confirm.title));
  const dialog = h(
    "dialog",
    { class: "confirm", "aria-labelledby": "confirm-title" },
    h(
      "form",
      { method: "dialog" },
      title,
      h("div", { class: "text" }, textObject(confirm.text, scope)),
      h("div", { class: "dialog-foot" }, no, yes),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function menuItem({ label, note, run }, close) {
  const pick = () => {
    close();
    run();
  };
  return h(
    "button",
    { type: "button", role: "menuitem", onclick: pick },
    h("span", {}, label),
    note && h("small", {}, note),
  );
}

function placeUnder(menu, anchor) {
  const size = menu.getBoundingClientRect();
  const below = anchor.bottom + GAP;
  const top = below + size.height > innerHeight ? Math.max(GAP, anchor.top - GAP - size.height) : below;
  const left = Math.max(GAP, Math.min(anchor.left, innerWidth - size.width - GAP));
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
}

function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll("button")];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
}
