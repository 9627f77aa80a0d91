import { styleText } from 'node:util';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Levels from the least to the most talkative; each includes those before it. */
export const logLevels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace'];

/** Facts of a log line. An `Error` is shown by its message; its stack only when the logger lets debug through. */
export type LogFacts = Readonly<Record<string, unknown>>;

export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: LogFacts;
}

export interface LogFormatOptions {
  /** Adds the stack of errors. */
  readonly stacks?: boolean;
  readonly color?: boolean;
}

/** One JSON object per line: `ts`, `level`, `msg`, then the facts. Facts cannot displace these three. */
export function formatJson(record: LogRecord, options: LogFormatOptions = {}): string {
  const line: Record<string, unknown> = {
    ts: new Date(record.time).toISOString(),
    level: record.level,
    msg: record.message,
  };
  for (const [name, value] of expandErrors(record.facts, options)) {
    line[name in line ? `${name}_` : name] = value;
  }
  return Object.values(line).some((value) => typeof value === 'object' || typeof value === 'bigint')
    ? JSON.stringify(line, jsonSafe)
    : JSON.stringify(line);
}

/** One aligned line for a person: time, level, component, message, then `name=value` facts. */
export function formatText(record: LogRecord, options: LogFormatOptions = {}): string {
  const paint = painter(options.color ?? false);
  const { component, ...facts } = record.facts;
  const time = new Date(record.time).toISOString().slice(11, 23);
  const head = `${paint('dim', time)} ${paint(levelColors[record.level], record.level.padEnd(5))} `;
  const room = paint('cyan', (typeof component === 'string' ? component : '').padEnd(10));
  const pairs = expandErrors(facts, options).map(
    ([name, value]) => `${paint('dim', `${name}=`)}${textValue(value)}`,
  );
  return `${head}${room} ${record.message.padEnd(pairs.length > 0 ? 40 : 0)} ${pairs.join(' ')}`.trimEnd();
}

const levelColors = {
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'blue',
  trace: 'magenta',
} as const satisfies Record<LogLevel, string>;

type Style = (typeof levelColors)[LogLevel] | 'dim' | 'cyan';

function painter(color: boolean): (style: Style, text: string) => string {
  // Whether to colour was decided by the caller for the stream that is really written to.
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

function expandErrors(facts: LogFacts, { stacks = false }: LogFormatOptions): [string, unknown][] {
  const expanded: [string, unknown][] = [];
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined) {
      continue;
    }
    if (!(value instanceof Error)) {
      expanded.push([name, value]);
      continue;
    }
    expanded.push([name, value.message || value.name]);
    if (stacks && value.stack !== undefined) {
      expanded.push([name === 'error' ? 'stack' : `${name}Stack`, value.stack]);
    }
  }
  return expanded;
}

function textValue(value: unknown): string {
  if (typeof value === 'string') {
    return /^[\w./:@%+,-]+$/.test(value) ? value : JSON.stringify(value);
  }
  return typeof value === 'object' && value !== null ? JSON.stringify(value, jsonSafe) : String(value);
}

/** What JSON cannot hold (bigint, nested errors, sets and maps) must not make a log call throw. */
function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value.toString();
  }
  if (value instanceof Error) {
    return value.message || value.name;
  }
  if (value instanceof Set) {
    return [...value];
  }
  return value instanceof Map ? Object.fromEntries(value) : value;
}
