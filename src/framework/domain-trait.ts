import type { LabelColumn } from '../cluster/label-column.js';
import type { RowTrait } from './plugin.js';

/** In which topology domain a node is. */
export function domainTrait(column: LabelColumn): RowTrait {
  const { ids } = column;
  return { basis: [column], at: (slot) => ids[slot]! };
}
