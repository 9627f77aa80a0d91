/** A watch that was opened again, or whose collection was listed again. */
export interface Reconnect {
  readonly at: number;
  readonly resource: string;
  /** Of the disruption, as the log has it. */
  readonly kind: string;
  /** Undefined when nothing explains it. */
  readonly why: string | undefined;
}

export interface Interruption {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

/** Berth has the server end a watch after five to ten minutes; clocks and timers are not exact. */
const shortestWatchMs = 295_000;
/** Connections that broke are noticed, and opened again, within this time. */
const aftermathMs = 90_000;

/** Every watch that went on or was disturbed, as the log of a process tells, each with what explains it. */
export function reconnectsIn(log: string, interruptions: readonly Interruption[]): Reconnect[] {
  const openedAt = new Map<string, number>();
  let startedAt: number | undefined;
  return log.split('\n').flatMap((text) => {
    const line = parsed(text);
    if (line === undefined) return [];
    const at = Date.parse(line.ts);
    startedAt ??= at;
    if (line.msg !== 'the watch goes on' && line.msg !== 'the watch was disturbed') return [];
    const { resource = '', kind = '' } = line;
    const openMs = at - (openedAt.get(resource) ?? startedAt);
    openedAt.set(resource, at);
    return [{ at, resource, kind, why: explanation(line, at, openMs, interruptions) }];
  });
}

function explanation(
  { kind, cause }: LogLine,
  at: number,
  openMs: number,
  interruptions: readonly Interruption[],
): string | undefined {
  if (interruptions.some(({ from, until }) => at >= from && at <= until + aftermathMs))
    return 'the API server was restarted';
  if (kind === 'reconnect' && openMs >= shortestWatchMs) return 'the watch was as old as it may become';
  if (kind === 'relist' && cause === 'asked') return 'a new leader lists anew';
  return undefined;
}

interface LogLine {
  readonly ts: string;
  readonly msg: string;
  readonly resource?: string;
  readonly kind?: string;
  readonly cause?: string;
}

function parsed(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    // The process was ended in the middle of a line.
    return undefined;
  }
}
