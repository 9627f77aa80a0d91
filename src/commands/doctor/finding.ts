/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly status: FindingStatus;
  /** What was found, in one line. */
  readonly message: string;
  /** The command that mends it, or what to do where no command does. */
  readonly remedy?: string;
}

/** `skipped`: could not be looked at, because of something that failed before. */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'skipped';

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message };
}

export function warn(check: string, message: string, remedy: string): Finding {
  return { check, status: 'warn', message, remedy };
}

export function fail(check: string, message: string, remedy: string): Finding {
  return { check, status: 'fail', message, remedy };
}
