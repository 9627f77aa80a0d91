import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { createLogger, type LoggerOptions, silentLogger } from '../../../src/observe/logger.js';

function capture(options: LoggerOptions = {}) {
  const stream = new PassThrough();
  const logger = createLogger({
    clock: { now: () => 0 },
    isTerminal: false,
    env: {},
    transport: new winston.transports.Stream({ stream }),
    ...options,
  });
  return { logger, written: () => String(stream.read() ?? '') };
}

describe('a logger', () => {
  it('writes JSON where there is no terminal', () => {
    const { logger, written } = capture();
    logger.info('Started', { port: 1 });
    expect(JSON.parse(written())).toEqual({
      ts: '1970-01-01T00:00:00.000Z',
      level: 'info',
      msg: 'Started',
      port: 1,
    });
  });

  it('writes coloured text on a terminal and plain text under NO_COLOR', () => {
    const colored = capture({ isTerminal: true });
    colored.logger.info('Started');
    expect(colored.written()).toContain('\u001b[');
    const plain = capture({ isTerminal: true, env: { NO_COLOR: '1' } });
    plain.logger.info('Started');
    expect(plain.written()).toBe(`00:00:00.000 info  ${' '.repeat(10)} Started\n`);
  });

  it('follows an explicit format instead of the terminal', () => {
    const json = capture({ isTerminal: true, format: 'json' });
    json.logger.info('Started');
    expect(JSON.parse(json.written())).toMatchObject({ msg: 'Started' });
    const text = capture({ format: 'text' });
    text.logger.info('Started');
    expect(text.written()).toContain('info');
    expect(text.written()).not.toContain('{');
  });

  it.each([
    ['error', 1],
    ['warn', 2],
    ['info', 3],
    ['debug', 4],
    ['trace', 5],
  ] as const)('at level %s lets %i levels through', (level, count) => {
    const { logger, written } = capture({ level });
    logger.error('m');
    logger.warn('m');
    logger.info('m');
    logger.debug('m');
    logger.trace('m');
    expect(written().trim().split('\n')).toHaveLength(count);
    expect(logger.debugEnabled).toBe(count >= 4);
    expect(logger.traceEnabled).toBe(count >= 5);
    expect(logger.isEnabled('warn')).toBe(count >= 2);
  });

  it('gives its facts to its children, who may override them', () => {
    const { logger, written } = capture();
    logger.child({ component: 'queue', pod: 'a' }).info('Popped', { pod: 'b' });
    expect(JSON.parse(written())).toMatchObject({ component: 'queue', pod: 'b' });
  });

  it('shows stacks only from debug on', () => {
    const info = capture();
    info.logger.error('Failed', { error: new Error('x') });
    expect(JSON.parse(info.written())).not.toHaveProperty('stack');
    const debug = capture({ level: 'debug' });
    debug.logger.error('Failed', { error: new Error('x') });
    expect(JSON.parse(debug.written())).toHaveProperty('stack');
  });

  it('leaves % signs and braces in messages alone', () => {
    const { logger, written } = capture();
    logger.info('100%s {}', { a: '%d' });
    expect(JSON.parse(written())).toMatchObject({ msg: '100%s {}', a: '%d' });
  });
});

describe('the silent logger', () => {
  it('has nothing enabled, children included', () => {
    expect(silentLogger.child({ component: 'x' }).isEnabled('error')).toBe(false);
  });
});
