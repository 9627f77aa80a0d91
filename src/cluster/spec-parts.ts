import type { HostPort } from './pod.js';
import {
  flag,
  integer,
  itemObject,
  list,
  mapObjects,
  optionalObject,
  type RawObject,
  requiredObject,
  text,
} from './raw-field.js';

/*
 * What a PodSpec is made of, picked from the raw spec and not yet read. Equal parts, written as JSON, mean an equal PodSpec:
 * the projection of a spec sees the parts and nothing else, so what is not in here cannot make two pods differ.
 */

export interface ContainerParts {
  readonly image: unknown;
  readonly requests: unknown;
  readonly restartPolicy: unknown;
  readonly hostPorts: readonly HostPort[] | undefined;
}

export interface SpecParts {
  readonly containers: readonly ContainerParts[];
  readonly initContainers: readonly ContainerParts[];
  /** Requests of the pod as a whole. */
  readonly requests: unknown;
  readonly overhead: unknown;
  readonly nodeSelector: unknown;
  readonly affinity: unknown;
  readonly tolerations: unknown;
  readonly topologySpreadConstraints: unknown;
  readonly schedulingGates: unknown;
  readonly preemptionPolicy: unknown;
  /** Each with its name and its source, if the source is of a kind that decisions look at. */
  readonly volumes: readonly RawObject[];
  readonly hasResourceClaims: boolean;
  readonly restartsAllContainers: boolean;
  readonly hostUserNamespace: boolean;
  readonly bindMountOptions: boolean;
}

const anyAddress = '0.0.0.0';
const defaultProtocol = 'TCP';

/** Volume sources that some plugin judges. All others (configMap, projected, …) go. */
const judgedSources: ReadonlySet<string> = new Set([
  'persistentVolumeClaim',
  'ephemeral',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'rbd',
  'iscsi',
  'azureDisk',
  'azureFile',
  'cinder',
  'vsphereVolume',
  'portworxVolume',
  'csi',
  'image',
]);

export function specParts(spec: RawObject): SpecParts {
  const containers = list(spec.containers, 'spec.containers');
  const initContainers = list(spec.initContainers, 'spec.initContainers');
  const ephemeral = list(spec.ephemeralContainers, 'spec.ephemeralContainers');
  return {
    containers: containerParts(containers, 'spec.containers'),
    initContainers: containerParts(initContainers, 'spec.initContainers'),
    requests: optionalObject(spec.resources, 'spec.resources')?.requests,
    overhead: spec.overhead,
    nodeSelector: spec.nodeSelector,
    affinity: spec.affinity,
    tolerations: spec.tolerations,
    topologySpreadConstraints: spec.topologySpreadConstraints,
    schedulingGates: spec.schedulingGates,
    preemptionPolicy: spec.preemptionPolicy,
    volumes: volumeParts(list(spec.volumes, 'spec.volumes')),
    hasResourceClaims: list(spec.resourceClaims, 'spec.resourceClaims').length > 0,
    restartsAllContainers:
      haveRestartAllRule(containers, 'spec.containers') ||
      haveRestartAllRule(initContainers, 'spec.initContainers'),
    hostUserNamespace:
      flag(spec.hostNetwork, 'spec.hostNetwork') &&
      !isAbsent(spec.hostUsers) &&
      !flag(spec.hostUsers, 'spec.hostUsers'),
    bindMountOptions:
      haveBindMountOptions(containers, 'spec.containers') ||
      haveBindMountOptions(initContainers, 'spec.initContainers') ||
      haveBindMountOptions(ephemeral, 'spec.ephemeralContainers'),
  };
}

function containerParts(containers: readonly unknown[], listPath: string): ContainerParts[] {
  const parts: ContainerParts[] = [];
  for (let i = 0; i < containers.length; i++) {
    const { image, resources, restartPolicy, ports } = itemObject(containers, i, listPath);
    parts.push({
      image,
      requests: isAbsent(resources)
        ? undefined
        : requiredObject(resources, `${listPath}[${i}].resources`).requests,
      restartPolicy,
      hostPorts: isAbsent(ports) ? undefined : hostPortParts(ports, `${listPath}[${i}].ports`),
    });
  }
  return parts;
}

function hostPortParts(value: unknown, path: string): HostPort[] | undefined {
  const ports = list(value, path);
  let found: HostPort[] | undefined;
  for (let i = 0; i < ports.length; i++) {
    const { hostPort, hostIP, protocol } = itemObject(ports, i, path);
    if (isAbsent(hostPort)) continue;
    const port = integer(hostPort, `${path}[${i}].hostPort`);
    if (port <= 0) continue;
    found ??= [];
    found.push({
      ip: text(hostIP, `${path}[${i}].hostIP`) || anyAddress,
      protocol: text(protocol, `${path}[${i}].protocol`) || defaultProtocol,
      port,
    });
  }
  return found;
}

function volumeParts(volumes: readonly unknown[]): RawObject[] {
  const judged: RawObject[] = [];
  for (let i = 0; i < volumes.length; i++) {
    const volume = itemObject(volumes, i, 'spec.volumes');
    for (const kind in volume) {
      if (!judgedSources.has(kind) || isAbsent(volume[kind])) continue;
      const source = requiredObject(volume[kind], `spec.volumes[${i}].${kind}`);
      // Of an inline volume of a CSI driver only the driver is asked for.
      judged.push({ name: volume.name, [kind]: kind === 'csi' ? { driver: source.driver } : source });
    }
  }
  return judged;
}

function haveRestartAllRule(containers: readonly unknown[], listPath: string): boolean {
  for (let i = 0; i < containers.length; i++) {
    const { restartPolicyRules } = itemObject(containers, i, listPath);
    if (isAbsent(restartPolicyRules)) continue;
    const path = `${listPath}[${i}].restartPolicyRules`;
    const actions = mapObjects(restartPolicyRules, path, (rule, rulePath) =>
      text(rule.action, `${rulePath}.action`),
    );
    if (actions.includes('RestartAllContainers')) return true;
  }
  return false;
}

function haveBindMountOptions(containers: readonly unknown[], listPath: string): boolean {
  for (let i = 0; i < containers.length; i++) {
    const { volumeMounts } = itemObject(containers, i, listPath);
    if (isAbsent(volumeMounts)) continue;
    const path = `${listPath}[${i}].volumeMounts`;
    const mounts = list(volumeMounts, path);
    for (let j = 0; j < mounts.length; j++) {
      const { bindMountOptions } = itemObject(mounts, j, path);
      if (isAbsent(bindMountOptions)) continue;
      if (!Array.isArray(bindMountOptions) || bindMountOptions.length > 0) return true;
    }
  }
  return false;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
