// Dates as the acting person sees them: in their language and their time zone.

const STYLES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};
const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export function clockTime(unix, scope) {
  return shown(unix, STYLES.time, scope);
}

export function fullTime(unix, scope) {
  return shown(unix, { ...STYLES.date_long, ...STYLES.time_secs, timeZoneName: "short" }, scope);
}

/** Today, yesterday, or the date with its weekday. */
export function dayName(unix, scope) {
  return nearDay(unix, scope) ?? shown(unix, { weekday: "long", month: "long", day: "numeric" }, scope);
}

/** What tells two days apart in the person's own time zone. */
export function dayKey(unix, scope) {
  return new Date(unix * 1000).toLocaleDateString("en-CA", { timeZone: scope.tz });
}

/** Slack's date format, such as "{date_short_pretty} at {time}". */
export function dateToken(unix, format, scope) {
  return format.replace(/\{(\w+)\}/g, (whole, token) => oneToken(unix, token, scope) ?? whole);
}

/** A moment as the person's wall clock shows it, the way a datetime-local control writes it. */
export function wallClock(unix, scope) {
  return new Date((unix + offsetAt(unix, scope)) * 1000).toISOString().slice(0, 16);
}

/** Back from the wall clock; the second look is for the hours around a change of summer time. */
export function fromWallClock(text, scope) {
  const asIfUtc = Date.parse(`${text}Z`) / 1000;
  return asIfUtc - offsetAt(asIfUtc - offsetAt(asIfUtc, scope), scope);
}

/** Seconds that the person's zone is ahead of UTC at that moment. */
function offsetAt(unix, scope) {
  const style = {
    timeZone: scope.tz,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  };
  const parts = new Intl.DateTimeFormat("en-US", style).formatToParts(new Date(unix * 1000));
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    parts.map(({ type, value }) => [type, Number(value)]),
  );
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(unix);
}

function oneToken(unix, token, scope) {
  if (token === "ago") return ago(unix, scope);
  if (token === "day_divider_pretty") return dayName(unix, scope);
  const pretty = token.endsWith("_pretty");
  const style = STYLES[pretty ? token.slice(0, -"_pretty".length) : token];
  if (!style) return null;
  return (pretty && nearDay(unix, scope)) || shown(unix, style, scope);
}

function shown(unix, style, scope) {
  return new Intl.DateTimeFormat(scope.locale, { timeZone: scope.tz, ...style }).format(new Date(unix * 1000));
}

function nearDay(unix, scope) {
  const days = Math.round((Date.parse(dayKey(unix, scope)) - Date.parse(dayKey(scope.now, scope))) / 86400000);
  if (Math.abs(days) > 1) return null;
  return new Intl.RelativeTimeFormat(scope.locale, { numeric: "auto" }).format(days, "day");
}

function ago(unix, scope) {
  const seconds = unix - scope.now;
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? STEPS.at(-1);
  return new Intl.RelativeTimeFormat(scope.locale, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
