import { describe, expect, it } from '@jest/globals';
import { schedulerNameFindings } from '../../../src/commands/doctor/check-configuration.js';
import { serverFindings } from '../../../src/commands/doctor/check-server.js';
import { checkWatch } from '../../../src/commands/doctor/check-watch.js';
import type { Examination } from '../../../src/commands/doctor/examination.js';
import { fail, ok, warn } from '../../../src/commands/doctor/finding.js';
import { doctorReport, reportText } from '../../../src/commands/doctor/report.js';

const receivedAt = Date.parse('2026-05-06T07:08:09.700Z');
const answer = (over: object = {}) => ({
  gitVersion: 'v1.37.1',
  date: 'Wed, 06 May 2026 07:08:09 GMT',
  receivedAt,
  durationMs: 20,
  ...over,
});
const find = (check: string, over: object) =>
  serverFindings(answer(over)).find((finding) => finding.check === check);

describe('the version of the server', () => {
  it.each([
    ['v1.37.1', 'ok'],
    ['v1.34.0', 'ok'],
    ['v1.36.2-eks-113cf36', 'ok'],
    ['v1.33.9', 'fail'],
    ['v1.38.0-alpha.1', 'warn'],
    ['', 'warn'],
  ])('%j: %s', (gitVersion, status) => {
    expect(find('version', { gitVersion })?.status).toBe(status);
  });
});

describe('the clock', () => {
  it.each([
    [0, 'ok', "as the API server's"],
    [3_000, 'ok', "this clock is 3 s ahead of the API server's"],
    [5_000, 'warn', "this clock is 5 s ahead of the API server's"],
    [-60_000, 'warn', "this clock is 60 s behind the API server's"],
    [300_000, 'fail', "this clock is 300 s ahead of the API server's: tokens may not be taken"],
    [-300_000, 'fail', "this clock is 300 s behind the API server's: tokens may not be taken"],
  ])('off by %d ms: %s', (offset, status, message) => {
    expect(find('clock', { receivedAt: receivedAt + offset })).toMatchObject({ status, message });
  });

  it('cannot be compared where answers have no date', () => {
    for (const date of [undefined, 'yesterday']) expect(find('clock', { date })?.status).toBe('warn');
  });
});

describe('the name that pods choose', () => {
  const named = (schedulerName: string, replacesDefault: boolean) =>
    schedulerNameFindings({ profiles: [{ schedulerName }] } as never, { replacesDefault })[0]?.status;

  it("is not kube-scheduler's, unless that is meant", () => {
    expect(named('berth', false)).toBe('ok');
    expect(named('default-scheduler', false)).toBe('warn');
    expect(named('default-scheduler', true)).toBe('ok');
  });
});

describe('the watch', () => {
  const examine = (chunks: AsyncIterable<Uint8Array>) =>
    checkWatch({
      transport: { stream: async () => chunks },
      signal: new AbortController().signal,
    } as unknown as Examination);

  it('may have nothing to tell', async () => {
    async function* nothing(): AsyncGenerator<Uint8Array> {}
    expect((await examine(nothing()))[0]).toMatchObject({ status: 'ok' });
  });

  it('is passed on late by some proxies', async () => {
    async function* late(): AsyncGenerator<Uint8Array> {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      yield new Uint8Array(1);
    }
    expect((await examine(late()))[0]).toMatchObject({
      status: 'warn',
      remedy: expect.stringContaining('proxy_buffering off'),
    });
  });
});

describe('the report', () => {
  const findings = [
    ok('a', 'fine'),
    warn('long name', 'odd', 'do this'),
    fail('b', 'bad', 'do that'),
    fail('c', 'bad', 'do that'),
    { check: 'd', status: 'skipped' as const, message: 'not looked at' },
  ];

  it('begins with the sum, is aligned, and says once what mends several', () => {
    expect(reportText(doctorReport(findings), { color: false })).toBe(
      `Berth cannot work as it should: 1 ok, 1 to look at, 2 failed, 1 not looked at

STATUS   CHECK      FINDING
ok       a          fine
warn     long name  odd
        mend it: do this
fail     b          bad
fail     c          bad
        mend it: do that
skipped  d          not looked at
`,
    );
  });

  it('is in colours where these are wanted, and aligned all the same', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    const escapes = /\u001b\[\d+m/g;
    const text = reportText(doctorReport(findings), { color: true });
    expect(text).toMatch(escapes);
    expect(text.replace(escapes, '')).toBe(reportText(doctorReport(findings), { color: false }));
  });

  it('is healthy when nothing failed and all was looked at', () => {
    expect(doctorReport(findings.slice(0, 2)).healthy).toBe(true);
    expect(doctorReport(findings.slice(0, 3)).healthy).toBe(false);
    expect(doctorReport(findings.slice(4)).healthy).toBe(false);
  });
});
