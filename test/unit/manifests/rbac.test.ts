import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { type EnabledParts, neededAccess } from '../../../src/commands/needed-access.js';
import { loadConfiguration } from '../../../src/config/load.js';
import type { EffectiveConfiguration } from '../../../src/config/scheduler-configuration.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { buildProfiles } from '../../../src/scheduler/build-profiles.js';
import { kindsRead } from '../../../src/scheduler/object-kinds.js';
import {
  type Binding,
  baseFolder,
  baseObject,
  baseObjects,
  projectFolder,
  type Role,
} from './manifest-files.js';

const namespace = 'berth-system';
const configuration = loadConfiguration(join(baseFolder, 'scheduler-config.yaml'));
const isRole = ({ kind }: { readonly kind: string }): boolean => kind === 'ClusterRole' || kind === 'Role';
const bindings = baseObjects().filter(({ kind }) => kind.endsWith('Binding')) as Binding[];
/** What is granted to Berth, each role by its name. */
const roles = (baseObjects().filter(isRole) as Role[]).filter(({ kind, metadata }) =>
  bindings.some(({ roleRef }) => roleRef.kind === kind && roleRef.name === metadata.name),
);
const leaderElection = baseObject<Role>('Role', 'berth-leader-election');
/** What the secure port asks of the API server to find out who comes. */
const serving = [
  'create authentication.k8s.io tokenreviews',
  'create authorization.k8s.io subjectaccessreviews',
  'get core configmaps extension-apiserver-authentication in kube-system',
];

/** One right as one line: `verb group/resource/name in namespace`. */
function rightsOf({ rules, metadata }: Role): string[] {
  return rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          (resourceNames ?? ['']).map((name) =>
            describeRight(verb, group, resource, name, metadata.namespace ?? ''),
          ),
        ),
      ),
    ),
  );
}

function describeRight(verb: string, group: string, resource: string, name: string, place: string): string {
  return `${verb} ${group === '' ? 'core' : group} ${resource}${name && ` ${name}`}${place && ` in ${place}`}`;
}

/** What a configuration makes of the program. */
function enabledParts(configuration: EffectiveConfiguration): EnabledParts {
  const registry = createInTreeRegistry({ bind: async () => undefined });
  const profiles = [...buildProfiles(configuration, { registry, cluster: new ClusterState() }).values()];
  const enabledPlugins = new Set(profiles.flatMap(({ all }) => all.map(({ name }) => name)));
  return { configuration, watchedKinds: kindsRead(profiles, registry), enabledPlugins };
}

/** What the program asks for when it starts, as {@link rightsOf} words it. */
function asked(configuration: EffectiveConfiguration): Set<string> {
  return new Set(
    neededAccess(enabledParts(configuration)).map((access) =>
      describeRight(
        access.verb,
        access.group,
        access.subresource === undefined ? access.resource : `${access.resource}/${access.subresource}`,
        access.name ?? '',
        access.namespace ?? '',
      ),
    ),
  );
}

describe('what Berth may do', () => {
  const granted = roles.flatMap(rightsOf);
  const others = [`create core events in ${namespace}`, ...serving];

  it('is what the program asks for, and the event of the election besides', () => {
    expect([...granted].sort()).toEqual([...asked(configuration), ...others].sort());
  });

  it.each([['berth-preemption', 'manifests/components/without-preemption/scheduler-config.yaml']])(
    'is what the program asks for without the role %s and what needs it',
    (left, path) => {
      const without = loadConfiguration(join(projectFolder, path));
      const kept = roles.filter(({ metadata }) => metadata.name !== left);
      expect(kept).toHaveLength(roles.length - 1);
      expect(kept.flatMap(rightsOf).sort()).toEqual([...asked(without), ...others].sort());
    },
  );

  it('has no wildcard, no secrets, no escalation, and no update where a patch is enough', () => {
    for (const { rules } of roles) {
      for (const rule of rules) {
        const { apiGroups = [], resources = [] } = rule;
        const words = [...apiGroups, ...resources, ...rule.verbs];
        expect(words.filter((word) => word.includes('*'))).toEqual([]);
        expect(resources).not.toContain('secrets');
        const forbidden = ['deletecollection', 'escalate', 'bind', 'impersonate'];
        expect(rule.verbs.filter((verb) => forbidden.includes(verb))).toEqual([]);
        if (!resources.includes('leases')) expect(rule.verbs).not.toContain('update');
      }
    }
  });

  it('deletes pods and nothing else', () => {
    expect(granted.filter((right) => right.startsWith('delete'))).toEqual(['delete core pods']);
  });

  it('writes to nodes and to the specification of pods not at all', () => {
    const harmless = ['get', 'list', 'watch', 'delete'];
    for (const { resources = [], verbs } of roles.flatMap(({ rules }) => rules)) {
      if (resources.includes('pods') || resources.includes('nodes')) {
        expect(verbs.filter((verb) => !harmless.includes(verb))).toEqual([]);
      }
    }
  });

  it('is given to its own ServiceAccount and to nobody else, each role by a binding of its name', () => {
    expect(bindings.map(({ kind, roleRef }) => [kind, roleRef.kind, roleRef.name])).toEqual(
      roles.map(({ kind, metadata }) => [`${kind}Binding`, kind, metadata.name]),
    );
    for (const { metadata, roleRef, subjects } of bindings) {
      expect(roleRef.name).toBe(metadata.name);
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'berth', namespace }]);
    }
  });

  it('does not include what is there for those who scrape', () => {
    const bound = new Set(roles.map(({ metadata }) => metadata.name));
    const unbound = (baseObjects().filter(isRole) as Role[]).filter(
      ({ metadata }) => !bound.has(metadata.name),
    );
    expect(unbound.map(({ metadata, rules }) => [metadata.name, rules])).toEqual([
      ['berth-metrics-reader', [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }]],
    ]);
  });
});

describe('the configuration that is deployed', () => {
  it('is accepted without a warning', () => {
    expect(configuration.warnings).toEqual([]);
  });

  it('schedules for the name berth under the Lease that the Role names', () => {
    expect(configuration.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['berth']);
    expect(configuration.leaderElection).toMatchObject({
      leaderElect: true,
      resourceName: 'berth',
      resourceNamespace: namespace,
    });
    expect(leaderElection.rules.flatMap(({ resourceNames }) => resourceNames ?? [])).toEqual([
      configuration.leaderElection.resourceName,
    ]);
  });
});
