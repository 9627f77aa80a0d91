import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../../src/random.js';
import { ProcessGuard } from '../controlplane/process-guard.js';
import { leaseRealMs, schedulingSpeed } from './berth-in-process.js';
import { BerthSlot } from './berth-slot.js';
import { embeddedStage } from './embedded-stage.js';
import { ProgramSlot, programLeaseMs } from './program-slot.js';
import { realStage } from './real-stage.js';
import type { Stage } from './stage.js';
import { type Pace, runTrial, type TrialResult } from './trial.js';
import { calmTime, realTime } from './trial-time.js';

export interface SeedOptions {
  readonly seed: number;
  /** How long faults and churn go on, in real milliseconds. */
  readonly lengthMs: number;
  /** Log lines of Berth's on standard output. */
  readonly verbose: boolean;
}

/** Time passes fast: enough for the idle limit of a stalled watch (150 s), the longest backoff (30 s) and a list after it. */
const fastPace: Pace = {
  newTime: calmTime,
  speed: schedulingSpeed,
  settleMs: 15_000,
  pollMs: 60,
  slackMs: 500,
  maxDelayMs: 400,
  healAfterMs: 250,
  leaseMs: leaseRealMs,
  without: [],
  incidents: [],
};

/** Time passes as it does: what takes a timeout of minutes to heal is left to the fast pace. */
const realPace: Pace = {
  newTime: realTime,
  speed: 1,
  // Some seconds on an idle machine; a busy one starts a process in half a minute.
  settleMs: 120_000,
  pollMs: 400,
  // A binding may wait this long for its turn: Retry-After says up to three seconds.
  slackMs: 4_000,
  maxDelayMs: 1_000,
  healAfterMs: 500,
  leaseMs: programLeaseMs,
  without: ['hang', 'hang-after', 'stall'],
  incidents: [
    ['freeze', 5],
    ['kill', 3],
  ],
};

/** A real API server goes down for a moment, and takes longer over everything. */
const realServerPace: Pace = {
  ...realPace,
  incidents: [...realPace.incidents, ['restart-server', 4]],
};

/** Berths in this process against the embedded API server; some seconds. */
function runInProcess({ seed, lengthMs, verbose }: SeedOptions): Promise<TrialResult> {
  // What is swallowed is made up for by a forced list, or has to be found.
  const pace = seed % 2 === 0 ? fastPace : { ...fastPace, healAfterMs: undefined };
  return runTrial({
    seed,
    lengthMs,
    pace,
    openStage: embeddedStage,
    startReplica: async ({ name, proxy, leaderElect, time }) =>
      new BerthSlot({ name, proxy, time, seed, leaderElect, verbose }),
  });
}

/** The program as it ships, in processes of its own: they can be killed and frozen. */
async function runPrograms(
  { seed, lengthMs, verbose }: SeedOptions,
  openStage: (random: Random) => Promise<Stage>,
  pace: Pace,
): Promise<TrialResult> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-faults-'));
  const guard = new ProcessGuard(folder);
  try {
    return await runTrial({
      seed,
      lengthMs,
      pace,
      openStage,
      startReplica: ({ name, proxy, leaderElect, time }, { token, leaseNamespace }) =>
        ProgramSlot.start({
          name,
          proxy,
          token,
          leaseNamespace,
          seed,
          leaderElect,
          verbose,
          folder,
          guard,
          time,
        }),
    });
  } finally {
    await guard.close();
  }
}

export type Mode = 'in process' | 'programs' | 'real';

export const modes: Readonly<
  Record<
    Mode,
    { readonly run: (options: SeedOptions) => Promise<TrialResult>; readonly defaultMinutes: number }
  >
> = {
  'in process': { run: runInProcess, defaultMinutes: 0.04 },
  programs: { run: (options) => runPrograms(options, embeddedStage, realPace), defaultMinutes: 0.12 },
  real: { run: (options) => runPrograms(options, realStage, realServerPace), defaultMinutes: 0.15 },
};
