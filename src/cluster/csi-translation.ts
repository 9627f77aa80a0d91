import { type VolumePlace, zonalTerms, zoneAndRegionTerms, zoneSeparator } from './csi-topology.js';
import type { Labels, NodeSelectorTerm } from './pod.js';
import type { PersistentVolume } from './storage.js';

/*
 * Volume plugins that once were part of Kubernetes, and the CSI drivers that serve their volumes now. Drivers, handles and
 * failures as k8s.io/csi-translation-lib v0.37 has them; what only mounting needs is left out.
 */

/** An in-tree volume plugin that has a CSI driver for successor. */
export interface InTreePlugin {
  /** As provisioners and annotations of CSINodes name it, for example `kubernetes.io/aws-ebs`. */
  readonly name: string;
  /** The CSI driver that took over, for example `ebs.csi.aws.com`. */
  readonly driver: string;
}

export interface TranslatedVolume {
  readonly kind: 'translated';
  readonly driver: string;
  readonly volumeHandle: string;
  /** Which nodes may use the volume, in topology keys of the driver; undefined when every node may. */
  readonly nodeSelectorTerms: readonly NodeSelectorTerm[] | undefined;
}

export interface FailedTranslation {
  readonly kind: 'failed';
  readonly message: string;
}

export type CsiTranslation = TranslatedVolume | FailedTranslation;

export type InlineTranslation =
  | { readonly kind: 'translated'; readonly driver: string; readonly volumeHandle: string }
  | FailedTranslation;

/** `{ awsElasticBlockStore: { volumeID } }` and its like, as the API has it. */
type Sources = Readonly<Record<string, unknown>>;

/** What a handle may be made from beside the source itself. */
interface Surroundings {
  /** Of the persistent volume, or of the volume within its pod. */
  readonly name: string;
  /** Of the claim or the pod; '' for none. */
  readonly namespace: string;
  /** Of the persistent volume. */
  readonly labels: Labels;
}

type Handle = { readonly volumeHandle: string } | FailedTranslation;

interface Translator extends InTreePlugin {
  readonly handle: (source: Sources, surroundings: Surroundings) => Handle;
  readonly nodeSelectorTerms: (place: VolumePlace) => TranslatedVolume['nodeSelectorTerms'];
}

const unchanged: Translator['nodeSelectorTerms'] = ({ nodeSelectorTerms }) => nodeSelectorTerms;

const translators: ReadonlyMap<string, Translator> = new Map<string, Translator>([
  [
    'awsElasticBlockStore',
    {
      name: 'kubernetes.io/aws-ebs',
      driver: 'ebs.csi.aws.com',
      handle: ({ volumeID }) => awsHandle(textOf(volumeID)),
      nodeSelectorTerms: (place) => zonalTerms(place, 'topology.ebs.csi.aws.com/zone'),
    },
  ],
  [
    'gcePersistentDisk',
    {
      name: 'kubernetes.io/gce-pd',
      driver: 'pd.csi.storage.gke.io',
      handle: ({ pdName }, { labels }) => gceHandle(textOf(pdName), labels),
      nodeSelectorTerms: (place) => zonalTerms(place, 'topology.gke.io/zone'),
    },
  ],
  [
    'cinder',
    {
      name: 'kubernetes.io/cinder',
      driver: 'cinder.csi.openstack.org',
      handle: ({ volumeID }) => ({ volumeHandle: textOf(volumeID) }),
      nodeSelectorTerms: (place) => zonalTerms(place, 'topology.cinder.csi.openstack.org/zone'),
    },
  ],
  [
    'azureDisk',
    {
      name: 'kubernetes.io/azure-disk',
      driver: 'disk.csi.azure.com',
      handle: azureDiskHandle,
      nodeSelectorTerms: unchanged,
    },
  ],
  [
    'azureFile',
    {
      name: 'kubernetes.io/azure-file',
      driver: 'file.csi.azure.com',
      handle: azureFileHandle,
      nodeSelectorTerms: unchanged,
    },
  ],
  [
    'vsphereVolume',
    {
      name: 'kubernetes.io/vsphere-volume',
      driver: 'csi.vsphere.vmware.com',
      handle: ({ volumePath }) => ({ volumeHandle: textOf(volumePath) }),
      nodeSelectorTerms: (place) =>
        zoneAndRegionTerms(place, {
          zone: 'topology.csi.vmware.com/zone',
          region: 'topology.csi.vmware.com/region',
        }),
    },
  ],
  [
    'portworxVolume',
    {
      name: 'kubernetes.io/portworx-volume',
      driver: 'pxd.portworx.com',
      handle: ({ volumeID }) => ({ volumeHandle: textOf(volumeID) }),
      nodeSelectorTerms: unchanged,
    },
  ],
]);

const pluginsByName: ReadonlyMap<string, InTreePlugin> = new Map(
  Array.from(translators.values(), (translator) => [translator.name, translator]),
);

/** Those that CSI drivers have taken over for good as kube-scheduler v1.37 sees it, whatever else nodes say is migrated. */
const takenOver: ReadonlySet<string> = new Set([
  'kubernetes.io/aws-ebs',
  'kubernetes.io/gce-pd',
  'kubernetes.io/azure-disk',
  'kubernetes.io/cinder',
  'kubernetes.io/portworx-volume',
]);

const translations = new WeakMap<PersistentVolume, CsiTranslation>();

/** By the name that provisioners of StorageClasses give; undefined for what is no in-tree plugin with a successor. */
export function inTreePlugin(name: string): InTreePlugin | undefined {
  return pluginsByName.get(name);
}

/** Whether volumes of the plugin are looked at as those of its CSI driver at all; for vSphere and Azure files they are not. */
export function isTakenOver({ name }: InTreePlugin): boolean {
  return takenOver.has(name);
}

/**
 * The plugin of a source: that of a PersistentVolume (`volume.source`) or a volume of a pod as the API has it. undefined for sources
 * that no CSI driver took over.
 */
export function inTreePluginOf(sources: Sources | undefined): InTreePlugin | undefined {
  return found(sources)?.translator;
}

/**
 * A PersistentVolume as its CSI driver knows it, made once for each object. undefined for a volume that no CSI driver took over.
 * Whether a node has the driver take over is another question: `CsiNode.migratedPlugins`. The handle of an Azure file share lacks
 * its resource group, which is in an annotation that is not kept.
 */
export function translateVolume(volume: PersistentVolume): CsiTranslation | undefined {
  const known = translations.get(volume);
  if (known !== undefined) return known;
  const { translator, source } = found(volume.source) ?? {};
  if (translator === undefined || source === undefined) return undefined;
  const { name, labels, claim } = volume;
  const handle = translator.handle(source, { name, labels, namespace: claim?.namespace ?? '' });
  const translation: CsiTranslation =
    'kind' in handle
      ? handle
      : {
          kind: 'translated',
          driver: translator.driver,
          volumeHandle: handle.volumeHandle,
          nodeSelectorTerms: translator.nodeSelectorTerms(volume),
        };
  translations.set(volume, translation);
  return translation;
}

/** A volume written into a pod, as its CSI driver knows it. undefined for sources that no CSI driver took over. */
export function translateInlineVolume(
  volume: Sources,
  { namespace }: { readonly namespace: string },
): InlineTranslation | undefined {
  const { translator, source } = found(volume) ?? {};
  if (translator === undefined || source === undefined) return undefined;
  const handle = translator.handle(source, { name: textOf(volume.name), namespace, labels: {} });
  if ('kind' in handle) return handle;
  return { kind: 'translated', driver: translator.driver, volumeHandle: handle.volumeHandle };
}

function found(sources: Sources | undefined): { translator: Translator; source: Sources } | undefined {
  for (const kind in sources) {
    const translator = translators.get(kind);
    const source = sources[kind];
    if (translator !== undefined && typeof source === 'object' && source !== null)
      return { translator, source: source as Sources };
  }
  return undefined;
}

/** `aws://ZONE/vol-1`, `aws:///vol-1` and `vol-1` are one volume. */
function awsHandle(volumeId: string): Handle {
  if (!volumeId.startsWith('aws://')) return { volumeHandle: volumeId };
  const path = /^aws:\/\/[^/?#]*([^?#]*)/.exec(volumeId)?.[1] ?? '';
  const id = path.replace(/^\/+|\/+$/g, '');
  if (/^vol-[^/]*$/.test(id)) return { volumeHandle: id };
  return failed(
    `failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (${volumeId})`,
  );
}

/** The project is never known; the zone, or the region of a disk in several zones, only from labels. */
function gceHandle(disk: string, labels: Labels): Handle {
  const label =
    labels['failure-domain.beta.kubernetes.io/zone'] || labels['topology.kubernetes.io/zone'] || '';
  const zones = label.split(zoneSeparator);
  if (zones.length === 1)
    return { volumeHandle: `projects/UNSPECIFIED/zones/${label || 'UNSPECIFIED'}/disks/${disk}` };
  const regions = new Set<string>();
  for (const zone of zones) {
    const parts = zone.split('-');
    if (parts.length !== 3) {
      return failed(
        `failed to get region from zones: zone in unexpected format, expected: {locale}-{region}-{zone}, got: ${zone}`,
      );
    }
    regions.add(`${parts[0]}-${parts[1]}`);
  }
  if (regions.size > 1) {
    const names = Array.from(regions, (region) => `${region}:{}`).sort();
    return failed(
      `failed to get region from zones: multiple or no regions gotten from zones, got: map[${names.join(' ')}]`,
    );
  }
  return { volumeHandle: `projects/UNSPECIFIED/regions/${[...regions].join('')}/disks/${disk}` };
}

/** Only managed disks have a successor. */
function azureDiskHandle({ diskURI, kind }: Sources): Handle {
  if (typeof kind === 'string' && kind.toLowerCase() !== 'managed')
    return failed(`kind(${kind}) is not supported in csi migration`);
  return { volumeHandle: textOf(diskURI) };
}

function azureFileHandle(
  { secretName, secretNamespace, shareName }: Sources,
  { name, namespace }: Surroundings,
): Handle {
  const secret = textOf(secretName);
  const account = /azure-storage-account-(.+)-secret/.exec(secret)?.[1] ?? secret;
  const owner = typeof secretNamespace === 'string' ? secretNamespace : namespace;
  if (owner === '') {
    return failed('could not find a secret namespace in PersistentVolumeSource or ClaimRef');
  }
  return { volumeHandle: `#${account}#${textOf(shareName)}#${name}#${owner}` };
}

function failed(message: string): FailedTranslation {
  return { kind: 'failed', message };
}

/** Sources are kept unread; what should be a text and is none counts as absent. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
