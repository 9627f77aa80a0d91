import { inTreePluginOf, isTakenOver, translateVolume } from '../../cluster/csi-translation.js';
import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { ObjectTable } from '../../cluster/object-table.js';
import type { NodeSelectorTerm } from '../../cluster/pod.js';
import type { CsiNode, PersistentVolume } from '../../cluster/storage.js';
import { compileNodeSelector, matchesNode, type NodeSelector } from '../../kube/node-selector.js';
import { markSelector } from '../node-selector-rows.js';

/** By the terms as the volume has them: a volume and what is assumed of it share them. */
const compiled = new WeakMap<readonly NodeSelectorTerm[], NodeSelector>();

/** Which nodes may use a volume; undefined when all may. */
export function volumeAffinity(terms: readonly NodeSelectorTerm[] | undefined): NodeSelector | undefined {
  if (terms === undefined) return undefined;
  let selector = compiled.get(terms);
  if (selector === undefined) {
    const { terms: wellFormed, errors } = compileNodeSelector({ nodeSelectorTerms: terms });
    // Volumes look at labels alone: fields have to be well formed, and then count for nothing.
    selector = { terms: wellFormed.map(({ expressions }) => ({ expressions, fields: [] })), errors };
    compiled.set(terms, selector);
  }
  return selector;
}

/**
 * Which nodes may use a volume, as the node with this CSINode sees it: where the CSI driver has taken over from the plugin in the
 * tree, the driver's topology keys decide. Throws when the volume cannot be told in the driver's words.
 */
export function affinitySeenBy(
  volume: PersistentVolume,
  csiNode: CsiNode | undefined,
): NodeSelector | undefined {
  const plugin = csiNode === undefined ? undefined : inTreePluginOf(volume.source);
  return plugin !== undefined && isTakenOver(plugin) && csiNode!.migratedPlugins.has(plugin.name)
    ? translatedAffinity(volume)
    : volumeAffinity(volume.nodeSelectorTerms);
}

/**
 * Sets `marks[i]` to 1 where the node may use the volume, else to 0. Throws as `affinitySeenBy`, but not over nodes that are refused
 * already: those have a verdict other than 0, and their marks are of no account.
 */
export function markUsable(
  volume: PersistentVolume,
  { nodes, csiNodes }: { readonly nodes: NodeTable; readonly csiNodes: ObjectTable<CsiNode> },
  rows: Rows,
  { marks, verdicts }: { readonly marks: Uint8Array; readonly verdicts: Int32Array },
): void {
  const affinity = volumeAffinity(volume.nodeSelectorTerms);
  if (affinity === undefined) marks.fill(1, 0, rows.length);
  else markSelector(affinity, nodes, rows, marks);
  const plugin = inTreePluginOf(volume.source);
  if (plugin === undefined || !isTakenOver(plugin)) return;
  for (let i = 0; i < rows.length; i++) {
    if (verdicts[i] !== 0) continue;
    const slot = rows.slots[i]!;
    if (csiNodes.get(nodes.nameAt(slot))?.migratedPlugins.has(plugin.name) !== true) continue;
    const translated = translatedAffinity(volume);
    const usable = translated === undefined || matchesNode(translated, nodes.nodeAt(slot)?.labels, '');
    marks[i] = usable ? 1 : 0;
  }
}

function translatedAffinity(volume: PersistentVolume): NodeSelector | undefined {
  const translation = translateVolume(volume);
  if (translation?.kind === 'failed') throw new Error(`could not translate pv: ${translation.message}`);
  return volumeAffinity(translation?.nodeSelectorTerms);
}
