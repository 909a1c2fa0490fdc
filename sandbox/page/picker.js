// A select with search: a button that shows what is chosen, and a list that opens under it.

import { h, icon } from "./dom.js";
import { freshId } from "./fields.js";
import { openUnder } from "./menu.js";

const SEARCH_FROM = 6;
const TYPING_PAUSE_MS = 200;

/**
 * `options`: `{attributes, scope, placeholder, chosen, isMany, most?, canClear?, load(query), picked()}`, where `load`
 * gives (or promises) groups of `{label?, options: [{value, text, rich?, description?}]}`. Gives `{node, read}`.
 */
export function picker(options) {
  const face = new Picker(options);
  return { node: face.button, read: () => face.read() };
}

class Picker {
  constructor(options) {
    this.options = options;
    this.chosen = options.chosen;
    this.shown = h("span", { class: "picker-shown" });
    this.listId = freshId("options");
    this.button = h(
      "button",
      {
        type: "button",
        role: "combobox",
        class: "picker",
        "aria-haspopup": "listbox",
        "aria-expanded": "false",
        "aria-controls": this.listId,
        ...options.attributes,
        onclick: () => this.open(),
        onkeydown: (event) => this.opens(event),
      },
      this.shown,
      icon("down"),
    );
    this.face();
  }

  read() {
    const values = this.chosen.map((option) => option.value);
    return this.options.isMany ? values : (values[0] ?? null);
  }

  face() {
    const { isMany, placeholder } = this.options;
    const names = this.chosen.map((option) => h("span", { class: isMany ? "chip" : "" }, option.text));
    this.shown.replaceChildren(...(names.length ? names : [placeholder]));
    this.shown.classList.toggle("is-empty", names.length === 0);
  }

  opens(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    this.open();
  }

  open() {
    if (this.sheet) return;
    const { scope, attributes } = this.options;
    this.before = JSON.stringify(this.read());
    this.list = h("ul", {
      id: this.listId,
      role: "listbox",
      "aria-label": attributes["aria-label"] ?? scope.say("options"),
      "aria-multiselectable": this.options.isMany ? "true" : null,
    });
    this.search = h("input", {
      type: "text",
      class: "picker-search",
      role: "combobox",
      autocomplete: "off",
      placeholder: scope.say("search"),
      "aria-label": scope.say("search"),
      "aria-autocomplete": "list",
      "aria-expanded": "true",
      "aria-controls": this.listId,
      oninput: () => this.typed(),
      onkeydown: (event) => this.pressed(event),
    });
    this.sheet = h("div", { class: "menu picker-sheet" }, this.search, this.list);
    this.button.setAttribute("aria-expanded", "true");
    openUnder(this.button, this.sheet, () => this.closed());
    this.search.focus();
    this.fill(true);
  }

  closed() {
    this.sheet = null;
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
    if (JSON.stringify(this.read()) !== this.before) this.options.picked(this.read());
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fill(false), this.options.isRemote ? TYPING_PAUSE_MS : 0);
  }

  async fill(isFirst) {
    const query = this.search.value.trim();
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const groups = await this.options.load(query);
    if (turn !== this.turn || !this.sheet) return;
    const matching = this.options.isRemote ? groups : groups.map((group) => narrowed(group, query));
    this.rows = matching.flatMap((group) => group.options);
    if (isFirst && !this.options.isRemote) this.search.classList.toggle("unseen", this.rows.length < SEARCH_FROM);
    this.picked = Math.max(
      0,
      this.rows.findIndex((option) => this.isChosen(option)),
    );
    this.draw(matching);
  }

  draw(groups) {
    const { scope } = this.options;
    const rows = groups
      .filter((group) => group.options.length)
      .flatMap((group) => [
        group.label && h("li", { class: "group", role: "presentation" }, group.label),
        ...group.options.map((option) => this.row(option)),
      ]);
    const nothing = h("li", { class: "group", role: "presentation" }, scope.say("nothingFound"));
    this.list.replaceChildren(...(rows.length ? rows.filter(Boolean) : [nothing]));
    this.mark();
  }

  row(option) {
    const isChosen = this.isChosen(option);
    const node = h(
      "li",
      { id: freshId("option"), role: "option", "aria-selected": String(isChosen), "data-value": option.value },
      h("span", { class: "tick", "aria-hidden": "true" }, isChosen ? "✓" : ""),
      h("span", {}, option.rich ?? option.text, option.description && h("small", {}, option.description)),
    );
    node.addEventListener("mousedown", (event) => event.preventDefault());
    node.addEventListener("click", () => this.take(option));
    return node;
  }

  mark() {
    const nodes = [...this.list.querySelectorAll("[role=option]")];
    nodes.forEach((node, index) => node.classList.toggle("marked", index === this.picked));
    const marked = nodes[this.picked];
    marked?.scrollIntoView({ block: "nearest" });
    if (marked) this.search.setAttribute("aria-activedescendant", marked.id);
    else this.search.removeAttribute("aria-activedescendant");
  }

  isChosen(option) {
    return this.chosen.some((other) => other.value === option.value);
  }

  take(option) {
    const { isMany, most } = this.options;
    if (!isMany) this.chosen = option.value === "" ? [] : [option];
    else if (this.isChosen(option)) this.chosen = this.chosen.filter((other) => other.value !== option.value);
    else if (!most || this.chosen.length < most) this.chosen = [...this.chosen, option];
    this.face();
    if (isMany) this.fill(false);
    else this.sheet.hidePopover();
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.rows?.length) {
      this.picked = (this.picked + step + this.rows.length) % this.rows.length;
      this.mark();
    } else if (event.key === "Enter") {
      if (this.rows?.[this.picked]) this.take(this.rows[this.picked]);
    } else if (event.key === "Tab" || event.key === "Escape") {
      this.sheet.hidePopover();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

function narrowed(group, query) {
  const wanted = plainLetters(query);
  const fits = ({ text, description }) => plainLetters(`${text} ${description ?? ""}`).includes(wanted);
  return { ...group, options: group.options.filter(fits) };
}

/** Without accents and case, so that "sao" finds "São". */
function plainLetters(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
