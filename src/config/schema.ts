import { z } from 'zod';
import { parseDuration } from './duration.js';
import type { PluginWithArgs } from './plugin-args.js';
import { pluginSetKeys } from './scheduler-configuration.js';

/**
 * The shape of a KubeSchedulerConfiguration v1 file: names and types only, everything optional. What values mean is
 * judged in validate.ts, what is missing is filled in by defaults.ts.
 */

const string = z.string().optional();
const boolean = z.boolean().optional();
const int32 = z.int32().optional();
/** Beyond 2^53 a number has lost its last digits in reading; nobody means such a value. */
const int64 = z.int().optional();

/** Go duration text, read to milliseconds. */
const duration = z
  .string()
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === undefined) {
      context.addIssue({
        code: 'custom',
        message: `expected a duration such as "15s" or "1m30s", got ${JSON.stringify(text)}`,
      });
      return z.NEVER;
    }
    return ms;
  })
  .optional();

const pluginSet = z.strictObject({
  enabled: z.array(z.strictObject({ name: z.string(), weight: int32 })).optional(),
  disabled: z.array(z.strictObject({ name: z.string(), weight: int32 })).optional(),
});

const pluginSets = z.strictObject(
  Object.fromEntries(pluginSetKeys.map((key) => [key, pluginSet.optional()])) as Record<
    (typeof pluginSetKeys)[number],
    z.ZodOptional<typeof pluginSet>
  >,
);

const profile = z.strictObject({
  schedulerName: string,
  percentageOfNodesToScore: int32,
  plugins: pluginSets.optional(),
  pluginConfig: z
    .array(z.strictObject({ name: z.string(), args: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
});

const extender = z.strictObject({
  urlPrefix: string,
  filterVerb: string,
  preemptVerb: string,
  prioritizeVerb: string,
  bindVerb: string,
  weight: int64,
  enableHTTPS: boolean,
  tlsConfig: z
    .strictObject({
      insecure: boolean,
      serverName: string,
      certFile: string,
      keyFile: string,
      caFile: string,
      certData: string,
      keyData: string,
      caData: string,
    })
    .optional(),
  httpTimeout: duration,
  nodeCacheCapable: boolean,
  managedResources: z.array(z.strictObject({ name: z.string(), ignoredByScheduler: boolean })).optional(),
  ignorable: boolean,
});

export const fileSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  parallelism: int32,
  leaderElection: z
    .strictObject({
      leaderElect: boolean,
      leaseDuration: duration,
      renewDeadline: duration,
      retryPeriod: duration,
      resourceLock: string,
      resourceName: string,
      resourceNamespace: string,
    })
    .optional(),
  clientConnection: z
    .strictObject({
      kubeconfig: string,
      acceptContentTypes: string,
      contentType: string,
      qps: z.number().optional(),
      burst: int32,
    })
    .optional(),
  enableProfiling: boolean,
  enableContentionProfiling: boolean,
  percentageOfNodesToScore: int32,
  podInitialBackoffSeconds: int64,
  podMaxBackoffSeconds: int64,
  profiles: z.array(profile).optional(),
  extenders: z.array(extender).optional(),
  delayCacheUntilActive: boolean,
});

export type ConfigurationFile = z.output<typeof fileSchema>;
export type ProfileFile = z.output<typeof profile>;
export type ExtenderFile = z.output<typeof extender>;

const kindOfArgs = { apiVersion: string, kind: string };
const resources = z.array(z.strictObject({ name: z.string(), weight: int64 })).optional();
const shape = z.array(z.strictObject({ utilization: z.int32(), score: z.int32() })).optional();
const requirements = z
  .array(z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
  .optional();
const nodeSelectorTerm = z.strictObject({ matchExpressions: requirements, matchFields: requirements });

/** Arguments of kube-scheduler's plugins as they stand in a file. */
export const argsSchemas = {
  DefaultPreemption: z.strictObject({
    ...kindOfArgs,
    minCandidateNodesPercentage: int32,
    minCandidateNodesAbsolute: int32,
  }),
  DynamicResources: z.strictObject({ ...kindOfArgs, filterTimeout: duration, bindingTimeout: duration }),
  InterPodAffinity: z.strictObject({
    ...kindOfArgs,
    hardPodAffinityWeight: int32,
    ignorePreferredTermsOfExistingPods: boolean,
  }),
  NodeAffinity: z.strictObject({
    ...kindOfArgs,
    addedAffinity: z
      .strictObject({
        requiredDuringSchedulingIgnoredDuringExecution: z
          .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTerm) })
          .optional(),
        preferredDuringSchedulingIgnoredDuringExecution: z
          .array(z.strictObject({ weight: z.int32(), preference: nodeSelectorTerm }))
          .optional(),
      })
      .optional(),
  }),
  NodeResourcesBalancedAllocation: z.strictObject({ ...kindOfArgs, resources }),
  NodeResourcesFit: z.strictObject({
    ...kindOfArgs,
    ignoredResources: z.array(z.string()).optional(),
    ignoredResourceGroups: z.array(z.string()).optional(),
    scoringStrategy: z
      .strictObject({
        type: string,
        resources,
        requestedToCapacityRatio: z.strictObject({ shape }).optional(),
      })
      .optional(),
  }),
  PodTopologySpread: z.strictObject({
    ...kindOfArgs,
    defaultingType: string,
    defaultConstraints: z
      .array(
        z.strictObject({
          maxSkew: z.int32(),
          topologyKey: z.string(),
          whenUnsatisfiable: z.string(),
          labelSelector: z.record(z.string(), z.unknown()).optional(),
          minDomains: int32,
          nodeAffinityPolicy: string,
          nodeTaintsPolicy: string,
          matchLabelKeys: z.array(z.string()).optional(),
        }),
      )
      .optional(),
  }),
  VolumeBinding: z.strictObject({ ...kindOfArgs, bindTimeoutSeconds: int64, shape }),
} as const satisfies Record<PluginWithArgs, z.ZodType>;

export type ArgsFile<Name extends PluginWithArgs> = z.output<(typeof argsSchemas)[Name]>;
