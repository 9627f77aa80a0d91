import { frozenCopy } from './frozen-copy.js';
import type { NodeSelectorTerm } from './pod.js';
import { projectNodeSelectorTerm } from './project-constraints.js';
import { bytes, identity, objectProjector } from './project-object.js';
import { storageClassName } from './project-storage-class.js';
import { instant, mapObjects, optionalObject, type RawObject, text, textMap, texts } from './raw-field.js';
import type { PersistentVolume } from './storage.js';

/** In-tree sources that kube-scheduler translates to CSI. The others say nothing that a decision reads. */
const translatedSources = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cinder',
  'gcePersistentDisk',
  'portworxVolume',
  'vsphereVolume',
];

/** Turns decoded core/v1 PersistentVolumes into `PersistentVolume`s. Throws `ProjectionError` alone. */
export const projectPersistentVolume = objectProjector<PersistentVolume>(
  'PersistentVolume',
  (raw, metadata) => {
    const spec = optionalObject(raw.spec, 'spec') ?? {};
    const status = optionalObject(raw.status, 'status') ?? {};
    const capacity = optionalObject(spec.capacity, 'spec.capacity') ?? {};
    // Spread into an object with this many fields, every volume would get a hidden class of its own, and loops over volumes slow down.
    const { uid, name, resourceVersion } = identity(metadata);
    return {
      uid,
      name,
      resourceVersion,
      labels: textMap(metadata.labels, 'metadata.labels') ?? {},
      storageClass: storageClassName(metadata, spec),
      capacity: bytes(capacity.storage, 'spec.capacity.storage') ?? 0,
      accessModes: texts(spec.accessModes, 'spec.accessModes'),
      volumeMode: text(spec.volumeMode, 'spec.volumeMode'),
      volumeAttributesClass: text(spec.volumeAttributesClassName, 'spec.volumeAttributesClassName'),
      phase: text(status.phase, 'status.phase'),
      terminating: instant(metadata.deletionTimestamp, 'metadata.deletionTimestamp') !== undefined,
      claim: claim(spec.claimRef),
      nodeSelectorTerms: nodeSelectorTerms(spec.nodeAffinity),
      csi: csi(spec.csi),
      source: inTreeSource(spec),
    };
  },
);

function claim(value: unknown): PersistentVolume['claim'] {
  const raw = optionalObject(value, 'spec.claimRef');
  if (raw === undefined) return undefined;
  return {
    namespace: text(raw.namespace, 'spec.claimRef.namespace'),
    name: text(raw.name, 'spec.claimRef.name'),
    uid: text(raw.uid, 'spec.claimRef.uid'),
  };
}

function nodeSelectorTerms(value: unknown): readonly NodeSelectorTerm[] | undefined {
  const path = 'spec.nodeAffinity.required';
  const required = optionalObject(optionalObject(value, 'spec.nodeAffinity')?.required, path);
  if (required === undefined) return undefined;
  return mapObjects(required.nodeSelectorTerms, `${path}.nodeSelectorTerms`, projectNodeSelectorTerm);
}

function csi(value: unknown): PersistentVolume['csi'] {
  const raw = optionalObject(value, 'spec.csi');
  if (raw === undefined) return undefined;
  return {
    driver: text(raw.driver, 'spec.csi.driver'),
    volumeHandle: text(raw.volumeHandle, 'spec.csi.volumeHandle'),
  };
}

function inTreeSource(spec: RawObject): PersistentVolume['source'] {
  for (const name of translatedSources) {
    const source = optionalObject(spec[name], `spec.${name}`);
    if (source !== undefined) return Object.freeze({ [name]: frozenCopy(source) });
  }
  return undefined;
}
