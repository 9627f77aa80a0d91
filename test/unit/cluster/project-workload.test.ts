import { describe, expect, it } from '@jest/globals';
import { projectDisruptionBudget } from '../../../src/cluster/project-disruption-budget.js';
import {
  projectNamespace,
  projectReplicaSet,
  projectReplicationController,
  projectService,
  projectStatefulSet,
} from '../../../src/cluster/project-workload.js';
import { ProjectionError } from '../../../src/cluster/projection-error.js';
import {
  rawDisruptionBudget,
  rawNamespace,
  rawReplicaSet,
  rawReplicationController,
  rawService,
  rawStatefulSet,
  withField,
} from './raw-objects.js';

const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }],
};

describe('projected objects that say which pods belong together', () => {
  it('a Namespace has labels', () => {
    expect(projectNamespace(rawNamespace())).toEqual({
      uid: 'uid-of-team-a',
      name: 'team-a',
      resourceVersion: '7',
      labels: { team: 'a' },
    });
    expect(projectNamespace({ metadata: { name: 'bare' } }).labels).toEqual({});
  });

  it('a Service has a selector, or selects nothing', () => {
    expect(projectService(rawService())).toEqual({
      uid: 'uid-of-web',
      namespace: 'team-a',
      name: 'web',
      resourceVersion: '7',
      selector: { app: 'web' },
    });
    expect(projectService(withField(rawService(), 'spec.selector', undefined)).selector).toBeUndefined();
    expect(projectService(withField(rawService(), 'spec.selector', {})).selector).toEqual({});
  });

  it("a ReplicationController's map is a selector like the others'", () => {
    expect(projectReplicationController(rawReplicationController())).toEqual({
      apiVersion: 'v1',
      kind: 'ReplicationController',
      uid: 'uid-of-old',
      namespace: 'team-a',
      name: 'old',
      resourceVersion: '7',
      selector: { matchLabels: { app: 'old' } },
    });
    const bare = withField(rawReplicationController(), 'spec.selector', null);
    expect(projectReplicationController(bare).selector).toBeUndefined();
  });

  it('a ReplicaSet and a StatefulSet have selectors', () => {
    expect(projectReplicaSet(rawReplicaSet())).toEqual({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      uid: 'uid-of-web-7d4b9c',
      namespace: 'team-a',
      name: 'web-7d4b9c',
      resourceVersion: '7',
      selector,
    });
    expect(projectStatefulSet(rawStatefulSet())).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      name: 'db',
      selector: { matchLabels: { app: 'db' } },
    });
    expect(projectReplicaSet(withField(rawReplicaSet(), 'spec', undefined)).selector).toBeUndefined();
  });
});

describe('a projected PodDisruptionBudget', () => {
  it('holds what preemption respects', () => {
    expect(projectDisruptionBudget(rawDisruptionBudget())).toEqual({
      uid: 'uid-of-web',
      namespace: 'team-a',
      name: 'web',
      resourceVersion: '7',
      selector,
      disruptionsAllowed: 2,
      disruptedPods: new Set(['web-1', 'web-2']),
    });
  });

  it('allows nothing before its controller has counted, and tells no selector from an empty one', () => {
    const bare = { metadata: { name: 'b', namespace: 'n' }, spec: { selector: {} } };
    expect(projectDisruptionBudget(bare)).toMatchObject({
      selector: {},
      disruptionsAllowed: 0,
      disruptedPods: new Set(),
    });
    expect(projectDisruptionBudget({ ...bare, spec: null }).selector).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['spec.selector', [], 'spec.selector: expected an object, found a list of 0'],
    ['spec.selector.matchLabels', { app: 5 }, 'spec.selector.matchLabels["app"]: expected a string, found 5'],
    ['status.disruptionsAllowed', '2', 'status.disruptionsAllowed: expected an integer, found "2"'],
    ['status.disruptedPods', ['web-1'], 'status.disruptedPods: expected an object, found a list of 1'],
  ])('is refused when %s is %j', (path, value, problem) => {
    const raw = withField(rawDisruptionBudget(), path, value);
    expect(() => projectDisruptionBudget(raw)).toThrow(ProjectionError);
    expect(() => projectDisruptionBudget(raw)).toThrow(`PodDisruptionBudget team-a/web: ${problem}`);
  });
});
