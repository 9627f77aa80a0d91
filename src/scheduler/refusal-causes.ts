import type { Diagnosis } from './diagnosis.js';

/** One cause for which nodes, or the pod as a whole, were refused: the plugin and its words. */
export interface RefusalCause {
  readonly plugin: string;
  readonly reason: string;
}

/** What stood in the way of one attempt, each cause once, however many nodes it held for. */
export function refusalCauses(diagnosis: Diagnosis): RefusalCause[] {
  const { tallies, absentStatus, nodeCount, explicitCount, preFilterRejectors } = diagnosis;
  const causes = new Map<string, RefusalCause>();
  const add = (plugin: string, reasons: readonly string[]): void => {
    for (const reason of reasons) causes.set(`${plugin}\u0000${reason}`, { plugin, reason });
  };
  for (const { plugin, status } of tallies) add(plugin, status.reasons);
  if (absentStatus !== undefined && nodeCount > explicitCount) {
    const plugin = absentStatus.plugin ?? preFilterRejectors[0] ?? diagnosis.narrowedBy[0];
    if (plugin !== undefined) add(plugin, absentStatus.reasons);
  }
  return [...causes.values()];
}
