import type { Labels, NodeSelectorRequirement, NodeSelectorTerm } from './pod.js';

/*
 * Where a volume with an in-tree source may be used, in the words of the CSI driver that serves it now: the driver's own
 * topology keys stand for the zone (and region) of the volume. Rules as kube-scheduler v1.37 has them.
 */

/** Separates zones in a volume's label. */
export const zoneSeparator = '__';

export const stableZone = 'topology.kubernetes.io/zone';
export const stableRegion = 'topology.kubernetes.io/region';
export const betaZone = 'failure-domain.beta.kubernetes.io/zone';
export const betaRegion = 'failure-domain.beta.kubernetes.io/region';

/** What a volume says of its place. */
export interface VolumePlace {
  readonly labels: Labels;
  /** undefined: no node affinity. */
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[] | undefined;
}

type Terms = VolumePlace['nodeSelectorTerms'];

/** For drivers with one topology key, which stands for the zone. A volume's label may name several zones. */
export function zonalTerms(place: VolumePlace, driverKey: string): Terms {
  const { zone, region } = keysInUse(place);
  const zones = (place.labels[zone] ?? '').split(zoneSeparator);
  const terms = replaced(place.nodeSelectorTerms, zone, driverKey, zones);
  // Nodes of today have the stable key alone.
  return region === betaRegion && hasValues(terms, region) ? renamed(terms, region, stableRegion) : terms;
}

/** For drivers with a key each for zone and region. */
export function zoneAndRegionTerms(
  place: VolumePlace,
  driverKeys: { readonly zone: string; readonly region: string },
): Terms {
  const { zone, region } = keysInUse(place);
  const zoned = replaced(place.nodeSelectorTerms, zone, driverKeys.zone, [place.labels[zone] ?? '']);
  return replaced(zoned, region, driverKeys.region, [place.labels[region] ?? '']);
}

/** Stable or beta keys, whichever the volume uses: its affinity decides before its labels, stable before beta. */
function keysInUse({ labels, nodeSelectorTerms }: VolumePlace): { zone: string; region: string } {
  const stable = { zone: stableZone, region: stableRegion };
  const beta = { zone: betaZone, region: betaRegion };
  if (requirementsOn(nodeSelectorTerms, stableZone).length > 0) return stable;
  if (requirementsOn(nodeSelectorTerms, betaZone).length > 0) return beta;
  return Object.hasOwn(labels, betaZone) && !Object.hasOwn(labels, stableZone) ? beta : stable;
}

/** Renames a key where the affinity gives values for it; else demands what the labels gave. */
function replaced(terms: Terms, key: string, driverKey: string, fromLabels: readonly string[]): Terms {
  if (hasValues(terms, key)) return renamed(terms, key, driverKey);
  const values = [...new Set(fromLabels.map((value) => value.trim()).filter((value) => value !== ''))].sort();
  if (values.length === 0) return terms;
  const demand = { key: driverKey, operator: 'In', values };
  const each = terms === undefined || terms.length === 0 ? [{}] : terms;
  return each.map((term) => ({ ...term, matchExpressions: [...(term.matchExpressions ?? []), demand] }));
}

function renamed(terms: Terms, from: string, to: string): Terms {
  return terms?.map(({ matchExpressions, ...term }) => ({
    ...term,
    ...(matchExpressions && {
      matchExpressions: matchExpressions.map((expression) =>
        expression.key === from ? { ...expression, key: to } : expression,
      ),
    }),
  }));
}

function hasValues(terms: Terms, key: string): boolean {
  return requirementsOn(terms, key).some(({ values }) => (values?.length ?? 0) > 0);
}

function requirementsOn(terms: Terms, key: string): NodeSelectorRequirement[] {
  return (terms ?? []).flatMap(({ matchExpressions }) =>
    (matchExpressions ?? []).filter((expression) => expression.key === key),
  );
}
