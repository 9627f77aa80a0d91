import { numberForm } from './yaml-tags.js';

/**
 * Writes plain data as YAML the way kube-scheduler and kubectl do: keys sorted, lists not indented, quotes only where
 * needed, so that a diff between the two shows what differs and nothing else.
 */
export function toYaml(data: unknown): string {
  return `${blockLines(data).join('\n')}\n`;
}

function blockLines(value: unknown): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ['[]'];
    return value.flatMap((item) => {
      const [first = '', ...others] = blockLines(item);
      return [`- ${first}`, ...others.map(indented)];
    });
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? ['{}'] : entries.flatMap(([key, field]) => fieldLines(key, field));
  }
  return scalarLines(value);
}

function fieldLines(key: string, value: unknown): string[] {
  const [name = ''] = scalarLines(key);
  const lines = blockLines(value);
  const [first = ''] = lines;
  if (typeof value !== 'object' || value === null || first === '{}' || first === '[]') {
    return [`${name}: ${first}`, ...lines.slice(1).map(indented)];
  }
  return [`${name}:`, ...(Array.isArray(value) ? lines : lines.map(indented))];
}

function indented(line: string): string {
  return line === '' ? line : `  ${line}`;
}

function scalarLines(value: unknown): string[] {
  switch (typeof value) {
    case 'string':
      return textLines(value);
    case 'number':
      return [numberText(value)];
    default:
      return [String(value)];
  }
}

/** Whole numbers in full; others as Go writes them, with an exponent beyond six places before the point. */
function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) {
    return BigInt(value).toString();
  }
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) {
    return String(value);
  }
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Plain texts that would be read back as something else. */
const readsOtherwise = [
  /^(|~|null|Null|NULL|y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  numberForm,
  /^[-+]?\.(inf|Inf|INF)$/,
  /^\.(nan|NaN|NAN)$/,
  /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/,
  /^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d{2}:\d{2})?)?$/,
];

/** Texts that have no plain form, because something in them is punctuation of YAML. */
const needsQuotes = /^[#,[\]{}&*!|>'"%@`\s]|^[-?:](\s|$)|^(---|\.\.\.)|\s$|:(\s|$)|\s#/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
const needsEscapes = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]|[\ud800-\udfff]/;

function textLines(text: string): string[] {
  if (needsEscapes.test(text) || readsOtherwise.some((form) => form.test(text))) {
    return [JSON.stringify(text)];
  }
  if (text.includes('\n')) {
    const lines = text.replace(/\n$/, '').split('\n');
    const isSimple = /^\S/.test(text) && !text.endsWith('\n\n');
    return isSimple ? [text.endsWith('\n') ? '|' : '|-', ...lines] : [JSON.stringify(text)];
  }
  return [needsQuotes.test(text) ? `'${text.replaceAll("'", "''")}'` : text];
}
