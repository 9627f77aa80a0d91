import type { HypotheticalNodes } from '../framework/plugin.js';
import type { Status } from '../framework/status.js';
import type { Diagnosis } from './diagnosis.js';
import type { ChosenScore, ScoreTable } from './score-table.js';

/** What one attempt to place one pod came to. */
export type Decision =
  | {
      readonly kind: 'fits';
      readonly nodeName: string;
      readonly slot: number;
      readonly feasibleCount: number;
      /** Nodes that fit and nodes that were refused: the nodes that were looked at. */
      readonly evaluatedCount: number;
      /** Nodes that share the highest total; 1 when the choice was free of ties. */
      readonly ties: number;
      /** The pod's own nominated node was free and was taken without looking at others. */
      readonly nominated: boolean;
      /** Absent when only one node fits: then nothing is scored. Reused by the next evaluation. */
      readonly scores?: ScoreTable;
      /** Of the node itself; absent likewise. */
      readonly chosen?: ChosenScore;
      /** The refused nodes. Reused by the next evaluation. */
      readonly diagnosis: Diagnosis;
    }
  /** No node fits. The diagnosis is reused by the next evaluation: read it before. */
  | {
      readonly kind: 'unschedulable';
      readonly diagnosis: Diagnosis;
      /** For PostFilter plugins: lets them try out other states of nodes. Of use until the next evaluation. */
      readonly hypothetical: HypotheticalNodes;
    }
  | { readonly kind: 'no-nodes' }
  /** A plugin failed; the status names it. */
  | { readonly kind: 'error'; readonly status: Status };

/** Kube-scheduler's words for a cluster without nodes. */
export const noNodesMessage = 'no nodes available to schedule pods';
