/* What a plugin's tests may import from 'berth/testing'. */
export { makeNode, makePod, type NodeParts, type PodParts } from './make-objects.js';
export { TestCluster, type TestClusterOptions, type TestOutcome } from './test-cluster.js';
export type { PluginUnderTest } from './test-profile.js';
