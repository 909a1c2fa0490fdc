// Short notices at the edge of the page, announced to screen readers.

import { byId, h, iconButton } from "./dom.js";

const SHOWN_MS = 12_000;
const SHOWN_AT_MOST = 4;

/** Show a sentence until it is closed or old. */
export function notice(text, scope) {
  const box = byId("notices");
  const close = iconButton("close", scope?.say("close") ?? "Close", () => node.remove());
  const node = h("div", { class: "notice" }, h("p", {}, text), close);
  box.append(node);
  // A popover shown last lies above an open modal.
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
  while (box.children.length > SHOWN_AT_MOST) box.firstElementChild.remove();
  setTimeout(() => node.remove(), SHOWN_MS);
}

/** What the sandbox says to one person, each sentence once; what is older than this page stays quiet. */
export class NoticeFeed {
  constructor(world) {
    this.shownTo = Number(world.clock);
  }

  show(scope) {
    const fresh = scope.world.notices.filter((row) => Number(row.at) > this.shownTo);
    for (const row of fresh) if (row.user === scope.me.id) notice(row.text, scope);
    if (fresh.length) this.shownTo = Number(fresh.at(-1).at);
  }
}
