import { describe, expect, it } from '@jest/globals';
import { formatJson, formatText } from '../../../src/observe/log-format.js';

const record = { time: Date.UTC(2026, 0, 2, 3, 4, 5, 678), level: 'info', message: 'Pod bound' } as const;

describe('formatJson', () => {
  it('begins with ts, level and msg and then has the facts', () => {
    const line = formatJson({ ...record, facts: { component: 'binder', node: 'n1', attempts: 2 } });
    expect(line).toBe(
      '{"ts":"2026-01-02T03:04:05.678Z","level":"info","msg":"Pod bound","component":"binder","node":"n1","attempts":2}',
    );
  });

  it('does not let a fact displace the three', () => {
    expect(JSON.parse(formatJson({ ...record, facts: { level: 'high', msg: 'x' } }))).toMatchObject({
      level: 'info',
      level_: 'high',
      msg: 'Pod bound',
      msg_: 'x',
    });
  });

  it('shows an error by its message, and its stack only on request', () => {
    const facts = { error: new Error('no route') };
    expect(JSON.parse(formatJson({ ...record, facts }))).toMatchObject({ error: 'no route' });
    expect(formatJson({ ...record, facts })).not.toContain('stack');
    expect(JSON.parse(formatJson({ ...record, facts }, { stacks: true })).stack).toContain('log-format.test');
  });

  it('survives values that JSON does not know', () => {
    const facts = {
      big: 12n,
      set: new Set(['a']),
      map: new Map([['k', 1]]),
      nested: { error: new Error('in') },
    };
    expect(JSON.parse(formatJson({ ...record, facts }))).toMatchObject({
      big: '12',
      set: ['a'],
      map: { k: 1 },
      nested: { error: 'in' },
    });
  });
});

describe('formatText', () => {
  it('aligns time, level, component and message', () => {
    const line = formatText({ ...record, facts: { component: 'binder', node: 'n1' } });
    expect(line).toBe(`03:04:05.678 info  binder     ${'Pod bound'.padEnd(40)} node=n1`);
  });

  it('quotes what could break the line or the terminal', () => {
    const line = formatText({ ...record, facts: { reason: 'a b\n\u001b[31m' } });
    expect(line).toContain('reason="a b\\n\\u001b[31m"');
  });

  it('colours only when told to', () => {
    const sgr = '\u001b[';
    expect(formatText({ ...record, facts: { a: 1 } })).not.toContain(sgr);
    expect(formatText({ ...record, facts: { a: 1 } }, { color: true })).toContain(sgr);
  });
});
