import { type ClusterController, type ControllerOptions, kindOf } from './cluster-controller.js';
import { DelayedActions } from './delayed-actions.js';
import { type JsonRecord, recordAt, recordsAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import {
  accessModesOf,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  storageClassOf,
} from './volume-fields.js';

/** The provisioner that a StorageClass names to get its volumes from here, and the CSI driver they are of. */
export const FAKE_PROVISIONER = 'berth.dev/fake';

export interface FakeProvisionerOptions extends ControllerOptions {
  /** Milliseconds from the moment a claim is due until its volume is there, and from a release until it is gone. */
  readonly delayMs: number;
}

const annotationOf = (object: KubeObject, key: string): string =>
  stringMapAt(object.metadata, 'annotations')[key] ?? '';

const textsAt = (parent: unknown, key: string): string[] => {
  const value = recordAt({ parent }, 'parent')[key];
  return Array.isArray(value) ? value.map(String) : [];
};

interface TopologyTerm {
  readonly [key: string]: readonly string[];
}

function termOf(topology: JsonRecord): TopologyTerm {
  return Object.fromEntries(
    recordsAt(topology, 'matchLabelExpressions').map((expression) => [
      stringAt(expression, 'key'),
      textsAt(expression, 'values'),
    ]),
  );
}

/**
 * Where a new volume can be used: undefined means everywhere. With a node selected, it is that node's segment: its
 * labels under the keys its driver registered in the CSINode. Otherwise the class has the say.
 */
function topologyOf(
  storageClass: KubeObject,
  node: KubeObject | undefined,
  csiNode: KubeObject | undefined,
): readonly TopologyTerm[] | undefined {
  const allowed = recordsAt(storageClass, 'allowedTopologies').map(termOf);
  if (node === undefined) return allowed.length === 0 ? undefined : allowed;
  const driver = recordsAt(csiNode?.spec, 'drivers').find(({ name }) => name === FAKE_PROVISIONER);
  const keys = new Set([...textsAt(driver, 'topologyKeys'), ...allowed.flatMap((term) => Object.keys(term))]);
  const labels = stringMapAt(node.metadata, 'labels');
  const known = [...keys].filter((key) => labels[key] !== undefined);
  if (known.length === 0) return undefined;
  return [Object.fromEntries(known.map((key) => [key, [labels[key] ?? '']]))];
}

function nodeAffinity(terms: readonly TopologyTerm[]): JsonRecord {
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: Object.entries(term).map(([key, values]) => ({ key, operator: 'In', values })),
  }));
  return { required: { nodeSelectorTerms } };
}

const volumeNameFor = (claim: KubeObject): string => `pvc-${claim.metadata.uid}`;

function volumeOf(
  claim: KubeObject,
  storageClass: KubeObject,
  terms: readonly TopologyTerm[] | undefined,
): JsonRecord {
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const spec = recordAt(claim, 'spec');
  return {
    metadata: { name: volumeNameFor(claim), annotations: { [PROVISIONED_BY]: FAKE_PROVISIONER } },
    spec: {
      capacity: { storage: recordAt(recordAt(spec, 'resources'), 'requests').storage },
      accessModes: accessModesOf(spec),
      volumeMode: spec.volumeMode,
      storageClassName: storageClassOf(claim),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      claimRef: { kind: claim.kind, namespace, name, uid, apiVersion: claim.apiVersion, resourceVersion },
      csi: { driver: FAKE_PROVISIONER, volumeHandle: volumeNameFor(claim) },
      ...(terms === undefined ? {} : { nodeAffinity: nodeAffinity(terms) }),
    },
  };
}

/**
 * Makes volumes that exist on paper only, for claims whose class names {@link FAKE_PROVISIONER}, and takes them away
 * when they are released and not to be retained. A class with WaitForFirstConsumer waits for the scheduler to annotate
 * the claim with a node; if that node is not there, the annotation is taken back, so that the scheduler chooses anew.
 * Needs the volume controller, which tells it when a claim is its business and binds what it made.
 */
export function startFakeProvisioner({ api, onError, delayMs }: FakeProvisionerOptions): ClusterController {
  const claims = kindOf(api, 'v1', 'persistentvolumeclaims');
  const volumes = kindOf(api, 'v1', 'persistentvolumes');
  const classes = kindOf(api, 'storage.k8s.io/v1', 'storageclasses');
  const actions = new DelayedActions(api.clock, onError);

  const isDue = (claim: KubeObject): boolean =>
    annotationOf(claim, STORAGE_PROVISIONER) === FAKE_PROVISIONER &&
    stringAt(claim.spec, 'volumeName') === '' &&
    claim.metadata.deletionTimestamp === undefined;

  const provision = ({ metadata: { namespace, name, uid } }: KubeObject): void => {
    const claim = api.get(claims, namespace, name);
    if (claim.metadata.uid !== uid || !isDue(claim)) return;
    if (api.store.get(volumes.bucket, undefined, volumeNameFor(claim)) !== undefined) return;
    const storageClass = api.get(classes, undefined, storageClassOf(claim));
    const selected = annotationOf(claim, SELECTED_NODE);
    const node = selected === '' ? undefined : api.store.get('nodes', undefined, selected);
    if (selected !== '' && node === undefined) giveBack(claim);
    else if (selected !== '' || storageClass.volumeBindingMode !== 'WaitForFirstConsumer') {
      const terms = topologyOf(storageClass, node, api.store.get('csinodes', undefined, selected));
      api.create(volumes, undefined, volumeOf(claim, storageClass, terms));
    }
  };

  /** The choice of the node was of no use: the scheduler is to make another. */
  const giveBack = ({ metadata: { namespace, name } }: KubeObject): void => {
    api.modify(claims, namespace, name, (current) => {
      const { [SELECTED_NODE]: _selected, ...annotations } = stringMapAt(current.metadata, 'annotations');
      return { ...current, metadata: { ...current.metadata, annotations } };
    });
  };

  const lookAtClaim = (claim: KubeObject): void => {
    if (isDue(claim)) actions.after(delayMs, `provision ${claim.metadata.uid}`, () => provision(claim));
  };

  const lookAtVolume = (volume: KubeObject): void => {
    const { name, uid } = volume.metadata;
    const isToGo =
      annotationOf(volume, PROVISIONED_BY) === FAKE_PROVISIONER &&
      stringAt(volume.status, 'phase') === 'Released' &&
      stringAt(volume.spec, 'persistentVolumeReclaimPolicy') === 'Delete';
    if (!isToGo || uid === undefined) return;
    actions.after(delayMs, `delete ${uid}`, () => api.delete(volumes, undefined, name, { uid }));
  };

  const unsubscribe = api.store.subscribe(({ bucket, type, object }) => {
    if (type === 'DELETED') return;
    if (bucket === claims.bucket) lookAtClaim(object);
    else if (bucket === volumes.bucket) lookAtVolume(object);
  });
  api.store.list(claims.bucket).forEach(lookAtClaim);
  api.store.list(volumes.bucket).forEach(lookAtVolume);
  return {
    stop: () => {
      unsubscribe();
      actions.stop();
    },
  };
}
