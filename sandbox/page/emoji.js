// The emoji names that operations people use; any other :name: stays as it was written.

const NAMES = {
  "+1": "👍", "-1": "👎", "100": "💯", alarm_clock: "⏰", alert: "🚨", ambulance: "🚑", anger: "💢", arrow_down: "⬇️",
  arrow_forward: "▶️", arrow_left: "⬅️", arrow_right: "➡️", arrow_up: "⬆️", arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️",
  bar_chart: "📊", beetle: "🐞", bell: "🔔", black_circle: "⚫", blue_book: "📘", bookmark: "🔖", books: "📚", boom: "💥", bug: "🐛",
  bulb: "💡", busts_in_silhouette: "👥", calendar: "📅", chart_with_downwards_trend: "📉", chart_with_upwards_trend: "📈", clap: "👏",
  clipboard: "📋", clock3: "🕒", closed_lock_with_key: "🔐", construction: "🚧", crescent_moon: "🌙", droplet: "💧", email: "📧",
  exclamation: "❗", eyes: "👀", fast_forward: "⏩", file_folder: "📁", fire: "🔥", fire_engine: "🚒", gear: "⚙️", ghost: "👻",
  globe_with_meridians: "🌐", green_circle: "🟢", grey_exclamation: "❕", grey_question: "❔", hammer: "🔨", hammer_and_wrench: "🛠️",
  handshake: "🤝", heart: "❤️", heavy_check_mark: "✔️", heavy_minus_sign: "➖", hourglass: "⌛", hourglass_flowing_sand: "⏳", house: "🏠",
  inbox_tray: "📥", information_source: "ℹ️", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢", large_orange_circle: "🟠",
  large_red_square: "🟥", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️", link: "🔗", lock: "🔒", loud_sound: "🔊", mag: "🔍",
  mega: "📣", memo: "📝", muscle: "💪", mute: "🔇", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", ok_hand: "👌",
  open_book: "📖", orange_circle: "🟠", outbox_tray: "📤", package: "📦", page_facing_up: "📄", pager: "📟", paperclip: "📎", phone: "☎️",
  point_right: "👉", pray: "🙏", pushpin: "📌", question: "❓", raised_hand: "✋", recycle: "♻️", red_circle: "🔴", repeat: "🔁",
  rewind: "⏪", rocket: "🚀", rotating_light: "🚨", satellite: "📡", scroll: "📜", shield: "🛡️", siren: "🚨", skull: "💀", sleeping: "😴",
  slightly_smiling_face: "🙂", smile: "😄", snowflake: "❄️", sos: "🆘", sparkles: "✨", speech_balloon: "💬", spiral_note_pad: "🗒️",
  star: "⭐", stop_button: "⏹️", stop_sign: "🛑", stopwatch: "⏱️", sunny: "☀️", sunrise: "🌅", tada: "🎉", telephone_receiver: "📞",
  test_tube: "🧪", thinking_face: "🤔", thumbsdown: "👎", thumbsup: "👍", timer_clock: "⏲️", traffic_light: "🚦", truck: "🚚",
  unlock: "🔓", vertical_traffic_light: "🚦", warning: "⚠️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wrench: "🔧",
  x: "❌", yellow_circle: "🟡", zap: "⚡", zzz: "💤",
};

/** The character for an emoji name without its colons, or null. */
export function emojiOf(name) {
  return Object.hasOwn(NAMES, name) ? NAMES[name] : null;
}

/** Plain text with the known :names: replaced. */
export function withEmoji(text) {
  return String(text).replace(/:([a-z0-9_+-]+):/g, (whole, name) => emojiOf(name) ?? whole);
}
