/**
 * What happened to an object, as bits, so that one number says several things at once and a plugin's interest is one mask.
 * The values are those of kube-scheduler v1.37: they are matched against each other, and their order is that of reporting.
 */
export const Action = {
  Add: 1,
  Delete: 2,
  UpdateNodeAllocatable: 4,
  UpdateNodeLabel: 8,
  UpdateNodeTaint: 16,
  UpdateNodeCondition: 32,
  UpdateNodeAnnotation: 64,
  UpdateNodeDeclaredFeature: 128,
  UpdateNodePreemptionPolicy: 256,
  UpdatePodLabel: 512,
  UpdatePodScaleDown: 1024,
  UpdatePodScaleUp: 2048,
  UpdatePodToleration: 4096,
  UpdatePodSchedulingGatesEliminated: 8192,
  UpdatePodGeneratedResourceClaim: 16384,
  /** Every update bit: an update that nothing more specific describes. */
  Update: 32764,
  All: 32767,
} as const;
