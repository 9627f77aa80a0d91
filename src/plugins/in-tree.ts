import type {
  DefaultPreemptionArgs,
  NodeAffinityArgs,
  NodeResourcesBalancedAllocationArgs,
  NodeResourcesFitArgs,
  VolumeBindingArgs,
} from '../config/plugin-args.js';
import { kubeSchedulerPlugins } from '../framework/kube-scheduler-plugins.js';
import { type PluginFactory, type ReadResource, Registry } from '../framework/registry.js';
import { createDefaultBinder, type DefaultBinderOptions, defaultBinder } from './default-binder.js';
import {
  createDefaultPreemption,
  type DefaultPreemptionOptions,
  defaultPreemption,
} from './default-preemption.js';
import { DynamicResources, dynamicResources } from './dynamic-resources.js';
import { ImageLocality, imageLocality } from './image-locality.js';
import { createInterPodAffinity, interPodAffinity } from './inter-pod-affinity.js';
import { NodeAffinity, nodeAffinity } from './node-affinity.js';
import { createNodeDeclaredFeatures, nodeDeclaredFeatures } from './node-declared-features.js';
import { createNodeName, nodeName } from './node-name.js';
import { createNodePorts, nodePorts } from './node-ports.js';
import {
  NodeResourcesBalancedAllocation,
  nodeResourcesBalancedAllocation,
} from './node-resources-balanced-allocation.js';
import { NodeResourcesFit, nodeResourcesFit } from './node-resources-fit.js';
import { createNodeUnschedulable, nodeUnschedulable } from './node-unschedulable.js';
import { createNodeVolumeLimits, nodeVolumeLimits } from './node-volume-limits.js';
import { createPodTopologySpread, podTopologySpread } from './pod-topology-spread.js';
import { createPrioritySort, prioritySort } from './priority-sort.js';
import { createSchedulingGates, schedulingGates } from './scheduling-gates.js';
import { createTaintToleration, taintToleration } from './taint-toleration.js';
import { createVolumeBinding, type VolumeBindingOptions, volumeBinding } from './volume-binding.js';
import { createVolumeRestrictions, volumeRestrictions } from './volume-restrictions.js';
import { createVolumeZone, volumeZone } from './volume-zone.js';

export interface InTreeOptions extends DefaultBinderOptions {
  /** Default: preemption decides without consequences. */
  readonly preemption?: DefaultPreemptionOptions;
  /** Default: volumes are decided about and not written; a pod that would need it is not bound. */
  readonly volumes?: VolumeBindingOptions;
}

/** A registry with the plugins of kube-scheduler that Berth has; a caller adds his own. Arguments come checked and defaulted. */
export function createInTreeRegistry(options: InTreeOptions): Registry {
  const { preemption = { random: () => 0 } } = options;
  const factories: readonly (readonly [
    name: string,
    create: PluginFactory,
    reads?: readonly ReadResource[],
  ])[] = [
    [schedulingGates, createSchedulingGates],
    [prioritySort, createPrioritySort],
    [nodeName, createNodeName],
    [nodeUnschedulable, createNodeUnschedulable],
    [taintToleration, createTaintToleration],
    [nodeAffinity, (args) => new NodeAffinity(args as NodeAffinityArgs | undefined)],
    [nodePorts, createNodePorts],
    [nodeResourcesFit, (args) => new NodeResourcesFit(args as NodeResourcesFitArgs | undefined)],
    [
      nodeResourcesBalancedAllocation,
      (args) => new NodeResourcesBalancedAllocation(args as NodeResourcesBalancedAllocationArgs | undefined),
    ],
    [volumeRestrictions, createVolumeRestrictions, ['persistentvolumeclaims']],
    [
      nodeVolumeLimits,
      createNodeVolumeLimits,
      [
        'persistentvolumes',
        'persistentvolumeclaims',
        'storageclasses',
        'csinodes',
        'csidrivers',
        'volumeattachments',
      ],
    ],
    [
      volumeBinding,
      (args, handle) => createVolumeBinding(args as VolumeBindingArgs | undefined, handle, options.volumes),
      [
        'persistentvolumes',
        'persistentvolumeclaims',
        'storageclasses',
        'csinodes',
        'csidrivers',
        'csistoragecapacities',
      ],
    ],
    [volumeZone, createVolumeZone, ['persistentvolumes', 'persistentvolumeclaims', 'storageclasses']],
    [
      podTopologySpread,
      createPodTopologySpread,
      ['services', 'replicationcontrollers', 'replicasets', 'statefulsets'],
    ],
    [interPodAffinity, createInterPodAffinity, ['namespaces']],
    [dynamicResources, () => new DynamicResources()],
    [
      defaultPreemption,
      (args, handle) =>
        createDefaultPreemption(args as DefaultPreemptionArgs | undefined, handle, preemption),
      ['poddisruptionbudgets'],
    ],
    [imageLocality, () => new ImageLocality()],
    [defaultBinder, () => createDefaultBinder(options)],
    [nodeDeclaredFeatures, createNodeDeclaredFeatures],
  ];
  const registry = new Registry();
  for (const [name, create, reads = []] of factories)
    registry.register({ name, points: kubeSchedulerPlugins.get(name)!, create, reads });
  return registry;
}
