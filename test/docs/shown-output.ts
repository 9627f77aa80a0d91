/** What differs from run to run, and what stands for it in a comparison. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b\d+ ms\b|\b(\d+(\.\d+)?(ms|[smh]))+\b/g, '<time>'],
  [/https?:\/\/[^\s)]+/g, '<address>'],
  [/kubeconfig \/[^\s)]+/g, 'kubeconfig <path>'],
  [/\(context [^\s)]+\)/g, '(context <name>)'],
  [/\bnginx-[0-9a-z]{10}-[0-9a-z]{5}\b/g, 'nginx-<id>'],
  // Columns are as wide as what stands in them.
  [/ {2,}/g, '  '],
];

/**
 * Compares what a page shows with what was printed, line by line, and says where they part; undefined when they do not. `…` at the end of
 * a shown line stands for the rest of it, a line that is nothing else for any number of lines, at the end for all that follow.
 */
export function difference(shown: string, printed: string): string | undefined {
  const real = linesOf(printed);
  let at = 0;
  for (const line of linesOf(shown)) {
    if (line === '…') {
      at = -1;
      continue;
    }
    const fits = (other: string) =>
      line.endsWith('…') && !other.endsWith('…') ? other.startsWith(line.slice(0, -1)) : other === line;
    const found = at === -1 ? real.findIndex(fits) : fits(real[at] ?? '') ? at : -1;
    if (found === -1)
      return `shown:   ${line}\nprinted: ${at === -1 ? 'no such line' : (real[at] ?? 'nothing more')}`;
    at = found + 1;
  }
  return at === -1 || at >= real.length ? undefined : `shown:   nothing more\nprinted: ${real[at]}`;
}

/** With what varies replaced; blanks at the ends of lines, and empty lines at the ends of the text, do not count. */
function linesOf(text: string): string[] {
  const constant = VARYING.reduce((rest, [pattern, word]) => rest.replaceAll(pattern, word), text);
  return constant
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
    .split('\n');
}
