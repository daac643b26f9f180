/** Spells a value in its one form (RFC 8785), so that what is signed here is what the server spells again. */

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [member: string]: Plain | undefined };

/**
 * Return the canonical text. Numbers must be whole and exact; members without a value are left out.
 * Throws TypeError for other numbers, and for text that is not well-formed Unicode: it has no UTF-8.
 */
export function canonical(value: Plain): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a whole number that is exact`);
    return Object.is(value, -0) ? "0" : String(value);
  }
  if (typeof value === "string") return quoted(value);
  if (isList(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.keys(value)
    .sort() // by UTF-16 code units, as RFC 8785 §3.2.3 wants
    .flatMap((name) => {
      const member = value[name];
      return member === undefined ? [] : [`${quoted(name)}:${canonical(member)}`];
    });
  return `{${members.join(",")}}`;
}

function isList(value: object): value is readonly Plain[] {
  return Array.isArray(value);
}

function quoted(text: string): string {
  // A lone surrogate cannot be encoded; JSON.stringify would escape it.
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)) {
    throw new TypeError("the text is not well-formed Unicode");
  }
  return JSON.stringify(text);
}
