import type { Pod } from '../cluster/pod.js';
import type { BindOptions, BindPlugin } from '../framework/plugin.js';
import type { Status } from '../framework/status.js';

export const defaultBinder = 'DefaultBinder';

export interface DefaultBinderOptions {
  /** Binds a pod at the API server; resolves once the answer is in. */
  bind(pod: Pod, nodeName: string, options: BindOptions): Promise<Status | undefined>;
}

/** Binds through the API server. How that is done is the caller's business: the decision does not depend on it. */
export function createDefaultBinder({ bind }: DefaultBinderOptions): BindPlugin {
  return {
    name: defaultBinder,
    events: [],
    bind: (_cycle, pod, nodeName, options = {}) => bind(pod, nodeName, options),
  };
}
