import type { LabelSelector, Labels, NodeSelectorTerm } from './pod.js';

/*
 * Storage objects as the scheduler keeps them: what decisions read and nothing else. Quantities are bytes, rounded up as
 * kube-scheduler rounds them; absent texts are ''.
 */

interface StorageObject {
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
}

export interface PersistentVolume extends StorageObject {
  readonly labels: Labels;
  /** The annotation of old, else spec.storageClassName; '' for none. */
  readonly storageClass: string;
  /** Bytes of storage. */
  readonly capacity: number;
  readonly accessModes: readonly string[];
  /** '' stands for Filesystem. */
  readonly volumeMode: string;
  readonly volumeAttributesClass: string;
  readonly phase: string;
  readonly terminating: boolean;
  /** The claim that it is bound to, or reserved for while `uid` is ''. */
  readonly claim: { readonly namespace: string; readonly name: string; readonly uid: string } | undefined;
  /** Terms of spec.nodeAffinity.required; undefined when every node may use the volume. */
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[] | undefined;
  readonly csi: { readonly driver: string; readonly volumeHandle: string } | undefined;
  /** The in-tree source as the API has it, for example `{ gcePersistentDisk: { pdName } }`; undefined for CSI volumes. */
  readonly source: Readonly<Record<string, unknown>> | undefined;
}

export interface PersistentVolumeClaim extends StorageObject {
  readonly namespace: string;
  /** The annotation of old, else spec.storageClassName; '' for none. */
  readonly storageClass: string;
  /** Bytes asked for; undefined when the claim asks for no storage. */
  readonly requested: number | undefined;
  readonly accessModes: readonly string[];
  /** '' stands for Filesystem. */
  readonly volumeMode: string;
  readonly volumeAttributesClass: string;
  readonly selector: LabelSelector | undefined;
  /** '' while the claim has no volume. */
  readonly volumeName: string;
  readonly phase: string;
  readonly terminating: boolean;
  /** True when the annotation `pv.kubernetes.io/bind-completed` is there. */
  readonly bindCompleted: boolean;
  /** Annotation `volume.kubernetes.io/selected-node`; '' for none. */
  readonly selectedNode: string;
  /** UID of the controller among the owners; '' for none. */
  readonly controllerUid: string;
}

export interface StorageClass extends StorageObject {
  readonly provisioner: string;
  /** '' when the class does not say. */
  readonly volumeBindingMode: string;
  /** One of the terms has to hold, each with all its expressions; empty: every topology will do. */
  readonly allowedTopologies: readonly (readonly {
    readonly key: string;
    readonly values: readonly string[];
  }[])[];
}

export interface CsiNode extends StorageObject {
  /** Driver to the number of volumes that it may attach to the node; undefined for no limit. */
  readonly drivers: ReadonlyMap<string, number | undefined>;
  /** Annotation `storage.alpha.kubernetes.io/migrated-plugins`, split. */
  readonly migratedPlugins: ReadonlySet<string>;
}

export interface CsiDriver extends StorageObject {
  readonly storageCapacity: boolean;
  readonly preventPodSchedulingIfMissing: boolean;
}

export interface CsiStorageCapacity extends StorageObject {
  readonly namespace: string;
  readonly storageClass: string;
  readonly capacity: number | undefined;
  readonly maximumVolumeSize: number | undefined;
  /** undefined: accessible from no node. */
  readonly nodeTopology: LabelSelector | undefined;
}

export interface VolumeAttachment extends StorageObject {
  readonly attacher: string;
  readonly nodeName: string;
  /** '' for an inline volume. */
  readonly volumeName: string;
}
