import { type Count, type Disagreement, subjects, type Tally } from './tally.js';

const headings = ['profile', 'what', 'agree', 'disagree'] as const;

/** An aligned table by profile, the first disagreements in full, and one closing line. */
export function textReport(tally: Tally, { limit }: { readonly limit: number }): string {
  const rows = [...tally.counts].flatMap(([profile, counts]) =>
    subjects.map((subject, index) => [index === 0 ? profile : '', subject, ...figures(counts.get(subject)!)]),
  );
  const total = totalOf(tally);
  const shown = tally.disagreements.slice(0, limit).map(describe);
  const hidden = tally.disagreements.length - shown.length;
  return [
    ...align([[...headings], ...rows, ['all', '', ...figures(total)]]),
    '',
    ...shown,
    ...(hidden > 0 ? [`… and ${hidden} more disagreements (--limit shows more)`] : []),
    `${tally.files} files: ${total.agree} agree, ${total.disagree} disagree`,
  ].join('\n');
}

export function jsonReport(tally: Tally): string {
  const profiles = Object.fromEntries(
    [...tally.counts].map(([profile, counts]) => [profile, Object.fromEntries(counts)]),
  );
  return JSON.stringify(
    { files: tally.files, total: totalOf(tally), profiles, disagreements: tally.disagreements },
    null,
    2,
  );
}

function totalOf(tally: Tally): Count {
  const total: Count = { agree: 0, disagree: 0 };
  for (const counts of tally.counts.values()) {
    for (const { agree, disagree } of counts.values()) {
      total.agree += agree;
      total.disagree += disagree;
    }
  }
  return total;
}

function figures({ agree, disagree }: Count): string[] {
  return [String(agree), String(disagree)];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
}

function describe({ file, subject, pod, node, detail, expected, got }: Disagreement): string {
  const where = [pod && `pod ${pod}`, node && `node ${node}`, detail].filter(Boolean).join(', ');
  return `${file}: ${subject}${where === '' ? '' : `: ${where}`}\n  expected ${show(expected)}\n  got      ${show(got)}\n`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
