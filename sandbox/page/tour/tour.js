// The guided tour: a card that says what to do next, shows where, and sees by itself when it is done.

import { byId, h, iconButton } from "../dom.js";
import { browserLanguage, filled, LANGUAGES } from "./words.js";
import { isTold, placeOfStory, progress, STEPS } from "./story.js";

const KEPT = "sandbox-tour";
const SPOT = "tour-spot";
const TOTAL = STEPS.length - 1;

export class Tour {
  /** `write(text)` puts a line into the composer, letter by letter. */
  constructor({ write, narrow }) {
    this.write = write;
    this.narrow = narrow;
    this.kept = { lang: browserLanguage(), ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
    this.node = h("section", { id: "tour", "aria-labelledby": "tour-name", hidden: true });
    this.opener = h("button", { type: "button", class: "foot-button", onclick: () => this.restart() });
    byId("sidebar-foot").prepend(this.opener);
  }

  get words() {
    return LANGUAGES[this.kept.lang] ?? LANGUAGES.en;
  }

  keep(change) {
    Object.assign(this.kept, change);
    localStorage.setItem(KEPT, JSON.stringify(this.kept));
  }

  restart() {
    this.begin();
    this.render(this.scope);
  }

  /** Ana, in the channel of the story; the address forgets that it asked, so that the next look does not start anew. */
  begin() {
    this.typed = null;
    this.scope.place.tour = null;
    this.keep({ since: this.scope.now, isClosed: false });
    this.goAs("ana");
  }

  goAs(who) {
    this.scope.go({ as: who, in: placeOfStory(this.scope.world).id, thread: null, tab: null });
  }

  close() {
    this.keep({ isClosed: true });
    this.render(this.scope);
  }

  render(scope) {
    this.scope = scope;
    const canTell = isTold(scope.world);
    if (canTell && scope.place.tour !== null) this.begin();
    if (canTell && this.kept.since === undefined) this.keep({ since: scope.now });
    const isOpen = canTell && !this.kept.isClosed;
    this.node.hidden = !isOpen;
    this.opener.hidden = !canTell || isOpen;
    this.opener.textContent = this.words.name;
    this.here = isOpen ? progress(scope.world, this.kept.since) : null;
    document.body.dataset.tour = this.here?.step.key ?? "";
    if (isOpen) this.show();
    this.shine();
    this.typeOut();
  }

  show() {
    const home = this.narrow.matches ? byId("tour-bar") : byId("tour-side");
    if (this.node.parentElement !== home) home.append(this.node);
    const { step, number } = this.here;
    const stamp = JSON.stringify([step.key, this.kept.lang, this.isActor(), this.typed === step.key, this.command()]);
    if (this.stamp === stamp) return;
    this.stamp = stamp;
    const hadFocus = this.node.contains(document.activeElement);
    const isFolded = this.node.querySelector("details")?.open === false || (this.narrow.matches && !this.node.firstChild);
    this.node.replaceChildren(this.card(step, number, !isFolded));
    if (hadFocus) this.node.querySelector(".button, summary").focus();
  }

  card(step, number, isUnfolded) {
    const { words } = this;
    const count = filled(words.step, { number: Math.min(number, TOTAL), total: TOTAL });
    const { title, text } = words[step.key];
    return h(
      "details",
      { open: isUnfolded },
      h(
        "summary",
        {},
        h("span", { id: "tour-name" }, words.short),
        h("span", { class: "tour-count" }, step.key === "end" ? "✓" : count),
        h("span", { class: "tour-short" }, title),
      ),
      h("progress", { value: number - 1, max: TOTAL, "aria-label": count }),
      h("div", { role: "status" }, h("h2", {}, title), h("p", {}, text), this.line(step)),
      h("div", { class: "row" }, this.mainButton(step)),
      this.foot(),
    );
  }

  line(step) {
    if (this.typed === step.key) return h("p", { class: "tour-hint" }, this.words.enter);
    return this.command() && h("code", {}, this.command());
  }

  mainButton(step) {
    const { words } = this;
    const button = (label, onclick) => h("button", { type: "button", class: "button primary", onclick }, label);
    if (!this.isActor()) return button(filled(words.actAs, { name: this.actor().shownName }), () => this.act(step));
    if (this.command()) return button(words.typeIt, () => this.typeIt(step));
    if (step.of) return button(words.showMe, () => this.point());
    return button(words.restart, () => this.restart());
  }

  foot() {
    const { words } = this;
    const other = this.kept.lang === "pt" ? "en" : "pt";
    const turn = () => {
      this.keep({ lang: other });
      this.render(this.scope);
    };
    return h(
      "div",
      { class: "tour-foot" },
      h("button", { type: "button", class: "plain", lang: other, onclick: turn }, words.other),
      h("button", { type: "button", class: "plain", onclick: () => this.restart() }, words.restart),
      iconButton("close", words.close, () => this.close()),
    );
  }

  actor() {
    return this.scope.humans.find((user) => user.name === this.here.step.who);
  }

  isActor() {
    return !this.actor() || this.scope.me === this.actor();
  }

  command() {
    const { command } = this.words[this.here.step.key];
    return command && filled(command, { incident: this.here.things.incident?.name });
  }

  act({ who }) {
    this.typed = null;
    this.goAs(who);
  }

  typeIt(step) {
    this.typed = step.key;
    this.toType = this.command();
    this.scope.go({ in: placeOfStory(this.scope.world).id, tab: null });
    this.render(this.scope);
  }

  /** Only once the channel is the one on the screen does the line go into its box. */
  typeOut() {
    if (!this.toType || this.scope.current !== placeOfStory(this.scope.world) || this.scope.isHome) return;
    this.write(this.toType);
    this.toType = null;
  }

  point() {
    this.scope.go({ in: placeOfStory(this.scope.world).id, thread: null, tab: null });
    const spot = this.spot();
    spot?.scrollIntoView({ block: "center" });
    if (spot?.matches("button")) spot.focus();
  }

  /** What to click or look at now, where it is on the page. */
  spot() {
    if (!this.here) return null;
    const { step, things } = this.here;
    if (!this.isActor()) return document.querySelector(".acting select");
    const card = step.of && document.querySelector(`#messages [data-ts="${CSS.escape(things[step.of].ts)}"]`);
    if (step.spot) return card?.querySelector(`[data-action="${CSS.escape(step.spot)}"]`);
    return step.of ? card : this.command() && document.querySelector("#main-foot .composer-box");
  }

  shine() {
    const spot = this.spot();
    for (const node of document.querySelectorAll(`.${SPOT}`)) if (node !== spot) node.classList.remove(SPOT);
    spot?.classList.add(SPOT);
  }
}
