import type { Decision } from './decision.js';
import { PluginFault } from './plugin-fault.js';

/** A plugin that breaks down ends the evaluation: the decision is an error. */
export function untilFault<T>(judge: () => T): T | (Decision & { kind: 'error' }) {
  try {
    return judge();
  } catch (error) {
    if (error instanceof PluginFault) return { kind: 'error', status: error.status };
    throw error;
  }
}
