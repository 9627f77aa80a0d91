/*
 * JSON texts that `JSON.stringify` cannot write: numbers beyond every double, a negative zero, maps that name a key twice, nesting
 * deeper than any stack. Such a value stands in an object as a marked string and becomes the text itself when the object is written.
 */

const mark = '\u{e000}raw:';
const marked = /"\u{e000}raw:([A-Za-z0-9+/=]*)"/gu;

/** A value that is written as this text. */
export function rawJson(text: string): string {
  return `${mark}${Buffer.from(text).toString('base64')}`;
}

export function isRawJson(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(mark);
}

/** The object as JSON, marked values as their texts. */
export function writeJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes(mark)) return text;
  return text.replace(marked, (_, base64: string) => Buffer.from(base64, 'base64').toString());
}
