/* What a plugin's tests may import from 'berth/testing'. */
export { makeNode, makePod, type NodeParts, type PodParts } from './make-objects.js';
export { TestCluster, type TestClusterOptions } from './test-cluster.js';
export type { TestOutcome } from './test-outcome.js';
export type { PluginUnderTest } from './test-profile.js';
