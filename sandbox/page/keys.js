// The keys of the page, and the sheet that lists them.

import { h } from "./dom.js";

const WRITING = "input, textarea, select, [contenteditable]";

const LISTED = [
  ["?", "keyHelp"],
  ["/", "keyCommand"],
  ["Alt + ↑ ↓", "keyChannels"],
  ["Alt + 1 … 9", "keyActAs"],
  ["J K", "keyMessages"],
  ["T", "keyThread"],
  ["W", "keyWhy"],
  ["I", "keyInspector"],
  ["@ # :", "keyComplete"],
  ["Esc", "keyClose"],
];

/** `page` gives the scope and the composer that is in front. */
export class Keys {
  constructor(page) {
    this.page = page;
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || !this.page.scope) return;
    if (document.querySelector("dialog[open]")) return;
    const deed = this.deedOf(event);
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  deedOf({ key, code, altKey, target }) {
    if (key === "Escape") return this.page.scope.place.wire || this.page.scope.place.thread ? () => this.leave() : null;
    if (altKey) return this.altDeed(key, code);
    if (target.closest(WRITING)) return null;
    const deeds = {
      "?": () => this.showSheet(),
      "/": () => this.startCommand(),
      j: () => this.toMessage(1),
      k: () => this.toMessage(-1),
      t: () => this.ofMessage((ts) => ({ thread: ts })),
      w: () => this.ofMessage((ts) => ({ wire: ts })),
      i: () => this.page.inspector.toggle(),
    };
    return deeds[key.toLowerCase()];
  }

  altDeed(key, code) {
    const { scope } = this.page;
    if (key === "ArrowDown") return () => this.toChannel(1);
    if (key === "ArrowUp") return () => this.toChannel(-1);
    // With Alt held, some layouts write another character than the digit on the key.
    const person = scope.humans[Number(/^Digit(\d)$/.exec(code)?.[1]) - 1];
    return person ? () => scope.go({ as: person.name, thread: null }) : null;
  }

  leave() {
    const { go, place } = this.page.scope;
    go(place.wire ? { wire: null } : { thread: null });
  }

  startCommand() {
    this.page.composer.focus();
    this.page.composer.begin("/");
  }

  toChannel(step) {
    const { channels, current, go } = this.page.scope;
    const next = channels.at((channels.indexOf(current) + step) % channels.length);
    go({ in: next.id, thread: null, tab: null });
  }

  toMessage(step) {
    const rows = [...document.querySelectorAll("#messages .message[data-ts]")];
    const here = rows.indexOf(document.activeElement.closest(".message"));
    const next = here < 0 ? rows.at(-1) : rows[Math.min(rows.length - 1, Math.max(0, here + step))];
    next?.focus();
  }

  ofMessage(change) {
    const ts = document.activeElement.closest(".message")?.dataset.ts;
    if (ts) this.page.scope.go(change(ts));
  }

  showSheet() {
    const { say } = this.page.scope;
    const dialog = h(
      "dialog",
      { class: "keys", "aria-labelledby": "keys-title" },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "keys-title" }, say("keys")),
        h(
          "dl",
          {},
          LISTED.map(([key, word]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, say(word))]),
        ),
        h("div", { class: "dialog-foot" }, h("button", { type: "submit", class: "button" }, say("close"))),
      ),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}
