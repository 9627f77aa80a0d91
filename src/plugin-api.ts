/*
 * What a plugin module may import from 'berth': the one barrel of the house, because it is the door to others. Names in here are
 * kept; everything else may change from version to version.
 */
export { z } from 'zod';
export { Action } from './cluster/action.js';
export type { Node, NodeImage, Taint } from './cluster/node.js';
export type { Labels, Pod, PodSpec, Toleration } from './cluster/pod.js';
export type { Requests } from './cluster/requests.js';
export type { Namespace, PodController, Service } from './cluster/workload.js';
export type { Attempt } from './framework/attempt.js';
export type { ClusterReader, ObjectReader } from './framework/cluster-reader.js';
export { StateKey } from './framework/cycle.js';
export type { NodeView } from './framework/node-view.js';
export type { ExtensionPoint } from './framework/plugin.js';
export type { HeldPods, PluginContext, PluginLog } from './framework/plugin-context.js';
export {
  type AnyPluginFunctions,
  type BindingOptions,
  definePlugin,
  type PermitAnswer,
  type PluginDefinition,
  type PluginEvent,
  type PluginFunctions,
  type PostFilterAnswer,
  type PreFilterAnswer,
  type QueueKey,
  type Refusals,
} from './framework/plugin-definition.js';
export type { ReadResource } from './framework/registry.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './framework/standard-schema.js';
export { failure, type Status, type StatusCode, unresolvable, unschedulable } from './framework/status.js';
export { normalizeByHighest } from './plugins/normalize.js';
