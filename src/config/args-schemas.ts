import { z } from 'zod';
import { boolean, int32, int64, nullableDuration, string } from './field-types.js';
import type { PluginWithArgs } from './plugin-args.js';

const typeOfArgs = {
  apiVersion: string.describe('May be left out: kubescheduler.config.k8s.io/v1'),
  kind: string.describe('May be left out: the name of the plugin, followed by Args.'),
};

export const resourceSpec = z.strictObject({
  name: string.describe('Name of the resource, such as cpu or example.com/dongle.'),
  weight: int64.describe('How much the resource counts, 1 to 100. Default: 1.'),
});
const resources = z.array(resourceSpec).optional();

const shape = z
  .array(
    z.strictObject({
      utilization: int32.describe(
        'Share of the resource in use, 0 to 100 percent, increasing from point to point.',
      ),
      score: int32.describe('Score at that utilization, 0 to 10.'),
    }),
  )
  .optional()
  .describe('Score by utilization: points of a line.');

const requirement = z.strictObject({
  key: string.describe('Key of a label (or field) of the node.'),
  operator: string.describe('In, NotIn, Exists, DoesNotExist, Gt or Lt.'),
  values: z.array(z.string()).optional(),
});
const nodeSelectorTerm = z.strictObject({
  matchExpressions: z.array(requirement).optional(),
  matchFields: z.array(requirement).optional(),
});

const labelSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z.array(requirement).optional(),
});

/** Arguments of kube-scheduler's plugins as they stand in a file. */
export const argsSchemas = {
  DefaultPreemption: z.strictObject({
    ...typeOfArgs,
    minCandidateNodesPercentage: int32.describe(
      'Look at no fewer than this share of the nodes for victims, in percent. Default: 10.',
    ),
    minCandidateNodesAbsolute: int32.describe('Look at no fewer nodes than this. Default: 100.'),
  }),
  DynamicResources: z.strictObject({
    ...typeOfArgs,
    filterTimeout: nullableDuration.describe(
      'Time for allocating devices on one node; 0s: no limit. Default: 10s.',
    ),
    bindingTimeout: nullableDuration.describe(
      'Time for devices to become ready, 1s at least. Default: 10m0s.',
    ),
  }),
  InterPodAffinity: z.strictObject({
    ...typeOfArgs,
    hardPodAffinityWeight: int32.describe(
      "Weight of other pods' required affinity towards the pod when scoring, 0 to 100. Default: 1.",
    ),
    ignorePreferredTermsOfExistingPods: boolean.describe(
      "Leave other pods' preferred affinity out of account where the pod has none. Default: false.",
    ),
  }),
  NodeAffinity: z.strictObject({
    ...typeOfArgs,
    addedAffinity: z
      .strictObject({
        requiredDuringSchedulingIgnoredDuringExecution: z
          .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTerm).optional() })
          .optional(),
        preferredDuringSchedulingIgnoredDuringExecution: z
          .array(z.strictObject({ weight: int32, preference: nodeSelectorTerm.optional() }))
          .optional(),
      })
      .optional()
      .describe('Node affinity that every pod of the profile has besides its own.'),
  }),
  NodeResourcesBalancedAllocation: z.strictObject({
    ...typeOfArgs,
    resources: resources.describe(
      'Resources to be used evenly; weights have to be 1. Default: cpu and memory.',
    ),
  }),
  NodeResourcesFit: z.strictObject({
    ...typeOfArgs,
    ignoredResources: z
      .array(z.string())
      .optional()
      .describe('Extended resources that the filter leaves out of account.'),
    ignoredResourceGroups: z
      .array(z.string())
      .optional()
      .describe('As ignoredResources, for all of a group: example.com stands for example.com/dongle.'),
    scoringStrategy: z
      .strictObject({
        type: string.describe('LeastAllocated, MostAllocated or RequestedToCapacityRatio.'),
        resources: resources.describe('Default: cpu and memory, each with weight 1.'),
        requestedToCapacityRatio: z
          .strictObject({ shape })
          .optional()
          .describe('For the strategy of that name, which needs it.'),
      })
      .optional()
      .describe('How nodes are scored by their free resources. Default: LeastAllocated.'),
  }),
  PodTopologySpread: z.strictObject({
    ...typeOfArgs,
    defaultingType: string.describe(
      'System: spread softly over nodes and zones where a pod says nothing; List: by defaultConstraints. Default: System.',
    ),
    defaultConstraints: z
      .array(
        z.strictObject({
          maxSkew: int32,
          topologyKey: string,
          whenUnsatisfiable: string.describe('DoNotSchedule or ScheduleAnyway.'),
          labelSelector: labelSelector.optional().describe('Must not be given: it follows from the pod.'),
          minDomains: int32,
          nodeAffinityPolicy: string,
          nodeTaintsPolicy: string,
          matchLabelKeys: z.array(z.string()).optional(),
        }),
      )
      .optional()
      .describe('Constraints of pods that have none; with defaultingType List.'),
  }),
  VolumeBinding: z.strictObject({
    ...typeOfArgs,
    bindTimeoutSeconds: int64.describe('Time for volumes to be bound. Default: 600.'),
    shape: shape.describe('Score of a node by the share of its storage capacity that the claims use up.'),
  }),
} as const satisfies Record<PluginWithArgs, z.ZodType>;
