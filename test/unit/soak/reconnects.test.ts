import { describe, expect, it } from '@jest/globals';
import { reconnectsIn } from '../../soak/reconnects.js';

const start = Date.parse('2026-01-01T12:00:00Z');

function line(seconds: number, facts: object): string {
  const ts = new Date(start + seconds * 1_000).toISOString();
  return JSON.stringify({ ts, level: 'debug', ...facts });
}

const started = line(0, { msg: 'starting' });
const goesOn = (seconds: number, resource: string, kind = 'reconnect', more: object = {}) =>
  line(seconds, { msg: 'the watch goes on', resource, kind, ...more });

function whys(lines: readonly string[], from?: number, until?: number): (string | undefined)[] {
  const interruptions =
    from === undefined || until === undefined
      ? []
      : [{ from: start + from * 1_000, until: start + until * 1_000 }];
  return reconnectsIn(lines.join('\n'), interruptions).map(({ why }) => why);
}

describe('a watch that is opened again', () => {
  it('is explained by its age, each watch counted from when it was opened itself', () => {
    const lines = [started, goesOn(310, 'pods'), goesOn(400, 'nodes'), goesOn(620, 'pods')];
    expect(whys(lines)).toEqual(Array(3).fill('the watch was as old as it may become'));
  });

  it('is not when it was young', () => {
    expect(whys([started, goesOn(310, 'pods'), goesOn(350, 'pods')])).toEqual([
      'the watch was as old as it may become',
      undefined,
    ]);
  });

  it('is explained by a restart of the API server, also while that goes on and shortly after', () => {
    const disturbed = line(101, { msg: 'the watch was disturbed', resource: 'pods', kind: 'error' });
    const lines = [
      started,
      disturbed,
      goesOn(105, 'pods', 'relist', { cause: 'failures' }),
      goesOn(300, 'pods'),
    ];
    expect(whys(lines, 100, 104)).toEqual([
      'the API server was restarted',
      'the API server was restarted',
      undefined,
    ]);
  });

  it('is explained once for each watch that the API server says it closed for being slow', () => {
    const log = [started, goesOn(5, 'pods'), goesOn(9, 'pods'), goesOn(12, 'nodes')].join('\n');
    expect(reconnectsIn(log, [], new Map([['pods', 1]])).map(({ why }) => why)).toEqual([
      'the API server closed a slow watch',
      undefined,
      undefined,
    ]);
  });

  it('is explained where everything is listed anew on purpose, and nowhere else', () => {
    const lines = [
      started,
      goesOn(5, 'pods', 'relist', { cause: 'asked' }),
      goesOn(9, 'pods', 'relist', { cause: 'expired' }),
    ];
    expect(whys(lines)).toEqual(['a new leader lists anew', undefined]);
  });

  it('is not found in other lines, or in half a line', () => {
    expect(whys([started, line(5, { msg: 'bound' }), goesOn(6, 'pods').slice(0, 40), 'text'])).toEqual([]);
  });
});
