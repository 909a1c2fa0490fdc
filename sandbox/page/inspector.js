// The inspector: each delivery to the app and each call of the app, with what was asked, answered, and how long it took.

import { answerOf, causesOf, wireOf } from "./causes.js";
import { fullTime } from "./dates.js";
import { byId, h, icon, reconcile } from "./dom.js";

const SHOWN = 150;
const SLOW_MS = 1000;
const ABOUT_LENGTH = 90;
const WAYS = ["all", "delivery", "call"];

export class Inspector {
  constructor() {
    this.way = "all";
    this.drawer = byId("inspector");
    byId("inspector-toggle").addEventListener("click", () => this.toggle());
    byId("inspector-close").addEventListener("click", () => this.scope.go({ wire: null }));
  }

  toggle() {
    this.scope.go({ wire: this.scope.place.wire ? null : "all" });
  }

  render(scope) {
    this.scope = scope;
    const { say, place } = scope;
    this.drawer.hidden = !place.wire;
    for (const [id, label] of [
      ["inspector-toggle", "inspector"],
      ["inspector-close", "close"],
    ]) {
      byId(id).setAttribute("aria-label", say(label));
      byId(id).title = say(label);
    }
    byId("inspector-toggle").setAttribute("aria-expanded", String(Boolean(place.wire)));
    if (!place.wire) return;
    byId("inspector-title").textContent = say("inspector");
    this.renderWays();
    this.renderRows();
  }

  renderWays() {
    const { say } = this.scope;
    const pick = (way) => () => {
      this.way = way;
      this.scope.go({ wire: "all" });
      this.render(this.scope);
    };
    reconcile(
      byId("inspector-ways"),
      WAYS.map((way) => {
        const isHere = this.way === way && this.scope.place.wire === "all";
        const attributes = { type: "button", class: "way", "aria-pressed": String(isHere), onclick: pick(way) };
        return { key: way, stamp: `${isHere}${say(way)}`, draw: () => h("button", attributes, say(way)) };
      }),
    );
  }

  renderRows() {
    const { scope } = this;
    const wire = wireOf(scope.world);
    const message = messageAt(scope.place.wire, scope);
    const causes = message && causesOf(message, wire, scope);
    const rows = causes
      ? [causes.before, causes.made, ...causes.changes].filter(Boolean)
      : wire.filter(({ way }) => this.way === "all" || way === this.way).slice(-SHOWN);
    byId("inspector-why").hidden = !causes;
    if (causes) byId("inspector-why").textContent = why(causes, scope);
    const items = rows.toReversed().map((entry) => this.item(entry, causes));
    const nothing = { key: "empty", stamp: scope.locale, draw: () => h("li", { class: "empty" }, scope.say("emptyWire")) };
    reconcile(byId("wire"), items.length ? items : [nothing]);
  }

  item(entry, causes) {
    const { scope } = this;
    const isMade = causes?.made === entry;
    const { row } = entry;
    const stamp = JSON.stringify([isMade, row.ms, row.status, row.error, Boolean(row.ack), scope.locale]);
    return { key: `${entry.key}${isMade ? "-made" : ""}`, stamp, draw: () => wireRow(entry, isMade, scope) };
  }
}

/** The message a `wire` address speaks of, with its channel and whether only the acting person sees it. */
function messageAt(ts, scope) {
  if (!ts || ts === "all") return null;
  const own = (scope.world.ephemerals[scope.me.id] ?? []).find((message) => message.ts === ts);
  if (own) return { ...own, isEphemeral: true };
  for (const channel of scope.world.channels)
    for (const message of channel.messages) if (message.ts === ts) return { ...message, channel: channel.id };
  return null;
}

function why({ made, changes }, { say }) {
  const edits = changes.filter(({ row }) => row.method === "chat.update").length;
  const origin = made ? say("madeBy", { name: nameOf(made) }) : say("madeElsewhere");
  return edits ? `${origin} ${say("editedTimes", { count: edits })}` : origin;
}

function nameOf({ way, row }) {
  return way === "call" ? row.method : row.kind;
}

function wireRow(entry, isMade, scope) {
  const { way, row } = entry;
  const isFine = row.ok ?? !row.error;
  const details = h(
    "details",
    { open: isMade },
    h(
      "summary",
      {},
      h("span", { class: `wire-way ${way}`, title: scope.say(way) }, icon(way === "call" ? "inward" : "outward")),
      h("span", { class: "unseen" }, scope.say(way)),
      h("strong", { class: "wire-name" }, nameOf(entry)),
      h("span", { class: "wire-about quiet" }, about(entry, scope)),
      !isFine && h("span", { class: "wire-error" }, row.error ?? `HTTP ${row.status}`),
      row.retry ? h("span", { class: "wire-retry" }, scope.say("retry", { count: row.retry })) : null,
      h("span", { class: row.ms > SLOW_MS ? "ms slow" : "ms" }, duration(row.ms)),
      h("time", { class: "quiet", title: fullTime(entry.at, scope) }, exactTime(entry.at, scope)),
    ),
  );
  // A hundred payloads are a lot of text, so each is written when it is first asked for.
  const fill = () => details.open && details.children.length === 1 && details.append(exchange(entry, scope));
  details.addEventListener("toggle", fill);
  fill();
  return h("li", { class: `wire-row${isMade ? " made" : ""}` }, details);
}

function exchange({ way, row }, { say }) {
  const [asked, answered] = way === "call" ? callHalves(row) : deliveryHalves(row);
  return h(
    "div",
    { class: "exchange" },
    [
      [say("request"), asked],
      [say("answer"), answered],
    ].map(([title, value]) =>
      h("div", {}, h("strong", {}, title), h("pre", { tabindex: "0", role: "group", "aria-label": title }, pretty(value))),
    ),
  );
}

function callHalves({ args, ok, error, status, ...row }) {
  return [args ?? {}, answerOf(row) ?? { ok, ...(error ? { error } : {}), ...(status === 200 ? {} : { status }) }];
}

function deliveryHalves({ kind, user, retry, ack, error, status, ...row }) {
  const asked = row.payload ?? row.request ?? { kind, user, retry };
  return [asked, ack ?? (error ? { error, status } : { acknowledged: true })];
}

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function about({ way, row }, scope) {
  if (way === "delivery") {
    const { command, text } = row.payload ?? {};
    const said = command ? `${command} ${text ?? ""}`.trim() : "";
    return [scope.person(row.user)?.shownName, said].filter(Boolean).join(" · ");
  }
  const { channel, user, text, view } = row.args ?? {};
  const place = channel && `#${(scope.channel(channel)?.name ?? String(channel)).replace(/^#/, "")}`;
  const words = text ?? view?.title?.text;
  const named = String(words ?? "").replace(/<@(\w+)>/g, (whole, id) => `@${scope.person(id)?.shownName ?? id}`);
  return [place, scope.person(user)?.shownName, named].filter(Boolean).join(" · ").slice(0, ABOUT_LENGTH);
}

function duration(ms) {
  if (!(ms >= 0)) return "";
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function exactTime(unix, scope) {
  const style = { timeZone: scope.tz, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };
  return new Intl.DateTimeFormat(scope.locale, { ...style, hourCycle: "h23" }).format(new Date(unix * 1000));
}
