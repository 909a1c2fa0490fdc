// The page: one snapshot of the world comes in, the panes are brought up to it.

import { follow } from "./api.js";
import { Composer } from "./composer.js";
import { channelEntries, Conversation, threadEntries } from "./conversation.js";
import { perform } from "./deeds.js";
import { byId, h, icon } from "./dom.js";
import { nameButton, renderFoot, renderHead, titleOf } from "./head.js";
import { Home } from "./home.js";
import { Inspector } from "./inspector.js";
import { Keys } from "./keys.js";
import { ModalStack } from "./modal.js";
import { NoticeFeed, notice } from "./notices.js";
import { go, onMove, readPlace, settle } from "./place.js";
import { scopeOf } from "./scope.js";
import { renderSidebar } from "./sidebar.js";
import { Theme } from "./theme.js";
import { Tour } from "./tour/tour.js";
import { ReadMarks } from "./unread.js";

const NARROW = matchMedia("(max-width: 700px)");

class Page {
  constructor() {
    this.pending = [];
    this.serial = 0;
    this.modals = new ModalStack();
    this.inspector = new Inspector();
    this.home = new Home(byId("home"));
    this.channel = new Conversation(byId("scroll"), byId("messages"));
    this.thread = new Conversation(byId("thread-scroll"), byId("thread-messages"));
    this.composer = new Composer({
      send: (text) => this.send(text, null),
      runShortcut: (id) => this.perform("shortcut", { callback_id: id, channel: this.scope.current?.id }),
    });
    this.threadComposer = new Composer({ send: (text) => this.send(text, readPlace().thread) });
    byId("main-foot").append(this.composer.node);
    byId("thread-foot").append(this.threadComposer.node);
    this.tour = new Tour({ write: (text) => this.composer.typeOut(text), narrow: NARROW });
    this.keys = new Keys(this);
    this.theme = new Theme();
    const showKeys = { type: "button", id: "keys-open", class: "foot-button", onclick: () => this.keys.showSheet() };
    byId("sidebar-foot").append(h("button", showKeys, icon("keys")));
    this.listen();
  }

  listen() {
    onMove(() => this.render());
    NARROW.addEventListener("change", () => this.render());
    byId("act-as").addEventListener("change", (event) => go({ as: event.target.value, thread: null }));
    byId("main-back").addEventListener("click", () => go({ in: null, thread: null, tab: null }));
    byId("thread-back").addEventListener("click", () => go({ thread: null }));
  }

  perform(verb, body) {
    return perform(verb, body, this.scope);
  }

  show(world) {
    this.world = world;
    this.marks ??= new ReadMarks(world);
    this.feed ??= new NoticeFeed(world);
    byId("offline").hidden = true;
    this.render();
    this.feed.show(this.scope);
  }

  lose() {
    const offline = byId("offline");
    offline.textContent = (this.scope?.say ?? ((key) => key))("offline");
    offline.hidden = false;
  }

  render() {
    if (!this.world) return;
    this.scope = this.look();
    const { scope } = this;
    document.documentElement.lang = scope.locale;
    document.body.dataset.pane = this.pane();
    renderSidebar(scope, this.marks);
    this.renderMain();
    this.renderThread();
    this.inspector.render(scope);
    this.modals.render(scope);
    this.theme.render(scope);
    nameButton("keys-open", scope.say("keys"));
    this.tour.render(scope);
  }

  look() {
    const place = readPlace();
    const scope = scopeOf(this.world, place);
    if (place.as !== scope.me.name) settle({ as: scope.me.name });
    scope.isHome = place.in === "home";
    scope.isHomeTab = scope.isHome && place.tab !== "messages";
    if (scope.isHome) scope.current = scope.isHomeTab ? null : scope.botDm;
    else
      scope.current ??= NARROW.matches ? null : this.world.channels.find((channel) => scope.channels.includes(channel));
    scope.parent = scope.current?.messages.find((message) => message.ts === place.thread);
    return scope;
  }

  pane() {
    if (this.scope.parent) return "thread";
    return this.scope.current || this.scope.isHome ? "main" : "list";
  }

  renderMain() {
    const { scope } = this;
    const { current } = scope;
    renderHead(scope);
    byId("home").hidden = !scope.isHomeTab;
    byId("conversation").hidden = scope.isHomeTab;
    if (scope.isHomeTab) this.home.render(scope);
    else this.home.leave();
    if (current) this.renderChannel(current);
    else byId("messages").replaceChildren();
    renderFoot(scope);
  }

  renderChannel(channel) {
    const { scope } = this;
    const name = `${scope.me.id}:${channel.id}`;
    this.channel.render(name, channel, channelEntries(channel, scope, this.waiting(channel, null)), scope);
    this.composer.render(name, scope.say("messageTo", { name: titleOf(channel, scope) }), scope);
    this.marks.markRead(scope.me.id, channel);
  }

  renderThread() {
    const { scope } = this;
    byId("thread").hidden = !scope.parent;
    if (!scope.parent) return;
    const { current: channel, parent } = scope;
    const name = `${scope.me.id}:${channel.id}:${parent.ts}`;
    nameButton("thread-back", scope.say("close"));
    byId("thread-title").textContent = scope.say("thread");
    byId("thread-note").textContent = titleOf(channel, scope);
    this.thread.render(
      name,
      channel,
      threadEntries(channel, parent.ts, scope, this.waiting(channel, parent.ts)),
      scope,
    );
    this.threadComposer.render(name, scope.say("replyTo"), scope);
  }

  waiting(channel, thread) {
    return this.pending.filter(
      (entry) => entry.user === this.scope.me.id && entry.channel === channel.id && entry.thread === thread,
    );
  }

  async send(text, thread) {
    const { scope } = this;
    const composer = thread ? this.threadComposer : this.composer;
    const isCommand = text.startsWith("/");
    const objection = isCommand && commandObjection(text, thread, scope);
    if (objection) {
      notice(objection, scope);
      composer.restore(text);
      return;
    }
    const entry = { id: (this.serial += 1), user: scope.me.id, channel: scope.current.id, thread, text };
    this.pending.push(entry);
    this.render();
    (thread ? this.thread : this.channel).toEnd();
    const told = await perform(
      isCommand ? "command" : "message",
      { channel: entry.channel, text, thread_ts: thread ?? undefined },
      scope,
    );
    this.pending = this.pending.filter((other) => other !== entry);
    this.render();
    if (!told) composer.restore(text);
  }
}

/** Why Slack's client would not send this command at all, or null. */
function commandObjection(text, thread, scope) {
  const name = text.split(/\s/, 1)[0];
  if (thread) return scope.say("noThreadCommands");
  return scope.world.commands.some((row) => row.command === name) ? null : scope.say("badCommand", { name });
}

const page = new Page();
follow(
  (world) => page.show(world),
  () => page.lose(),
);
