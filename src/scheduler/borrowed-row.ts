import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreFilterPlugin } from '../framework/plugin.js';
import { PluginFault } from './plugin-fault.js';

interface Change {
  readonly pod: Pod;
  readonly added: boolean;
  /** Plugins that have taken note of it so far. */
  noted: number;
}

/**
 * A copy of a node's row that pods come to and go from, with what PreFilter plugins noted of them. Every change is remembered, so that
 * all of them can be taken back, the last one first: hooks are exact inverses of each other only in that order.
 */
export class BorrowedRow {
  readonly slot: number;
  readonly #cycle: Cycle;
  readonly #hooks: readonly PreFilterPlugin[];
  readonly #changes: Change[] = [];

  /** `hooks`: plugins with `addPod` or `removePod` whose PreFilter did not skip. */
  constructor(cycle: Cycle, hooks: readonly PreFilterPlugin[], from: number) {
    this.#cycle = cycle;
    this.#hooks = hooks;
    this.slot = cycle.nodes.borrowRow(from);
  }

  /** Throws `PluginFault`; what was done until then is taken back with the rest. */
  add(pod: Pod): void {
    this.#change(pod, true);
  }

  /** Throws `PluginFault`. Frees the pod's host ports whoever else holds them, as kube-scheduler does when it tries out victims. */
  remove(pod: Pod): void {
    this.#change(pod, false);
    this.#freePorts(pod);
  }

  /** As if the pod had never come: what others hold as well stays taken. Throws `PluginFault`. */
  leaveOut(pod: Pod): void {
    this.#change(pod, false);
  }

  /** What `takeBackTo` needs to know to undo all that comes from now on. */
  get mark(): number {
    return this.#changes.length;
  }

  /** Undoes changes made after the mark, all of them even when a plugin fails over one; then throws its `PluginFault`. */
  takeBackTo(mark: number): void {
    let fault: unknown;
    while (this.#changes.length > mark) {
      try {
        this.#undo(this.#changes.pop()!);
      } catch (thrown) {
        fault ??= thrown;
      }
    }
    if (fault !== undefined) throw fault;
  }

  /** Takes everything back and gives the row back. */
  end(): void {
    try {
      this.takeBackTo(0);
    } finally {
      this.#cycle.nodes.returnRow(this.slot);
    }
  }

  /**
   * As in kube-scheduler, a host port is free as soon as one of its holders leaves a hypothetical node. It has two only when somebody
   * else than a scheduler bound them.
   */
  #freePorts({ spec }: Pod): void {
    this.#cycle.nodes.portsAt(this.slot)?.free(spec.hostPorts);
  }

  #change(pod: Pod, added: boolean): void {
    this.#count(pod, added);
    const change = { pod, added, noted: 0 };
    this.#changes.push(change);
    for (const plugin of this.#hooks) {
      this.#tell(plugin, pod, added);
      change.noted += 1;
    }
  }

  #undo({ pod, added, noted }: Change): void {
    this.#count(pod, !added);
    let fault: unknown;
    for (let index = noted - 1; index >= 0; index--) {
      try {
        this.#tell(this.#hooks[index]!, pod, !added);
      } catch (thrown) {
        fault ??= thrown;
      }
    }
    if (fault !== undefined) throw fault;
  }

  #count(pod: Pod, added: boolean): void {
    const { nodes } = this.#cycle;
    if (added) nodes.addPodAt(this.slot, pod);
    else nodes.removePodAt(this.slot, pod);
  }

  #tell(plugin: PreFilterPlugin, pod: Pod, added: boolean): void {
    try {
      if (added) plugin.addPod?.(this.#cycle, pod, this.slot);
      else plugin.removePod?.(this.#cycle, pod, this.slot);
    } catch (cause) {
      const hook = added ? 'AddPod' : 'RemovePod';
      throw PluginFault.of(
        plugin.name,
        (text) => `running ${hook} on PreFilter plugin "${plugin.name}": ${text}`,
        cause,
      );
    }
  }
}
