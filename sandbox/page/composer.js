// The box at the foot of a conversation: messages, and slash commands with completion.

import { h, icon } from "./dom.js";
import { freshId } from "./fields.js";
import { openMenu } from "./menu.js";
import { suggest, usageOf } from "./suggestions.js";

const LETTERS_AT_ONCE = 2;
const LETTER_MS = 25;

export class Composer {
  /** `send(text)` gets a finished line; `runShortcut(callback_id)` is for the global shortcuts, where there are any. */
  constructor({ send, runShortcut }) {
    this.send = send;
    this.drafts = new Map();
    this.choices = [];
    this.picked = 0;
    this.listId = freshId("suggestions");
    this.list = h("ul", { id: this.listId, class: "suggestions", role: "listbox", hidden: true });
    this.usage = h("div", { class: "usage quiet", "aria-live": "polite" });
    this.input = h("textarea", {
      rows: 1,
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": this.listId,
      enterkeyhint: "send",
    });
    this.button = h("button", { type: "submit", class: "icon-button send" }, icon("send"));
    this.bolt = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-haspopup": "menu",
        onclick: () => openMenu(this.bolt, this.shortcutEntries(runShortcut)),
      },
      icon("bolt"),
    );
    this.node = h(
      "form",
      { class: "composer" },
      this.list,
      this.usage,
      h("div", { class: "composer-box" }, runShortcut && this.bolt, this.input, this.button),
    );
    this.node.addEventListener("submit", (event) => this.finish(event));
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.offer([]));
  }

  /** Show the box for one conversation; each keeps its own draft. */
  render(name, placeholder, scope) {
    this.scope = scope;
    this.input.placeholder = placeholder;
    this.input.setAttribute("aria-label", placeholder);
    this.list.setAttribute("aria-label", scope.say("suggestions"));
    for (const [node, key] of [
      [this.button, "send"],
      [this.bolt, "shortcuts"],
    ]) {
      node.title = scope.say(key);
      node.setAttribute("aria-label", scope.say(key));
    }
    this.bolt.hidden = this.globalShortcuts().length === 0;
    if (this.name === name) return;
    if (this.name) this.drafts.set(this.name, this.input.value);
    this.name = name;
    this.input.value = this.drafts.get(name) ?? "";
    this.changed();
    this.offer([]);
  }

  globalShortcuts() {
    return this.scope.world.shortcuts.filter((shortcut) => shortcut.type !== "message");
  }

  shortcutEntries(run) {
    return this.globalShortcuts().map(({ name, description, callback_id }) => ({
      label: name,
      note: description,
      run: () => run(callback_id),
    }));
  }

  changed() {
    this.grow();
    this.offer(suggest(this.input.value, this.input.selectionStart, this.scope));
    this.usage.textContent = usageOf(this.input.value, this.scope);
  }

  grow() {
    this.input.style.height = "auto";
    // In a pane that is not on the screen there is nothing to measure.
    if (this.input.scrollHeight) this.input.style.height = `${this.input.scrollHeight}px`;
  }

  offer(choices) {
    this.choices = choices;
    this.picked = 0;
    this.list.hidden = choices.length === 0;
    this.list.replaceChildren(...choices.map((choice, index) => this.row(choice, index)));
    this.mark();
  }

  row(choice, index) {
    const node = h(
      "li",
      { id: `${this.listId}-${index}`, role: "option" },
      h("strong", {}, choice.label),
      choice.hint && h("code", {}, choice.hint),
      choice.note && h("span", { class: "quiet" }, choice.note),
    );
    // A click would take the focus from the box, and with it the list.
    node.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.picked = index;
      this.take();
    });
    return node;
  }

  mark() {
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === this.picked)));
    const marked = this.list.children[this.picked];
    marked?.scrollIntoView({ block: "nearest" });
    if (marked) this.input.setAttribute("aria-activedescendant", marked.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  pressed(event) {
    if (event.isComposing) return;
    const act = this.choices.length ? this.listKey(event) : null;
    if (act) {
      event.preventDefault();
      act();
    } else if (event.key === "Enter" && !event.shiftKey) {
      this.finish(event);
    }
  }

  listKey({ key, shiftKey }) {
    const turn = (step) => () => {
      this.picked = (this.picked + step + this.choices.length) % this.choices.length;
      this.mark();
    };
    if (key === "ArrowDown") return turn(1);
    if (key === "ArrowUp") return turn(-1);
    if (key === "Escape") return () => this.offer([]);
    if (key === "Tab" && !shiftKey) return () => this.take();
    if (key === "Enter" && !shiftKey && !this.isWritten()) return () => this.take();
    return null;
  }

  /** Whether the picked choice already stands there in full, so that Enter sends it. */
  isWritten() {
    const { from, text } = this.choices[this.picked];
    return this.input.value.slice(from, this.input.selectionStart) === text;
  }

  take() {
    const { from, text } = this.choices[this.picked];
    this.input.setRangeText(`${text} `, from, this.input.selectionStart, "end");
    this.input.focus();
    this.changed();
  }

  finish(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.changed();
    this.send(text);
  }

  /** Give a line back that could not be sent, unless the person has begun another. */
  restore(text) {
    if (this.input.value) return;
    this.input.value = text;
    this.changed();
  }

  /** Write a line as a person would, letter by letter, unless this reader does without motion. */
  typeOut(text) {
    clearInterval(this.typing);
    this.input.focus();
    let length = matchMedia("(prefers-reduced-motion: reduce)").matches ? text.length : 0;
    this.typing = setInterval(() => {
      length += LETTERS_AT_ONCE;
      this.write(text.slice(0, length));
      if (length >= text.length) clearInterval(this.typing);
    }, LETTER_MS);
  }

  write(text) {
    this.input.value = text;
    this.changed();
    this.offer([]);
  }

  /** Start a line, unless one stands there already. */
  begin(text) {
    if (this.input.value) return;
    this.input.value = text;
    this.changed();
  }

  focus() {
    this.input.focus();
  }
}
