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

/**
 * Every watch that went on or was disturbed, as the log of a process tells, each with what explains it. `dropped` says of how many watches
 * by resource the API server states that it closed them because nobody read them fast enough; it does not say whose.
 */
export function reconnectsIn(
  log: string,
  interruptions: readonly Interruption[],
  dropped: ReadonlyMap<string, number> = new Map(),
): Reconnect[] {
  const left = new Map(dropped);
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
    const why = explanation(line, at, openMs, interruptions);
    if (why !== undefined || kind !== 'reconnect') return [{ at, resource, kind, why }];
    const mayBeDropped = left.get(resource) ?? 0;
    left.set(resource, mayBeDropped - 1);
    return [{ at, resource, kind, why: mayBeDropped > 0 ? 'the API server closed a slow watch' : undefined }];
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
