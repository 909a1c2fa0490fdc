// Light or dark: as the system has it, unless this reader has said otherwise.

import { byId, h, icon } from "./dom.js";

const KEPT = "sandbox-theme";
const NEXT = { system: "light", light: "dark", dark: "system" };
const PICTURES = { system: "auto", light: "sun", dark: "moon" };

export class Theme {
  constructor() {
    this.chosen = localStorage.getItem(KEPT) ?? "system";
    this.button = h("button", { type: "button", class: "foot-button", onclick: () => this.turn() });
    byId("sidebar-foot").append(this.button);
    this.apply();
  }

  turn() {
    this.chosen = NEXT[this.chosen] ?? "system";
    localStorage.setItem(KEPT, this.chosen);
    this.apply();
    this.render(this.scope);
  }

  apply() {
    document.documentElement.style.colorScheme = this.chosen === "system" ? "" : this.chosen;
  }

  render(scope) {
    this.scope = scope;
    const label = scope.say(`theme_${this.chosen}`);
    this.button.replaceChildren(icon(PICTURES[this.chosen] ?? "auto"));
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
  }
}
