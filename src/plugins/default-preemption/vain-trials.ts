import type { NodeTable } from '../../cluster/node-table.js';
import type { Pod, PodSpec } from '../../cluster/pod.js';
import { type Requests, sameRequests } from '../../cluster/requests.js';
import type { Status } from '../../framework/status.js';
import type { Trial } from './victims-on-node.js';

interface Refused {
  /** Of the row when it was tried. */
  readonly generation: number;
  readonly status: Status;
}

interface Kind {
  readonly priority: number;
  readonly accounted: Requests;
  readonly bySlot: Map<number, Refused>;
}

/** Templates that are remembered, each with as many nodes as there are. */
const maxKinds = 16;

/**
 * Nodes where preemption was tried for a pod in vain. While nothing happens on a node, the next pod of the template need not try it again:
 * thousands of important pods that fit nowhere would spend all time on that. Only for pods whose filters judge a row by the row alone.
 */
export class VainTrials {
  /** The one that was used last comes last. */
  readonly #kinds = new Map<PodSpec, Kind>();

  /** `tryNode`, but for nodes that were tried in vain and have not changed since. */
  remembering(pod: Pod, nodes: NodeTable, tryNode: (slot: number) => Trial): (slot: number) => Trial {
    const { bySlot } = this.#kindOf(pod);
    return (slot) => {
      const generation = nodes.generationOf[slot]!;
      const known = bySlot.get(slot);
      if (known?.generation === generation) return { kind: 'refused', status: known.status };
      const trial = tryNode(slot);
      if (trial.kind === 'refused') bySlot.set(slot, { generation, status: trial.status });
      return trial;
    };
  }

  #kindOf({ spec, priority, accounted }: Pod): Kind {
    let kind = this.#kinds.get(spec);
    if (kind === undefined || kind.priority !== priority || !sameRequests(kind.accounted, accounted))
      kind = { priority, accounted, bySlot: new Map() };
    this.#kinds.delete(spec);
    this.#kinds.set(spec, kind);
    if (this.#kinds.size > maxKinds) this.#kinds.delete(this.#kinds.keys().next().value!);
    return kind;
  }
}
