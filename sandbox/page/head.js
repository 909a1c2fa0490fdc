// What stands above and below the main pane's messages: title, bookmarks, tabs; and the way in for those outside.

import { perform } from "./deeds.js";
import { byId, h, icon, reconcile } from "./dom.js";
import { link } from "./entities.js";

export function titleOf(channel, scope) {
  return channel.is_im ? scope.world.app.name : `#${channel.name}`;
}

export function nameButton(id, label) {
  byId(id).setAttribute("aria-label", label);
  byId(id).title = label;
}

export function renderHead(scope) {
  const { current, isHome, say, world } = scope;
  byId("main").setAttribute("aria-busy", "false");
  nameButton("main-back", say("back"));
  const title = isHome ? world.app.name : current ? titleOf(current, scope) : "";
  byId("main-title").replaceChildren(current?.is_private && !current.is_im ? icon("lock") : "", title);
  byId("main-note").textContent = current && !isHome ? note(current, scope) : "";
  document.title = [title, world.team.name].filter(Boolean).join(" · ");
  renderBookmarks(isHome ? [] : (current?.bookmarks ?? []), scope);
  renderTabs(scope);
}

/** The composer for members, a way to join for others, a word where nobody can write any more. */
export function renderFoot(scope) {
  const { current, isHome, me, say } = scope;
  const isMember = Boolean(current?.members.includes(me.id));
  byId("main-foot").hidden = !isMember || current.is_archived;
  byId("join").hidden = !current || (isMember && !current.is_archived);
  if (!byId("join").hidden)
    reconcile(byId("join"), [current.is_archived ? archived(scope) : joinButton(current, scope)]);
  byId("empty").textContent = isHome && !current ? say("emptyDm", { name: me.shownName }) : say("emptyChannel");
}

function note(channel, { say }) {
  const members = say("members", { count: channel.members.length });
  return channel.topic ? `${members} · ${channel.topic}` : members;
}

function renderBookmarks(bookmarks, scope) {
  byId("bookmarks").hidden = bookmarks.length === 0;
  reconcile(
    byId("bookmarks"),
    bookmarks.map((bookmark, index) => {
      const draw = () =>
        h(
          "span",
          {},
          link(bookmark.link ?? "", `${bookmark.emoji ?? ":link:"} ${bookmark.title ?? bookmark.link}`, scope),
        );
      return { key: bookmark.id ?? String(index), stamp: JSON.stringify([bookmark, scope.stamp]), draw };
    }),
  );
}

function renderTabs(scope) {
  byId("tabs").hidden = !scope.isHome;
  for (const [id, tab, label] of [
    ["tab-home", null, "home"],
    ["tab-messages", "messages", "messages"],
  ]) {
    const node = byId(id);
    node.textContent = scope.say(label);
    node.href = scope.addressOf({ in: "home", tab, thread: null });
    if ((tab === null) === scope.isHomeTab) node.setAttribute("aria-current", "page");
    else node.removeAttribute("aria-current");
  }
}

function joinButton(channel, scope) {
  const label = scope.say("join", { name: channel.name });
  const onclick = () => perform("join", { channel: channel.id }, scope);
  return {
    key: `${scope.me.id}:${channel.id}`,
    stamp: label,
    draw: () => h("button", { type: "button", class: "button primary", onclick }, label),
  };
}

function archived(scope) {
  const sentence = scope.say("archived");
  return { key: "archived", stamp: sentence, draw: () => h("p", { class: "quiet" }, sentence) };
}
