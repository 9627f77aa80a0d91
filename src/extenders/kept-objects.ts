import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';

export interface KeptObjectsOptions {
  /** Whether somebody may be asked about this pod as long as it is pending. */
  readonly keepsPending: (pod: Pod) => boolean;
  /** Pods on nodes: whole victims are sent to extenders that keep no pods of their own. */
  readonly keepsBound: boolean;
  readonly keepsNodes: boolean;
}

/**
 * Whole objects, as JSON text, for extenders: what decisions read of an object is not enough for somebody else's. Kept beside the slim
 * object that was made of the same version, and no longer than that.
 */
export class KeptObjects {
  readonly #options: KeptObjectsOptions;
  readonly #pods = new WeakMap<Pod, string>();
  readonly #nodes = new WeakMap<Node, string>();

  constructor(options: KeptObjectsOptions) {
    this.#options = options;
  }

  /** To be called with each object that the watch delivers; `raw` is the decoded object that `pod` was made of. */
  pod(pod: Pod, raw: unknown): void {
    const { keepsPending, keepsBound } = this.#options;
    if (pod.nodeName === '' ? keepsPending(pod) : keepsBound) this.#pods.set(pod, textOf(raw));
  }

  node(node: Node, raw: unknown): void {
    if (this.#options.keepsNodes) this.#nodes.set(node, textOf(raw));
  }

  podText(pod: Pod): string | undefined {
    return this.#pods.get(pod);
  }

  nodeText(node: Node): string | undefined {
    return this.#nodes.get(node);
  }
}

/** As kube-scheduler sends objects: without their type, which it does not know any more, and without the record of who set which field. */
function textOf(raw: unknown): string {
  const { apiVersion, kind, metadata, ...rest } = raw as Readonly<Record<string, unknown>>;
  const { managedFields, ...slim } = metadata as Readonly<Record<string, unknown>>;
  return JSON.stringify({ metadata: slim, ...rest });
}
