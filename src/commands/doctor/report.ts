import { styleText } from 'node:util';
import { alignedTable } from '../../observe/table.js';
import type { Finding, FindingStatus } from './finding.js';

/** What `berth doctor` found out, as `-o json` shows it. */
export interface DoctorReport {
  readonly healthy: boolean;
  readonly counts: Readonly<Record<FindingStatus, number>>;
  readonly findings: readonly Finding[];
}

export function doctorReport(findings: readonly Finding[]): DoctorReport {
  const count = (status: FindingStatus): number =>
    findings.filter((finding) => finding.status === status).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail'), skipped: count('skipped') };
  return { healthy: counts.fail === 0 && counts.skipped === 0, counts, findings };
}

const colors = { ok: 'green', warn: 'yellow', fail: 'red', skipped: 'dim' } as const;

/** The report for people: the sum first, one line for each check, and under it what mends it. */
export function reportText({ counts, findings }: DoctorReport, options: { readonly color: boolean }): string {
  const rows = findings.map(({ status, check, message }) => [status, check, message]);
  const [header = '', ...lines] = alignedTable(['STATUS', 'CHECK', 'FINDING'], rows);
  const body = findings.flatMap(({ status, remedy }, index) => {
    const line = lines[index] ?? '';
    const word = options.color ? styleText(colors[status], status, { validateStream: false }) : status;
    const colored = `${word}${line.slice(status.length)}`;
    // What mends the next one as well is said once, below the last of them.
    const isLast = findings[index + 1]?.remedy !== remedy;
    return remedy === undefined || !isLast ? [colored] : [colored, `        mend it: ${remedy}`];
  });
  return `${[summaryOf(counts), '', header, ...body].join('\n')}\n`;
}

function summaryOf({ ok, warn, fail, skipped }: DoctorReport['counts']): string {
  const parts = [
    `${ok} ok`,
    ...(warn > 0 ? [`${warn} to look at`] : []),
    ...(fail > 0 ? [`${fail} failed`] : []),
    ...(skipped > 0 ? [`${skipped} not looked at`] : []),
  ];
  return `${fail > 0 || skipped > 0 ? 'Berth cannot work as it should' : 'Berth can work'}: ${parts.join(', ')}`;
}
