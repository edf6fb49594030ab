// Relative times with the exact time on hover, and the reader's time zone in a cookie for grouping by day.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });
const dayOnly = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const withYear = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function relativeTime(moment, now = new Date()) {
  const seconds = (moment - now) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  if (Math.abs(seconds) >= 7 * 86_400) {
    return (moment.getFullYear() === now.getFullYear() ? dayOnly : withYear).format(moment);
  }
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS.at(-1);
  return relative.format(Math.round(seconds / size), unit);
}

export function refreshTimes(root) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const text = relativeTime(moment);
    if (element.textContent !== text) element.textContent = text;
    element.title ||= exact.format(moment);
  }
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax`;
refreshTimes(document);
setInterval(() => refreshTimes(document), 30_000);
// What came in, not all that was there: a long gallery has a thousand of them.
document.addEventListener("htmx:afterSettle", (event) => refreshTimes(event.target));
