// One snapshot of the world through the eyes of the acting person; every drawing function gets it.

import { addressOf, go } from "./place.js";
import { speaker } from "./words.js";

export function scopeOf(world, place) {
  const users = new Map(world.users.map((user) => [user.id, { ...user, shownName: user.real_name || user.name }]));
  const groups = new Map(world.usergroups.map((group) => [group.id, group]));
  const channels = new Map(world.channels.map((channel) => [channel.id, channel]));
  const humans = [...users.values()].filter((user) => !user.is_bot && user.id !== world.app.bot_user_id);
  const me = humans.find((user) => user.name === place.as || user.id === place.as) ?? humans[0];
  const botDm = world.channels.find((channel) => channel.is_im && channel.members.includes(me.id));
  return {
    world,
    place,
    me,
    humans,
    botDm,
    go,
    addressOf,
    now: Number(world.clock),
    locale: me.locale || navigator.language,
    tz: me.tz || undefined,
    say: speaker(me.locale),
    bot: users.get(world.app.bot_user_id) ?? { id: world.app.bot_user_id, shownName: world.app.name },
    person: (id) => users.get(id),
    channel: (id) => channels.get(id),
    group: (id) => groups.get(id),
    channels: visibleChannels(world, me),
    notified: new Map(world.notified.map((row) => [`${row.channel}:${row.ts}`, row.user_ids])),
    current: channels.get(place.in),
    // What a drawn message depends on besides itself; a change of it draws every message anew.
    stamp: JSON.stringify([
      me.id,
      world.app.name,
      world.users.length,
      world.channels.map((channel) => [channel.id, channel.name]),
    ]),
  };
}

function visibleChannels(world, me) {
  const isOpen = (channel) =>
    !channel.is_im && !channel.is_archived && (!channel.is_private || channel.members.includes(me.id));
  const open = world.channels.filter(isOpen);
  return open.sort((a, b) => a.name.localeCompare(b.name));
}
