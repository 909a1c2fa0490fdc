// The inspector: the latest calls and deliveries with the time each took.

import { byId, h, reconcile } from "./dom.js";

const SHOWN = 40;
const SLOW_MS = 1000;

export function renderTraffic(scope) {
  const toggle = byId("traffic-toggle");
  toggle.setAttribute("aria-label", scope.say("traffic"));
  toggle.title = scope.say("traffic");
  const drawer = byId("traffic");
  drawer.setAttribute("aria-label", scope.say("traffic"));
  if (drawer.hidden) return;
  byId("calls-title").textContent = scope.say("calls");
  byId("deliveries-title").textContent = scope.say("deliveries");
  fill(byId("calls"), scope.world.calls, (row) => row.method, scope);
  fill(byId("deliveries"), scope.world.deliveries, (row) => deliveryName(row, scope), scope);
}

function deliveryName({ kind, user, retry }, scope) {
  return [kind, user && `· ${scope.person(user)?.name ?? user}`, retry ? `· retry ${retry}` : ""]
    .filter(Boolean)
    .join(" ");
}

function fill(list, rows = [], nameOf, scope) {
  const latest = rows.slice(-SHOWN).reverse();
  const items = latest.map((row, index) => {
    const stamp = JSON.stringify([row.at, nameOf(row), row.status, row.error, row.ms]);
    return { key: row.id ?? `${row.at}-${index}`, stamp, draw: () => line(row, nameOf(row)) };
  });
  const nothing = {
    key: "empty",
    stamp: scope.me.locale,
    draw: () => h("li", { class: "quiet" }, scope.say("emptyTraffic")),
  };
  reconcile(list, items.length ? items : [nothing]);
}

function line(row, name) {
  const isFine = row.ok ?? !row.error;
  const took = h(
    "span",
    { class: row.ms > SLOW_MS ? "ms slow" : "ms" },
    `${row.ms < 10 ? row.ms.toFixed(1) : Math.round(row.ms)} ms`,
  );
  return h(
    "li",
    { class: isFine ? "" : "failed" },
    h("span", { class: "wire-name" }, name),
    h("span", { class: "wire-error" }, row.error ?? ""),
    took,
  );
}
