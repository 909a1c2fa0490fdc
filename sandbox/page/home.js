// The app's Home tab as the acting person sees it.

import { drawBlocks } from "./blocks.js";
import { perform, viewSurface } from "./deeds.js";
import { h, reconcile } from "./dom.js";
import { Fields } from "./fields.js";

export class Home {
  constructor(box) {
    this.box = box;
    this.visit = null;
  }

  render(scope) {
    this.announce(scope);
    const view = scope.world.homes[scope.me.id];
    const stamp = JSON.stringify([view, scope.stamp]);
    reconcile(this.box, [{ key: `home-${scope.me.id}`, stamp, draw: () => this.draw(view, scope) }]);
  }

  /** Opening the tab is an event that the app hears of, once a visit. */
  announce(scope) {
    if (this.visit === scope.me.id) return;
    this.visit = scope.me.id;
    perform("home", {}, scope);
  }

  leave() {
    this.visit = null;
  }

  draw(view, scope) {
    if (!view) return h("p", { class: "empty" }, scope.say("emptyHome", { name: scope.me.shownName }));
    this.fields = new Fields(this.shownId === view.id ? this.fields?.values() : {});
    this.shownId = view.id;
    return h("div", { class: "blocks home" }, drawBlocks(view.blocks, viewSurface(view, scope, this.fields)));
  }
}
