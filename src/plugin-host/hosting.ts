import { Attempt } from '../framework/attempt.js';
import type { Cycle } from '../framework/cycle.js';
import type { ExtensionPoint } from '../framework/plugin.js';
import type { PointFunctions } from '../framework/plugin-definition.js';
import type { PluginSupervisor } from './plugin-supervisor.js';

/** Functions of a point that are known to be there: they were checked when the plugin was made. */
export type Functions<Point extends ExtensionPoint> = PointFunctions[Point];

/** What every extension point of a plugin is hosted with. */
export interface Hosting {
  readonly name: string;
  readonly supervisor: PluginSupervisor;
}

const attempts = new WeakMap<Cycle, Attempt>();

export function attemptOf(cycle: Cycle): Attempt {
  let attempt = attempts.get(cycle);
  if (attempt === undefined) {
    attempt = new Attempt(cycle);
    attempts.set(cycle, attempt);
  }
  return attempt;
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
