// Who acts, and where one can go.

import { byId, h, icon, reconcile } from "./dom.js";
import { avatar } from "./message.js";

export function renderSidebar(scope, marks) {
  byId("team").textContent = scope.world.team.name;
  byId("emulated").textContent = scope.say("emulated");
  renderPeople(scope);
  byId("channels-title").textContent = scope.say("channels");
  byId("apps-title").textContent = scope.say("apps");
  reconcile(
    byId("channels"),
    scope.channels.map((channel) => channelRow(channel, scope, marks)),
  );
  reconcile(byId("apps"), [appRow(scope, marks)]);
}

function renderPeople(scope) {
  byId("act-as-label").textContent = scope.say("actAs");
  const select = byId("act-as");
  reconcile(
    select,
    scope.humans.map(({ id, name, shownName, title }) => {
      const text = title ? `${shownName} · ${title}` : shownName;
      return { key: id, stamp: text, draw: () => h("option", { value: name }, text) };
    }),
  );
  select.value = scope.me.name;
  byId("my-title").textContent = scope.me.title ?? "";
  byId("me").replaceChildren(avatar({ id: scope.me.id, name: scope.me.shownName }));
}

function channelRow(channel, scope, marks) {
  const sign = channel.is_private ? icon("lock") : h("span", { class: "hash", "aria-hidden": "true" }, "#");
  const count = marks.count(scope.me.id, channel, scope.notified);
  const note = channel.is_private ? scope.say("private") : "";
  return row(
    {
      key: channel.id,
      sign,
      name: channel.name,
      note,
      count,
      isHere: scope.current === channel,
      address: { in: channel.id, thread: null, tab: null },
    },
    scope,
  );
}

function appRow(scope, marks) {
  const sign = h("span", { class: "avatar app small", "aria-hidden": "true" }, icon("bolt"));
  const count = scope.botDm ? marks.count(scope.me.id, scope.botDm, scope.notified) : { unread: 0, mentions: 0 };
  const tab = count.unread ? "messages" : null;
  return row(
    {
      key: "home",
      sign,
      name: scope.world.app.name,
      note: "",
      count,
      isHere: scope.isHome,
      address: { in: "home", thread: null, tab },
    },
    scope,
  );
}

function row({ key, sign, name, note, count, isHere, address }, scope) {
  const href = scope.addressOf(address);
  const draw = () =>
    h(
      "li",
      {},
      h(
        "a",
        { href, class: count.unread && !isHere ? "unread" : "", "aria-current": isHere ? "page" : null },
        sign,
        h("span", { class: "name" }, name),
        note && h("span", { class: "unseen" }, note),
        badge(count, isHere, scope),
      ),
    );
  return { key, stamp: JSON.stringify([href, name, count, isHere, scope.locale]), draw };
}

function badge({ unread, mentions }, isHere, scope) {
  if (isHere || !unread) return null;
  if (!mentions) return h("span", { class: "unseen" }, scope.say("unread", { count: unread }));
  return h("span", { class: "badge", "aria-label": scope.say("mentions", { count: mentions }) }, String(mentions));
}
