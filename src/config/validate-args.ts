import { formatDuration } from './duration.js';
import {
  duplicate,
  type FieldPath,
  type FieldProblem,
  forbidden,
  invalid,
  type ProblemAdvice,
  required,
  unsupported,
} from './field-problem.js';
import type {
  DefaultConstraint,
  KnownPluginArgs,
  NodeResourcesFitArgs,
  PluginArgs,
  PluginWithArgs,
  ResourceSpec,
  UtilizationShapePoint,
} from './plugin-args.js';
import { qualifiedNameProblems } from './qualified-name.js';
import { closest } from './suggest.js';
import { validateAddedAffinity } from './validate-node-affinity.js';

/** Judges the arguments of one of kube-scheduler's plugins; defaults must have been filled in. */
export function validateArgs(plugin: PluginWithArgs, args: PluginArgs, path: FieldPath): FieldProblem[] {
  const rule = rules[plugin] as (args: unknown, path: FieldPath) => FieldProblem[];
  return rule(args, path);
}

const rules: {
  readonly [Name in PluginWithArgs]: (args: KnownPluginArgs[Name], path: FieldPath) => FieldProblem[];
} = {
  DefaultPreemption: (args, path) => {
    const { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute } = args;
    const percentagePath = [...path, 'minCandidateNodesPercentage'];
    const absolutePath = [...path, 'minCandidateNodesAbsolute'];
    if (percentage === 0 && absolute === 0) {
      const text = 'cannot be zero at the same time as';
      return [
        invalid(percentagePath, percentage, `${text} minCandidateNodesAbsolute`),
        invalid(absolutePath, absolute, `${text} minCandidateNodesPercentage`),
      ];
    }
    return [
      ...(percentage < 0 || percentage > 100
        ? [invalid(percentagePath, percentage, 'not in valid range [0, 100]')]
        : []),
      ...(absolute < 0 ? [invalid(absolutePath, absolute, 'not in valid range [0, inf)')] : []),
    ];
  },

  DynamicResources: ({ filterTimeoutMs, bindingTimeoutMs }, path) => [
    ...(filterTimeoutMs < 0
      ? [invalid([...path, 'filterTimeout'], formatDuration(filterTimeoutMs), 'must be zero or positive')]
      : []),
    ...(bindingTimeoutMs < 1_000
      ? [invalid([...path, 'bindingTimeout'], formatDuration(bindingTimeoutMs), 'must be at least 1 second')]
      : []),
  ],

  InterPodAffinity: ({ hardPodAffinityWeight: weight }, path) =>
    weight < 0 || weight > 100
      ? [invalid([...path, 'hardPodAffinityWeight'], weight, 'not in valid range [0, 100]')]
      : [],

  NodeAffinity: ({ addedAffinity }, path) =>
    addedAffinity === undefined ? [] : validateAddedAffinity(addedAffinity, [...path, 'addedAffinity']),

  NodeResourcesBalancedAllocation: ({ resources }, path) => {
    const seen = new Set<string>();
    return resources.flatMap(({ name, weight }, index) => {
      const resourcePath = [...path, 'resources', index];
      const problems: FieldProblem[] = [];
      if (seen.has(name)) {
        problems.push(duplicate([...resourcePath, 'name'], name));
      }
      seen.add(name);
      if (weight !== 1) {
        problems.push(invalid([...resourcePath, 'weight'], weight, 'must be 1'));
      }
      return problems;
    });
  },

  NodeResourcesFit: (args, path) => [
    ...ignoredResourceProblems(args, path),
    ...scoringStrategyProblems(args, [...path, 'scoringStrategy']),
  ],

  PodTopologySpread: ({ defaultingType, defaultConstraints = [] }, path) => {
    const typePath = [...path, 'defaultingType'];
    const types = ['System', 'List'];
    const problems = constraintProblems(defaultConstraints, [...path, 'defaultConstraints']);
    if (!types.includes(defaultingType)) {
      problems.unshift(unsupported(typePath, defaultingType, types, meant(defaultingType, types)));
    } else if (defaultingType === 'System' && defaultConstraints.length > 0) {
      // Constraints that are not wanted are not looked at.
      const advice = { suggestion: 'set defaultingType: List' };
      return [invalid(typePath, defaultingType, 'when .defaultConstraints are not empty', advice)];
    }
    return problems;
  },

  VolumeBinding: ({ bindTimeoutSeconds, shape }, path) => [
    ...(bindTimeoutSeconds < 0
      ? [
          invalid(
            [...path, 'bindTimeoutSeconds'],
            bindTimeoutSeconds,
            'invalid BindTimeoutSeconds, should not be a negative value',
          ),
        ]
      : []),
    ...shapeProblems(shape, [...path, 'shape']),
  ],
};

function ignoredResourceProblems(args: NodeResourcesFitArgs, path: FieldPath): FieldProblem[] {
  const nameProblems = (field: string, name: string, index: number): FieldProblem[] =>
    qualifiedNameProblems(name).map((detail) => invalid([...path, field, index], name, detail));
  return [
    ...(args.ignoredResources ?? []).flatMap((name, index) => nameProblems('ignoredResources', name, index)),
    ...(args.ignoredResourceGroups ?? []).flatMap((group, index) =>
      group.includes('/')
        ? [invalid([...path, 'ignoredResourceGroups', index], group, "resource group name can't contain '/'")]
        : nameProblems('ignoredResourceGroups', group, index),
    ),
  ];
}

/** The value of a closed list that was probably meant. */
function meant(written: string, values: readonly string[]): ProblemAdvice {
  const near = closest(written, values);
  return near === undefined ? {} : { suggestion: `did you mean "${near}"?` };
}

function scoringStrategyProblems({ scoringStrategy }: NodeResourcesFitArgs, path: FieldPath): FieldProblem[] {
  const { type, resources, requestedToCapacityRatio: ratio } = scoringStrategy;
  const types = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];
  const problems: FieldProblem[] = types.includes(type)
    ? weightProblems(resources, [...path, 'resources'])
    : [unsupported([...path, 'type'], type, types, meant(type, types))];
  const ratioPath = [...path, 'requestedToCapacityRatio'];
  if (type === 'RequestedToCapacityRatio') {
    problems.push(
      ...(ratio === undefined
        ? [required(ratioPath, 'must be specified when type is RequestedToCapacityRatio')]
        : shapeProblems(ratio.shape ?? [], [...ratioPath, 'shape'])),
    );
  } else if (ratio !== undefined) {
    problems.push(forbidden(ratioPath, 'must be nil when type is not RequestedToCapacityRatio'));
  }
  return problems;
}

function weightProblems(resources: readonly ResourceSpec[], path: FieldPath): FieldProblem[] {
  return resources.flatMap(({ name, weight }, index) =>
    weight < 1 || weight > 100
      ? [
          invalid(
            [...path, index, 'weight'],
            weight,
            `resource weight of ${name} not in valid range (0, 100]`,
          ),
        ]
      : [],
  );
}

function shapeProblems(shape: readonly UtilizationShapePoint[], path: FieldPath): FieldProblem[] {
  if (shape.length === 0) {
    return [required(path, 'at least one point must be specified')];
  }
  const problems: FieldProblem[] = [];
  const unsorted = shape.findIndex(
    ({ utilization }, index) => index > 0 && utilization <= shape[index - 1]!.utilization,
  );
  if (unsorted !== -1) {
    problems.push(
      invalid(
        [...path, unsorted, 'utilization'],
        shape[unsorted]!.utilization,
        'values must be sorted in increasing order',
      ),
    );
  }
  shape.forEach(({ utilization, score }, index) => {
    if (utilization < 0 || utilization > 100) {
      problems.push(invalid([...path, index, 'utilization'], utilization, 'not in valid range [0, 100]'));
    }
    if (score < 0 || score > 10) {
      problems.push(invalid([...path, index, 'score'], score, 'not in valid range [0, 10]'));
    }
  });
  return problems;
}

function constraintProblems(constraints: readonly DefaultConstraint[], path: FieldPath): FieldProblem[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
    const at = [...path, index];
    const problems: FieldProblem[] = [];
    if (maxSkew <= 0) {
      problems.push(invalid([...at, 'maxSkew'], maxSkew, 'not in valid range (0, inf)'));
    }
    if (topologyKey === '') {
      problems.push(required([...at, 'topologyKey'], 'can not be empty'));
    } else {
      problems.push(
        ...qualifiedNameProblems(topologyKey).map((detail) =>
          invalid([...at, 'topologyKey'], topologyKey, detail),
        ),
      );
    }
    const actions = ['DoNotSchedule', 'ScheduleAnyway'];
    const actionPath = [...at, 'whenUnsatisfiable'];
    if (whenUnsatisfiable === '') {
      problems.push(required(actionPath, 'can not be empty'));
    } else if (!actions.includes(whenUnsatisfiable)) {
      problems.push(unsupported(actionPath, whenUnsatisfiable, actions, meant(whenUnsatisfiable, actions)));
    }
    if (labelSelector !== undefined) {
      problems.push(
        forbidden(
          [...at, 'labelSelector'],
          'constraint must not define a selector, as they deduced for each pod',
        ),
      );
    }
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) {
      problems.push(duplicate(at, pair));
    }
    seen.add(pair);
    return problems;
  });
}
