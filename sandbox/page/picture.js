// Pictures. The page loads nothing from elsewhere, so a foreign picture is shown by its words and its address.

import { h } from "./dom.js";
import { link } from "./entities.js";

export function pictureOf({ image_url: url, slack_file: file, alt_text: alt }, scope, kind) {
  const address = url ?? file?.url ?? "";
  if (isOurs(address)) return h("img", { class: kind, src: address, alt: alt ?? "", loading: "lazy" });
  return h("span", { class: `absent ${kind}` }, link(address, scope.say("picture", { name: alt || address })));
}

export function isOurs(address) {
  return (
    address.startsWith("data:image/") ||
    (URL.canParse(address, location.href) &&
      new URL(address, location.href).origin === location.origin &&
      address !== "")
  );
}
