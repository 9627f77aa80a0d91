import winston from 'winston';
import { type Clock, systemClock } from '../clock.js';
import { formatJson, formatText, type LogFacts, type LogLevel, logLevels } from './log-format.js';
import { allowsColor, type LogFormat } from './log-style.js';

export type { LogFacts, LogLevel } from './log-format.js';

/**
 * What every room logs through. Messages are constant strings, what varies goes into facts.
 * In hot code ask `debugEnabled` or `traceEnabled` before building facts: a disabled call still costs its arguments.
 */
export interface Logger {
  readonly debugEnabled: boolean;
  readonly traceEnabled: boolean;
  isEnabled(level: LogLevel): boolean;
  error(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  debug(message: string, facts?: LogFacts): void;
  trace(message: string, facts?: LogFacts): void;
  /** A logger that adds these facts to each of its lines, usually `{component: 'queue'}`. */
  child(facts: LogFacts): Logger;
}

export interface LoggerOptions {
  /** @default 'info' */
  readonly level?: LogLevel;
  /** `auto` is text on a terminal, else JSON. @default 'auto' */
  readonly format?: LogFormat;
  /** Whether standard error is a terminal. @default process.stderr.isTTY */
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where finished lines go. @default the console transport, on standard error */
  readonly transport?: winston.transport;
  readonly clock?: Pick<Clock, 'now'>;
}

/** Builds the process's logger. Lines go to standard error: standard output belongs to the commands. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const level = options.level ?? 'info';
  const isTerminal = options.isTerminal ?? process.stderr.isTTY === true;
  const text = options.format === 'text' || (options.format !== 'json' && isTerminal);
  const formatOptions = {
    stacks: rank(level) >= rank('debug'),
    color: isTerminal && allowsColor(options.env ?? process.env),
  };
  const render = text ? formatText : formatJson;
  const clock = options.clock ?? systemClock;
  const transport = options.transport ?? new winston.transports.Console({ stderrLevels: [...logLevels] });
  return new WinstonLogger(rank(level), {}, (lineLevel, message, facts) => {
    const line = render({ time: clock.now(), level: lineLevel, message, facts }, formatOptions);
    // Straight to the transport: winston's streams in between judge the level and render the line, which has been done.
    transport.log?.({ level: lineLevel, [LEVEL]: lineLevel, message: line, [MESSAGE]: line }, () => {});
  });
}

/** A logger that says nothing; for tests and for callers who do not care. */
export const silentLogger: Logger = {
  debugEnabled: false,
  traceEnabled: false,
  isEnabled: () => false,
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  trace: () => {},
  child: () => silentLogger,
};

/** Where transports look for the level and for the finished line (the keys of winston's `triple-beam`). */
const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

type Write = (level: LogLevel, message: string, facts: LogFacts) => void;

/**
 * The level is judged here with a plain number: winston's own check comes after the record has travelled through its
 * streams, at a hundred times the cost.
 */
class WinstonLogger implements Logger {
  readonly debugEnabled: boolean;
  readonly traceEnabled: boolean;
  readonly #rank: number;
  readonly #facts: LogFacts;
  readonly #write: Write;

  constructor(enabledRank: number, facts: LogFacts, write: Write) {
    this.#rank = enabledRank;
    this.#facts = facts;
    this.#write = write;
    this.debugEnabled = enabledRank >= rank('debug');
    this.traceEnabled = enabledRank >= rank('trace');
  }

  isEnabled(level: LogLevel): boolean {
    return rank(level) <= this.#rank;
  }

  error(message: string, facts?: LogFacts): void {
    this.#log('error', message, facts);
  }

  warn(message: string, facts?: LogFacts): void {
    this.#log('warn', message, facts);
  }

  info(message: string, facts?: LogFacts): void {
    this.#log('info', message, facts);
  }

  debug(message: string, facts?: LogFacts): void {
    if (this.debugEnabled) {
      this.#log('debug', message, facts);
    }
  }

  trace(message: string, facts?: LogFacts): void {
    if (this.traceEnabled) {
      this.#log('trace', message, facts);
    }
  }

  child(facts: LogFacts): Logger {
    return new WinstonLogger(this.#rank, { ...this.#facts, ...facts }, this.#write);
  }

  #log(level: LogLevel, message: string, facts: LogFacts | undefined): void {
    if (this.isEnabled(level)) {
      this.#write(level, message, facts === undefined ? this.#facts : { ...this.#facts, ...facts });
    }
  }
}

function rank(level: LogLevel): number {
  return logLevels.indexOf(level);
}
