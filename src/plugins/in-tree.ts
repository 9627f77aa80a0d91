import type {
  NodeAffinityArgs,
  NodeResourcesBalancedAllocationArgs,
  NodeResourcesFitArgs,
} from '../config/plugin-args.js';
import { kubeSchedulerPlugins } from '../framework/kube-scheduler-plugins.js';
import { type PluginFactory, Registry } from '../framework/registry.js';
import { createDefaultBinder, type DefaultBinderOptions, defaultBinder } from './default-binder.js';
import { ImageLocality, imageLocality } from './image-locality.js';
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
import { createPrioritySort, prioritySort } from './priority-sort.js';
import { createSchedulingGates, schedulingGates } from './scheduling-gates.js';
import { createTaintToleration, taintToleration } from './taint-toleration.js';

export type InTreeOptions = DefaultBinderOptions;

/** A registry with the plugins of kube-scheduler that Berth has; a caller adds his own. Arguments come checked and defaulted. */
export function createInTreeRegistry(options: InTreeOptions): Registry {
  const factories: readonly (readonly [name: string, create: PluginFactory])[] = [
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
    [imageLocality, () => new ImageLocality()],
    [defaultBinder, () => createDefaultBinder(options)],
    [nodeDeclaredFeatures, createNodeDeclaredFeatures],
  ];
  const registry = new Registry();
  for (const [name, create] of factories)
    registry.register({ name, points: kubeSchedulerPlugins.get(name)!, create });
  return registry;
}
