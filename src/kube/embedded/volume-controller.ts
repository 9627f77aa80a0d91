import {
  type ClusterController,
  type ControllerOptions,
  ignoreVanished,
  kindOf,
} from './cluster-controller.js';
import { type JsonRecord, recordAt, stringAt, stringMapAt } from './json-value.js';
import { type KubeObject, objectKey } from './kube-object.js';
import type { Change } from './object-store.js';
import { ReconcileQueue } from './reconcile-queue.js';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  STORAGE_PROVISIONER_OF_OLD,
  storageClassOf,
} from './volume-fields.js';
import { VolumeIndex } from './volume-index.js';
import { claimRefOf, isVolumeOf, reservedVolume, satisfies, smallestVolume } from './volume-match.js';

const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** What is queued, beside claims and volumes by their keys, when there is a volume that anybody could have. */
const FREE_VOLUME = 'free';

const annotationsOf = (object: KubeObject): Record<string, string> =>
  stringMapAt(object.metadata, 'annotations');

const volumeNameOf = (claim: KubeObject): string => stringAt(claim.spec, 'volumeName');

const keyOf = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

const referencedKey = (reference: JsonRecord): string =>
  objectKey(stringAt(reference, 'namespace'), stringAt(reference, 'name'));

function annotated(object: KubeObject, added: Readonly<Record<string, string>>): KubeObject['metadata'] {
  return { ...object.metadata, annotations: { ...object.metadata.annotations, ...added } };
}

function withSpec(object: KubeObject, fields: JsonRecord): JsonRecord {
  return { ...recordAt(object, 'spec'), ...fields };
}

/** A volume as it is once it belongs to the claim. A reference that is complete already stays as it was written. */
function volumeBoundTo(volume: KubeObject, claim: KubeObject, now: string): KubeObject {
  const before = claimRefOf(volume);
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const claimRef =
    stringAt(before, 'uid') === uid
      ? before
      : { kind: claim.kind, namespace, name, uid, apiVersion: claim.apiVersion, resourceVersion };
  const bound = {
    ...volume,
    spec: withSpec(volume, { claimRef }),
    ...(before === undefined ? { metadata: annotated(volume, { [BOUND_BY_CONTROLLER]: 'yes' }) } : {}),
  };
  return inPhase(bound, 'Bound', now);
}

function claimBoundTo(claim: KubeObject, volume: KubeObject): KubeObject {
  const isChosen = volumeNameOf(claim) === '';
  const { accessModes, capacity } = recordAt(volume, 'spec');
  return {
    ...claim,
    metadata: annotated(claim, {
      [BIND_COMPLETED]: 'yes',
      ...(isChosen ? { [BOUND_BY_CONTROLLER]: 'yes' } : {}),
    }),
    spec: withSpec(claim, { volumeName: volume.metadata.name }),
    status: { ...recordAt(claim, 'status'), phase: 'Bound', accessModes, capacity },
  };
}

function inPhase(volume: KubeObject, phase: string, now: string): KubeObject {
  if (stringAt(volume.status, 'phase') === phase) return volume;
  return { ...volume, status: { phase, lastPhaseTransitionTime: now } };
}

/** The volume without its claim; one that was made for a certain name stays reserved for that name. */
function volumeLetGo(volume: KubeObject, now: string): KubeObject {
  const { claimRef, ...spec } = recordAt(volume, 'spec');
  const { [BOUND_BY_CONTROLLER]: byController, ...annotations } = annotationsOf(volume);
  const { uid: _uid, resourceVersion: _version, ...reserved } = recordAt({ claimRef }, 'claimRef');
  const free =
    byController === undefined
      ? { ...volume, spec: { ...spec, claimRef: reserved } }
      : { ...volume, spec, metadata: { ...volume.metadata, annotations } };
  return inPhase(free, 'Available', now);
}

/**
 * Binds claims and volumes to each other, as kube-controller-manager does: claims that want a volume at once get one
 * that is there, claims the scheduler or a provisioner chose a volume for are completed, and phases are kept. What
 * waits for a provisioner is told which.
 */
export function startVolumeController({ api, onError }: ControllerOptions): ClusterController {
  const claims = kindOf(api, 'v1', 'persistentvolumeclaims');
  const volumes = kindOf(api, 'v1', 'persistentvolumes');
  const classes = kindOf(api, 'storage.k8s.io/v1', 'storageclasses');
  /** Keys of claims that take a volume as soon as there is one. */
  const waiting = new Set<string>();
  const index = new VolumeIndex();

  const changeClaim = ({ metadata }: KubeObject, change: (claim: KubeObject) => KubeObject): void =>
    ignoreVanished(() => api.modify(claims, metadata.namespace, metadata.name, change));

  const changeVolume = ({ metadata }: KubeObject, change: (volume: KubeObject) => KubeObject): void =>
    ignoreVanished(() => api.modify(volumes, undefined, metadata.name, change));

  const bind = (claim: KubeObject, volume: KubeObject): void => {
    changeVolume(volume, (current) => volumeBoundTo(current, claim, api.now()));
    changeClaim(claim, (current) => claimBoundTo(current, volume));
  };

  /** There is nothing to bind yet; `annotations` tell a provisioner that it is its turn. */
  const pend = (claim: KubeObject, annotations: Readonly<Record<string, string>> = {}): void =>
    changeClaim(claim, (current) => ({
      ...current,
      metadata: Object.keys(annotations).length === 0 ? current.metadata : annotated(current, annotations),
      status: { ...recordAt(current, 'status'), phase: 'Pending' },
    }));

  const lose = (claim: KubeObject): void =>
    changeClaim(claim, (current) => {
      const { accessModes: _modes, capacity: _capacity, ...status } = recordAt(current, 'status');
      return { ...current, status: { ...status, phase: 'Lost' } };
    });

  const volumeNamed = (name: string): KubeObject | undefined =>
    name === '' ? undefined : api.store.get(volumes.bucket, undefined, name);

  /** A claim that was bound stays with its volume; without it, it is lost. */
  const keepBound = (claim: KubeObject): void => {
    const volume = volumeNamed(volumeNameOf(claim));
    const isOurs = volume !== undefined && (claimRefOf(volume) === undefined || isVolumeOf(volume, claim));
    if (isOurs) bind(claim, volume);
    else lose(claim);
  };

  const bindNamed = (claim: KubeObject): void => {
    const volume = volumeNamed(volumeNameOf(claim));
    const isFree = volume !== undefined && claimRefOf(volume) === undefined && satisfies(volume, claim);
    if (volume !== undefined && (isFree || isVolumeOf(volume, claim))) {
      bind(claim, volume);
      return;
    }
    waiting.add(keyOf(claim));
    pend(claim);
  };

  const bindAny = (claim: KubeObject): void => {
    const storageClass = api.store.get(classes.bucket, undefined, storageClassOf(claim));
    const isDelayed =
      storageClass?.volumeBindingMode === 'WaitForFirstConsumer' &&
      annotationsOf(claim)[SELECTED_NODE] === undefined;
    const reserved = reservedVolume(claim, index.naming(claim));
    const volume =
      reserved ?? (isDelayed ? undefined : smallestVolume(claim, index.free(storageClassOf(claim))));
    const provisioner = stringAt(storageClass, 'provisioner');
    if (volume !== undefined) {
      bind(claim, volume);
      return;
    }
    if (!isDelayed) waiting.add(keyOf(claim));
    const isManual = isDelayed || provisioner === '' || provisioner === NO_PROVISIONER;
    pend(
      claim,
      isManual ? {} : { [STORAGE_PROVISIONER_OF_OLD]: provisioner, [STORAGE_PROVISIONER]: provisioner },
    );
  };

  const reconcileClaim = (key: string): void => {
    const [namespace = '', name = ''] = key.split('/');
    waiting.delete(key);
    const claim = api.store.get(claims.bucket, namespace, name);
    if (claim === undefined) return;
    if (annotationsOf(claim)[BIND_COMPLETED] !== undefined) keepBound(claim);
    else if (volumeNameOf(claim) !== '') bindNamed(claim);
    else bindAny(claim);
  };

  const setPhase = (volume: KubeObject, phase: string): void =>
    changeVolume(volume, (current) => inPhase(current, phase, api.now()));

  const reconcileVolume = (name: string): void => {
    const volume = volumeNamed(name);
    if (volume === undefined) return;
    const reference = claimRefOf(volume);
    if (reference === undefined) {
      setPhase(volume, 'Available');
      queue.add(FREE_VOLUME);
      return;
    }
    const uid = stringAt(reference, 'uid');
    const claim = api.store.get(claims.bucket, stringAt(reference, 'namespace'), stringAt(reference, 'name'));
    if (uid === '') setPhase(volume, 'Available');
    else if (claim?.metadata.uid !== uid) setPhase(volume, 'Released');
    else if (volumeNameOf(claim) === name) setPhase(volume, 'Bound');
    else if (volumeNameOf(claim) !== '') {
      const isMadeForIt = annotationsOf(volume)[PROVISIONED_BY] !== undefined;
      if (isMadeForIt) setPhase(volume, 'Released');
      else changeVolume(volume, (current) => volumeLetGo(current, api.now()));
    }
    if (claim !== undefined) queue.add(`claim ${keyOf(claim)}`);
  };

  const queue = new ReconcileQueue((item) => {
    const [what, key = ''] = item.split(' ');
    if (item === FREE_VOLUME) for (const waitingKey of [...waiting]) reconcileClaim(waitingKey);
    else if (what === 'claim') reconcileClaim(key);
    else reconcileVolume(key);
  }, onError);

  const lookAtClaim = (claim: KubeObject): void => queue.add(`claim ${keyOf(claim)}`);

  const lookAtVolume = (volume: KubeObject): void => {
    queue.add(`volume ${volume.metadata.name}`);
    const reference = claimRefOf(volume);
    if (reference !== undefined) queue.add(`claim ${referencedKey(reference)}`);
  };

  const lookAt = ({ bucket, type, object, previous }: Change): void => {
    switch (bucket) {
      case claims.bucket:
        lookAtClaim(object);
        // Not the one it names: it may be gone before it ever knew of the volume that was reserved for it.
        if (type === 'DELETED') for (const volume of index.naming(object)) lookAtVolume(volume);
        break;
      case volumes.bucket:
        if (type === 'DELETED') index.remove(object.metadata.name);
        else index.put(object);
        if (previous !== undefined) lookAtVolume(previous);
        lookAtVolume(object);
        break;
      case classes.bucket:
        for (const claim of api.store.list(claims.bucket)) {
          if (storageClassOf(claim) === object.metadata.name) lookAtClaim(claim);
        }
        break;
    }
  };

  const unsubscribe = api.store.subscribe(lookAt);
  for (const volume of api.store.list(volumes.bucket)) {
    index.put(volume);
    lookAtVolume(volume);
  }
  api.store.list(claims.bucket).forEach(lookAtClaim);
  return {
    stop: () => {
      unsubscribe();
      queue.stop();
    },
  };
}
