import type { LabelSelector } from '../../cluster/pod.js';
import type { CsiStorageCapacity, StorageClass } from '../../cluster/storage.js';
import type { LabelRequirement } from '../../kube/label-requirement.js';
import { compileLabelSelector } from '../../kube/label-selector.js';
import type { OfferTerms } from './offers.js';

const ofClass = new WeakMap<StorageClass['allowedTopologies'], OfferTerms>();
const ofPool = new WeakMap<LabelSelector, { readonly terms: OfferTerms }>();

/** Where volumes of a class may be made; undefined for everywhere. */
export function allowedTopologies({ allowedTopologies: allowed }: StorageClass): OfferTerms {
  if (allowed.length === 0) return undefined;
  let terms = ofClass.get(allowed);
  if (terms === undefined) {
    // A term that demands nothing allows nothing.
    terms = allowed
      .filter((term) => term.length > 0)
      .map((term) => ({
        expressions: term.map(({ key, values }): LabelRequirement => {
          return { key, operator: 'In', values: new Set(values) };
        }),
      }));
    ofClass.set(allowed, terms);
  }
  return terms;
}

/** Nodes that can reach a storage pool: none where that is not said, or said in a way that cannot be parsed. */
export function poolReach({ nodeTopology }: CsiStorageCapacity): OfferTerms {
  if (nodeTopology === undefined) return [];
  let reach = ofPool.get(nodeTopology);
  if (reach === undefined) {
    const compiled = compileLabelSelector(nodeTopology);
    if (!compiled.ok) reach = { terms: [] };
    else
      reach = {
        terms: compiled.selector.isEmpty ? undefined : [{ expressions: compiled.selector.requirements }],
      };
    ofPool.set(nodeTopology, reach);
  }
  return reach.terms;
}
