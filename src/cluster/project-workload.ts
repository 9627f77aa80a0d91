import { projectLabelSelector } from './project-constraints.js';
import { identity, namespacedIdentity, objectProjector } from './project-object.js';
import { optionalObject, textMap } from './raw-field.js';
import type { Namespace, PodController, Service } from './workload.js';

/** Turns decoded core/v1 Namespaces into `Namespace`s. Throws `ProjectionError` alone. */
export const projectNamespace = objectProjector<Namespace>('Namespace', (_raw, metadata) => ({
  ...identity(metadata),
  labels: textMap(metadata.labels, 'metadata.labels') ?? {},
}));

/** Turns decoded core/v1 Services into `Service`s. Throws `ProjectionError` alone. */
export const projectService = objectProjector<Service>('Service', (raw, metadata) => ({
  ...namespacedIdentity(metadata),
  selector: textMap(optionalObject(raw.spec, 'spec')?.selector, 'spec.selector'),
}));

/** Turns decoded core/v1 ReplicationControllers into `PodController`s. Throws `ProjectionError` alone. */
export const projectReplicationController = objectProjector<PodController>(
  'ReplicationController',
  (raw, metadata) => {
    const labels = textMap(optionalObject(raw.spec, 'spec')?.selector, 'spec.selector');
    return {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      ...namespacedIdentity(metadata),
      selector: labels === undefined ? undefined : { matchLabels: labels },
    };
  },
);

/** Turns decoded apps/v1 ReplicaSets into `PodController`s. Throws `ProjectionError` alone. */
export const projectReplicaSet = appsProjector('ReplicaSet');

/** Turns decoded apps/v1 StatefulSets into `PodController`s. Throws `ProjectionError` alone. */
export const projectStatefulSet = appsProjector('StatefulSet');

function appsProjector(kind: 'ReplicaSet' | 'StatefulSet'): (raw: unknown) => PodController {
  return objectProjector(kind, (raw, metadata) => ({
    apiVersion: 'apps/v1',
    kind,
    ...namespacedIdentity(metadata),
    selector: projectLabelSelector(optionalObject(raw.spec, 'spec')?.selector, 'spec.selector'),
  }));
}
