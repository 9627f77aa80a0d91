import { frozenCopy } from './frozen-copy.js';
import type { HostPort, PodSpec } from './pod.js';
import {
  type ContainerResources,
  filterRequests,
  type PodResources,
  scoringRequests,
} from './pod-requests.js';
import { projectAffinity, projectSpreadConstraint, projectToleration } from './project-constraints.js';
import { shown } from './projection-error.js';
import { mapObjects, type RawObject, requiredObject, resources, text, textMap } from './raw-field.js';
import { noResources } from './resource-map.js';
import type { ContainerParts, SpecParts } from './spec-parts.js';

const defaultPreemptionPolicy = 'PreemptLowerPriority';
const sidecarPolicy = 'Always';

/** Never given out twice: a cache keyed by it cannot mistake a new spec for an old one. */
let lastId = 0;

/** Reads the parts of a spec. Throws `FieldError` with the path in the pod. The result is frozen through and through. */
export function projectSpec(parts: SpecParts, podResources: PodResources): PodSpec {
  const volumes = parts.volumes.filter((volume) => volume.image === undefined);
  const imageVolumes = parts.volumes.filter((volume) => volume.image !== undefined);
  const images = [
    ...imageNames(parts.initContainers, 'spec.initContainers'),
    ...imageNames(parts.containers, 'spec.containers'),
    ...imageVolumes.map(volumeImageName),
  ];
  return Object.freeze({
    id: ++lastId,
    nodeSelector: frozenCopy(textMap(parts.nodeSelector, 'spec.nodeSelector')),
    affinity: frozenCopy(projectAffinity(parts.affinity, 'spec.affinity')),
    tolerations: frozenCopy(mapObjects(parts.tolerations, 'spec.tolerations', projectToleration)),
    topologySpreadConstraints: frozenCopy(
      mapObjects(parts.topologySpreadConstraints, 'spec.topologySpreadConstraints', projectSpreadConstraint),
    ),
    schedulingGates: frozenCopy(
      mapObjects(parts.schedulingGates, 'spec.schedulingGates', (gate, path) =>
        text(gate.name, `${path}.name`),
      ),
    ),
    preemptionPolicy: text(parts.preemptionPolicy, 'spec.preemptionPolicy') || defaultPreemptionPolicy,
    claimNames: frozenCopy(claimNames(volumes)),
    volumes: frozenCopy(volumes),
    hasResourceClaims: parts.hasResourceClaims,
    hostPorts: frozenCopy(hostPorts(parts)),
    requiredFeatures: frozenCopy(requiredFeatures(parts)),
    images: Object.freeze(images),
    imageCount: images.length,
    requests: Object.freeze(filterRequests(podResources)),
    scoringRequests: Object.freeze(scoringRequests(podResources)),
  });
}

/** What the spec alone says about resources; the status is added by who has it. Throws `FieldError`. */
export function specResources(parts: SpecParts): PodResources {
  return {
    initContainers: containerResources(parts.initContainers, 'spec.initContainers'),
    containers: containerResources(parts.containers, 'spec.containers'),
    podLevel: resources(parts.requests, 'spec.resources.requests'),
    overhead: resources(parts.overhead, 'spec.overhead'),
  };
}

/** As container runtimes report it: with a tag. A `:` before the last `/` belongs to the registry's port. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}

function containerResources(containers: readonly ContainerParts[], path: string): ContainerResources[] {
  return containers.map((container, i) => ({
    requests: resources(container.requests, `${path}[${i}].resources.requests`) ?? noResources,
    sidecar: isSidecar(container, `${path}[${i}]`),
  }));
}

function isSidecar(container: ContainerParts, path: string): boolean {
  return text(container.restartPolicy, `${path}.restartPolicy`) === sidecarPolicy;
}

function imageNames(containers: readonly ContainerParts[], path: string): string[] {
  return containers.map(({ image }, i) => normalizedImageName(text(image, `${path}[${i}].image`)));
}

function volumeImageName(volume: RawObject): string {
  return normalizedImageName(sourceText(volume, 'image', 'reference'));
}

function claimNames(volumes: readonly RawObject[]): string[] {
  return volumes
    .filter((volume) => volume.persistentVolumeClaim !== undefined)
    .map((volume) => sourceText(volume, 'persistentVolumeClaim', 'claimName'));
}

function sourceText(volume: RawObject, source: string, field: string): string {
  const path = `spec.volumes[${shown(volume.name)}].${source}`;
  return text(requiredObject(volume[source], path)[field], `${path}.${field}`);
}

/** Ordinary init containers end before the pod serves anything: their ports do not count. */
function hostPorts(parts: SpecParts): HostPort[] {
  const sidecars = parts.initContainers.filter((container, i) =>
    isSidecar(container, `spec.initContainers[${i}]`),
  );
  return [...parts.containers, ...sidecars].flatMap((container) => container.hostPorts ?? []);
}

function requiredFeatures(parts: SpecParts): string[] {
  const features: string[] = [];
  if (parts.restartsAllContainers) features.push('RestartAllContainersOnContainerExits');
  if (parts.hostUserNamespace) features.push('UserNamespacesHostNetworkSupport');
  if (parts.bindMountOptions) features.push('VolumeBindMountOptions');
  return features;
}
