import { compilePreferredTerms, compileStrictNodeSelector } from '../kube/node-selector.js';
import { formatDuration } from './duration.js';
import {
  duplicate,
  type FieldPath,
  type FieldProblem,
  forbidden,
  invalid,
  required,
  unsupported,
  Verbatim,
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
import { isQualifiedName } from './qualified-name.js';

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
      ? [invalid([...path, 'filterTimeout'], shown(filterTimeoutMs), 'must be zero or positive')]
      : []),
    ...(bindingTimeoutMs < 1_000
      ? [invalid([...path, 'bindingTimeout'], shown(bindingTimeoutMs), 'must be at least 1 second')]
      : []),
  ],

  InterPodAffinity: ({ hardPodAffinityWeight: weight }, path) =>
    weight < 0 || weight > 100
      ? [invalid([...path, 'hardPodAffinityWeight'], weight, 'not in valid range [0, 100]')]
      : [],

  NodeAffinity: ({ addedAffinity }, path) => {
    const affinityPath = [...path, 'addedAffinity'];
    const problems: FieldProblem[] = [];
    const selector = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const compiled = selector && compileStrictNodeSelector(selector);
    if (compiled?.ok === false) {
      problems.push({
        path: [...affinityPath, 'requiredDuringSchedulingIgnoredDuringExecution'],
        text: compiled.error,
      });
    }
    const preferred = compilePreferredTerms(addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    if (!preferred.ok) {
      problems.push({
        path: [...affinityPath, 'preferredDuringSchedulingIgnoredDuringExecution'],
        text: preferred.error,
      });
    }
    return problems;
  },

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
    if (defaultingType !== 'System' && defaultingType !== 'List') {
      return [unsupported(typePath, defaultingType, ['System', 'List'])];
    }
    if (defaultingType === 'System' && defaultConstraints.length > 0) {
      return [invalid(typePath, defaultingType, 'when .defaultConstraints are not empty')];
    }
    return constraintProblems(defaultConstraints, [...path, 'defaultConstraints']);
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
  const problems: FieldProblem[] = [];
  args.ignoredResources?.forEach((name, index) => {
    if (!isQualifiedName(name)) {
      problems.push(invalid([...path, 'ignoredResources', index], name, 'must be a qualified name'));
    }
  });
  args.ignoredResourceGroups?.forEach((group, index) => {
    const groupPath = [...path, 'ignoredResourceGroups', index];
    if (group.includes('/')) {
      problems.push(invalid(groupPath, group, "resource group name can't contain '/'"));
    } else if (!isQualifiedName(group)) {
      problems.push(invalid(groupPath, group, 'must be a qualified name'));
    }
  });
  return problems;
}

function scoringStrategyProblems({ scoringStrategy }: NodeResourcesFitArgs, path: FieldPath): FieldProblem[] {
  const { type, resources, requestedToCapacityRatio: ratio } = scoringStrategy;
  const types = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];
  const problems: FieldProblem[] = types.includes(type)
    ? weightProblems(resources, [...path, 'resources'])
    : [unsupported([...path, 'type'], type, types)];
  const ratioPath = [...path, 'requestedToCapacityRatio'];
  if (type === 'RequestedToCapacityRatio') {
    problems.push(
      ...(ratio === undefined
        ? [required(ratioPath)]
        : shapeProblems(ratio.shape ?? [], [...ratioPath, 'shape'])),
    );
  } else if (ratio !== undefined) {
    problems.push(forbidden(ratioPath, 'only with type RequestedToCapacityRatio'));
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
  shape.forEach(({ utilization, score }, index) => {
    const previous = shape[index - 1];
    const utilizationPath = [...path, index, 'utilization'];
    if (utilization < 0 || utilization > 100) {
      problems.push(invalid(utilizationPath, utilization, 'not in valid range [0, 100]'));
    }
    if (previous !== undefined && utilization <= previous.utilization) {
      problems.push(invalid(utilizationPath, utilization, 'values must be sorted in increasing order'));
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
    } else if (!isQualifiedName(topologyKey)) {
      problems.push(invalid([...at, 'topologyKey'], topologyKey, 'must be a qualified name'));
    }
    const actions = ['DoNotSchedule', 'ScheduleAnyway'];
    if (!actions.includes(whenUnsatisfiable)) {
      problems.push(unsupported([...at, 'whenUnsatisfiable'], whenUnsatisfiable, actions));
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

function shown(ms: number): Verbatim {
  return new Verbatim(formatDuration(ms));
}
