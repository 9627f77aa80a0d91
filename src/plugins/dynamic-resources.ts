import { Action } from '../cluster/action.js';
import type { Pod } from '../cluster/pod.js';
import { type Cycle, StateKey } from '../framework/cycle.js';
import type {
  NormalizePlugin,
  PostFilterPlugin,
  PostFilterResult,
  PreBindPlugin,
  PreEnqueuePlugin,
  PreFilterPlugin,
  PreFilterResult,
  ReservePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import { failure, unresolvable, unschedulable } from '../framework/status.js';

export const dynamicResources = 'DynamicResources';

/** Noted by PreFilter, asked for by PostFilter. */
const prepared = new StateKey<true>('DynamicResources/prepared');

/**
 * Devices through resource claims. Pods without claims pass, with the traces that the plugin leaves in kube-scheduler; claims are not
 * allocated yet, so a pod that has some is refused: refused loudly is better than placed wrongly.
 */
export class DynamicResources
  implements
    PreEnqueuePlugin,
    PreFilterPlugin,
    RowFilterPlugin,
    PostFilterPlugin,
    RowScorePlugin,
    NormalizePlugin,
    ReservePlugin,
    PreBindPlugin
{
  readonly name = dynamicResources;
  readonly events = [{ resource: 'TargetPod' as const, action: Action.Update }];
  /** As true as any other way: scores are all 0. */
  readonly byHighest = { reverse: false };

  preEnqueue(): undefined {}

  preFilter(cycle: Cycle, { spec }: Pod): PreFilterResult {
    cycle.write(prepared, true);
    if (!spec.hasResourceClaims) return { kind: 'skip' };
    return {
      kind: 'rejected',
      status: unresolvable('berth does not yet schedule pods with spec.resourceClaims'),
    };
  }

  filterRows(): 'none' {
    return 'none';
  }

  verdictStatus(): never {
    throw new Error('no node is ever refused');
  }

  /** There is nothing to release. Where an earlier plugin ended PreFilter, kube-scheduler fails here, and preemption is not tried. */
  postFilter(cycle: Cycle): PostFilterResult {
    const status = cycle.find(prepared) ? unschedulable() : failure('not found');
    return { kind: 'rejected', status, clearNomination: false };
  }

  judgesByRow(): boolean {
    return true;
  }

  /** Without claims every node scores 0: the array comes in filled with that. */
  scoreRows(): 'constant' {
    return 'constant';
  }

  normalizeScores(): void {}

  reserve(): undefined {}

  unreserve(): void {}

  preBindPreFlight(): 'skip' {
    return 'skip';
  }

  async preBind(): Promise<undefined> {}
}
