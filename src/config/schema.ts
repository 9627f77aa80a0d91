import { z } from 'zod';
import type { argsSchemas } from './args-schemas.js';
import { base64, boolean, duration, float32, int32, int64, string } from './field-types.js';
import { pluginSetKeys } from './scheduler-configuration.js';

/**
 * The shape of a KubeSchedulerConfiguration v1 file: names and types only, everything optional. What values mean is
 * judged in validate.ts, what is missing is filled in by defaults.ts. The descriptions are what editors show: the JSON
 * Schema is made of this.
 */

/** Has a name that a person always means to give; left out it counts as empty, as for kube-scheduler. */
export const pluginEntry = z
  .strictObject({
    name: string.describe('Name of the plugin. In `disabled`, * stands for all default plugins.'),
    weight: int32.describe(
      'How much the scores of the plugin count; for score and placementScore. Missing or 0 counts as 1.',
    ),
  })
  .meta({ id: 'Plugin' });

const pluginSet = z
  .strictObject({
    enabled: z
      .array(pluginEntry)
      .optional()
      .describe(
        'Called in this order, after the default plugins. A default plugin named here keeps its place and takes the weight given here.',
      ),
    disabled: z
      .array(pluginEntry)
      .optional()
      .describe('Default plugins to leave out; * leaves out all of them.'),
  })
  .meta({ id: 'PluginSet' });

const pointDescriptions: Readonly<Record<(typeof pluginSetKeys)[number], string>> = {
  preEnqueue: 'May the pod enter the queue at all?',
  queueSort: 'Which pod is next; one plugin, the same in all profiles.',
  preFilter: 'Prepares for a pod, narrows the nodes, or refuses the pod as a whole.',
  filter: 'Which nodes can run the pod.',
  postFilter: 'What to do when no node can: preemption.',
  preScore: 'Prepares for scoring.',
  score: 'How well each node suits the pod; scores of 0 to 100, times the weight, are summed up.',
  reserve: 'Takes what the pod needs on the chosen node, and gives it back if binding fails.',
  permit: 'May the pod be bound now, later, or not?',
  preBind: 'What has to be done before binding, such as making volumes ready.',
  bind: 'Binds the pod to the node.',
  postBind: 'Told after a pod was bound.',
  multiPoint:
    'Enables plugins at every extension point that they have. The default plugins are all enabled here.',
  placementGenerate: 'For groups of pods, behind a feature gate.',
  placementScore: 'For groups of pods, behind a feature gate.',
  podGroupPostFilter: 'For groups of pods, behind a feature gate.',
};

const pluginSets = z.strictObject(
  Object.fromEntries(
    pluginSetKeys.map((key) => [key, pluginSet.optional().describe(pointDescriptions[key])]),
  ) as Record<(typeof pluginSetKeys)[number], z.ZodOptional<typeof pluginSet>>,
);

export const pluginConfigEntry = z.strictObject({
  name: string.describe('Name of the plugin.'),
  args: z.unknown().optional().describe('Arguments of the plugin.'),
});

const profile = z.strictObject({
  schedulerName: string.describe(
    'Pods with this spec.schedulerName are scheduled by the profile. May be left out where there is one profile only: then it is berth (kube-scheduler: default-scheduler).',
  ),
  percentageOfNodesToScore: int32.describe('As the field of the same name at the top, for this profile.'),
  plugins: pluginSets
    .optional()
    .describe('Plugins by extension point, put over the default ones. Left out: the default plugins.'),
  pluginConfig: z
    .array(pluginConfigEntry)
    .optional()
    .describe('Arguments of plugins. A plugin left out has its default arguments.'),
});

export const managedResource = z.strictObject({
  name: string.describe('Name of an extended resource, such as example.com/dongle.'),
  ignoredByScheduler: boolean.describe('Leave this resource to the extender. Default: false.'),
});

const tlsConfig = z.strictObject({
  insecure: boolean.describe("Do not verify the server's certificate. Default: false."),
  serverName: string.describe("Name to look for in the server's certificate."),
  certFile: string.describe('Path of a PEM client certificate.'),
  keyFile: string.describe('Path of the PEM key of the client certificate.'),
  caFile: string.describe("Path of the PEM certificates that the server's is verified with."),
  certData: base64.describe('As certFile, in base64.'),
  keyData: base64.describe('As keyFile, in base64.'),
  caData: base64.describe('As caFile, in base64.'),
});

const extender = z.strictObject({
  urlPrefix: string.describe('The verbs are appended to this URL.'),
  filterVerb: string.describe('Asked which nodes can run the pod. Left out: not asked.'),
  preemptVerb: string.describe('Asked about victims of preemption. Left out: not asked.'),
  prioritizeVerb: string.describe('Asked for scores of 0 to 10. Left out: not asked.'),
  bindVerb: string.describe('Binds pods in place of the scheduler; one extender at most has it.'),
  weight: int64.describe(
    'How much the scores of the extender count; has to be positive where prioritizeVerb is given.',
  ),
  enableHTTPS: boolean.describe(
    'Without a CA in tlsConfig: do not verify the certificate of the server. The scheme comes from urlPrefix.',
  ),
  tlsConfig: tlsConfig.optional().describe('TLS towards the extender.'),
  httpTimeout: duration.describe('Time for one call. Default: 5s.'),
  nodeCacheCapable: boolean.describe('Send names of nodes instead of whole nodes. Default: false.'),
  managedResources: z
    .array(managedResource)
    .optional()
    .describe('Ask the extender only about pods that request one of these. Left out: about every pod.'),
  ignorable: boolean.describe('Go on without the extender when it does not answer. Default: false.'),
});

const leaderElection = z.strictObject({
  leaderElect: boolean.describe('Schedule only while holding the lease. Default: true.'),
  leaseDuration: duration.describe(
    'How long others wait before they take the lease of one that went silent. Default: 15s.',
  ),
  renewDeadline: duration.describe('Give up leading when renewing failed for so long. Default: 10s.'),
  retryPeriod: duration.describe('Time between attempts to take or renew the lease. Default: 2s.'),
  resourceLock: string.describe('Kind of the lock; leases is the only one.'),
  resourceName: string.describe('Name of the lease. Default: berth (kube-scheduler: kube-scheduler).'),
  resourceNamespace: string.describe(
    'Namespace of the lease. Default: berth-system (kube-scheduler: kube-system).',
  ),
});

const clientConnection = z.strictObject({
  kubeconfig: string.describe(
    'Path of a kubeconfig. Left out: the service account in a cluster, else the usual places.',
  ),
  acceptContentTypes: string.describe(
    'What answers may be in. Without application/vnd.kubernetes.protobuf in it Berth speaks JSON. Default: what contentType says.',
  ),
  contentType: string.describe(
    'Default: application/vnd.kubernetes.protobuf, in which Berth speaks of pods, nodes, bindings and events. Anything else: JSON.',
  ),
  qps: float32.describe('Requests per second to the API server; negative: no limit. Default: 50.'),
  burst: int32.describe('Requests at once beyond qps. Default: 100.'),
});

export const fileSchema = z.strictObject({
  apiVersion: z.string().describe('kubescheduler.config.k8s.io/v1'),
  kind: z.string().describe('KubeSchedulerConfiguration'),
  parallelism: int32.describe('Accepted, of no effect: Berth judges all nodes in one go. Default: 16.'),
  leaderElection: leaderElection.optional().describe('One of several replicas works at a time.'),
  clientConnection: clientConnection.optional().describe('Towards the API server.'),
  enableProfiling: boolean.describe(
    'Serves /debug/profile and /debug/heap on the secure port, where it is stated as true. Default: true, of no effect.',
  ),
  enableContentionProfiling: boolean.describe(
    'Accepted, of no effect: no thread of Berth waits for another. Default: as enableProfiling.',
  ),
  percentageOfNodesToScore: int32.describe(
    'Stop looking for nodes when this share of all of them was found to fit, 1 to 100. Default: 0, which for Berth means all nodes.',
  ),
  podInitialBackoffSeconds: int64.describe(
    'How long a pod waits after its first failed attempt; doubled after each further one. Default: 1.',
  ),
  podMaxBackoffSeconds: int64.describe('The longest wait between attempts. Default: 10.'),
  profiles: z
    .array(profile)
    .optional()
    .describe('Each is a scheduler of its own name. Left out: one profile with the default plugins.'),
  extenders: z
    .array(extender)
    .optional()
    .describe('HTTP services that are asked besides the plugins. Left out: none.'),
  delayCacheUntilActive: boolean.describe(
    'A replica that waits for the lease does not watch the cluster: it costs the API server nothing, and takes longer to take over. Default: false.',
  ),
});

export type ConfigurationFile = z.output<typeof fileSchema>;
export type ProfileFile = z.output<typeof profile>;
export type ExtenderFile = z.output<typeof extender>;
export type ArgsFile<Name extends keyof typeof argsSchemas> = z.output<(typeof argsSchemas)[Name]>;
