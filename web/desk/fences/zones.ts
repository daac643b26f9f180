/** Local times of a site and instants. Pure. */

const SPLIT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})$/;

/** Milliseconds that a zone's clocks are ahead of UTC at an instant. */
function ahead(zone: string, at: number): number {
  const form = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const part = (name: string): number => Number(form.formatToParts(new Date(at)).find((one) => one.type === name)?.value);
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - Math.floor(at / 1000) * 1000;
}

/** The instant of a local time such as `2026-11-25T08:00` in a zone; null: it is none. */
export function instantIn(zone: string, local: string): string | null {
  const found = SPLIT.exec(local);
  if (found === null) return null;
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number];
  const plain = Date.UTC(year, month - 1, day, hour, minute);
  // Twice: near a change of the clocks the first guess may be of the other side.
  const guess = plain - ahead(zone, plain);
  return new Date(plain - ahead(zone, guess)).toISOString();
}

/** The local time of an instant in a zone, as a field for it wants it. */
export function localIn(zone: string, at: number): string {
  return new Date(at + ahead(zone, at)).toISOString().slice(0, 16);
}
