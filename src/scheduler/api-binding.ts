import type { Pod } from '../cluster/pod.js';
import type { BindOptions } from '../framework/plugin.js';
import { failure, type Status } from '../framework/status.js';
import type { Binder } from './binder.js';
import { Overtaken } from './overtaken.js';

/** What DefaultBinder does with a pod: a Binding through the API server, and the answer as a plugin's status. */
export function bindThroughApi(
  binder: Binder,
): (pod: Pod, nodeName: string, options?: BindOptions) => Promise<Status | undefined> {
  return async (pod, nodeName, options = {}) => {
    const result = await binder.bind(pod, nodeName, options);
    switch (result.kind) {
      case 'bound':
        return undefined;
      case 'conflict':
        return failure(`the pod is bound to ${result.nodeName} already`, new Overtaken(result.nodeName));
      case 'gone':
        return failure('the pod is gone', new Overtaken('deletion'));
      case 'fenced':
        return failure('this process does not lead any more', new Overtaken('another leader'));
      case 'node-gone':
        return failure(`node "${nodeName}" is gone`);
      case 'too-late':
        return failure(`node "${nodeName}" changed while the binding waited: ${result.reason}`);
      case 'failed':
        return failure(result.error.message, result.error);
    }
  };
}
