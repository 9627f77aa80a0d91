import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { type EnabledParts, neededAccess } from '../../../src/commands/needed-access.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { buildProfiles } from '../../../src/scheduler/build-profiles.js';
import { kindsRead } from '../../../src/scheduler/object-kinds.js';
import {
  type Binding,
  baseFolder,
  baseKustomization,
  baseObject,
  baseObjects,
  type Role,
} from './manifest-files.js';

const clusterRole = baseObject<Role>('ClusterRole');
const role = baseObject<Role>('Role');
const configuration = loadConfiguration(join(baseFolder, 'scheduler-config.yaml'));
const { namespace } = baseKustomization();

/** One right as one line: `verb group/resource/name in namespace`. */
function rightsOf({ rules, kind }: Role): string[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          (resourceNames ?? ['']).map((name) =>
            describeRight(verb, group, resource, name, kind === 'Role' ? namespace : ''),
          ),
        ),
      ),
    ),
  );
}

function describeRight(verb: string, group: string, resource: string, name: string, place: string): string {
  return `${verb} ${group === '' ? 'core' : group} ${resource}${name && ` ${name}`}${place && ` in ${place}`}`;
}

/** What the deployed configuration makes of the program. */
function enabledParts(): EnabledParts {
  const registry = createInTreeRegistry({ bind: async () => undefined });
  const profiles = [...buildProfiles(configuration, { registry, cluster: new ClusterState() }).values()];
  const enabledPlugins = new Set(profiles.flatMap(({ all }) => all.map(({ name }) => name)));
  return { configuration, watchedKinds: kindsRead(profiles, registry), enabledPlugins };
}

describe('what Berth may do', () => {
  const granted = [...rightsOf(clusterRole), ...rightsOf(role)];

  it('is what the program asks for when it starts, and the event of the election besides', () => {
    const asked = neededAccess(enabledParts()).map((access) =>
      describeRight(
        access.verb,
        access.group,
        access.subresource === undefined ? access.resource : `${access.resource}/${access.subresource}`,
        access.name ?? '',
        access.namespace ?? '',
      ),
    );
    const others = [`create core events in ${namespace}`];
    expect([...granted].sort()).toEqual([...new Set([...asked, ...others])].sort());
  });

  it('has no wildcard, no secrets, no escalation, and no update where a patch is enough', () => {
    for (const { rules } of [clusterRole, role]) {
      for (const rule of rules) {
        const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
        expect(words.filter((word) => word.includes('*'))).toEqual([]);
        expect(rule.resources).not.toContain('secrets');
        const forbidden = ['deletecollection', 'escalate', 'bind', 'impersonate'];
        expect(rule.verbs.filter((verb) => forbidden.includes(verb))).toEqual([]);
        if (!rule.resources.includes('leases')) expect(rule.verbs).not.toContain('update');
      }
    }
  });

  it('deletes pods and nothing else', () => {
    expect(granted.filter((right) => right.startsWith('delete'))).toEqual(['delete core pods']);
  });

  it('writes to nodes and to the specification of pods not at all', () => {
    const harmless = ['get', 'list', 'watch', 'delete'];
    for (const { resources, verbs } of clusterRole.rules) {
      if (resources.includes('pods') || resources.includes('nodes')) {
        expect(verbs.filter((verb) => !harmless.includes(verb))).toEqual([]);
      }
    }
  });

  it('is given to its own ServiceAccount and to nobody else', () => {
    const bindings = baseObjects().filter(({ kind }) => kind.endsWith('Binding')) as Binding[];
    expect(bindings.map(({ kind, roleRef }) => [kind, roleRef.kind, roleRef.name])).toEqual([
      ['ClusterRoleBinding', 'ClusterRole', clusterRole.metadata.name],
      ['RoleBinding', 'Role', role.metadata.name],
    ]);
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'berth', namespace }]);
    }
  });
});

describe('the configuration that is deployed', () => {
  it('is accepted without a warning', () => {
    expect(configuration.warnings).toEqual([]);
    expect(baseKustomization().configMapGenerator).toEqual([
      { name: 'berth-config', files: ['scheduler-config.yaml'] },
    ]);
  });

  it('schedules for the name berth under the Lease that the Role names', () => {
    expect(configuration.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['berth']);
    expect(configuration.leaderElection).toMatchObject({
      leaderElect: true,
      resourceName: 'berth',
      resourceNamespace: namespace,
    });
    expect(role.rules.flatMap(({ resourceNames }) => resourceNames ?? [])).toEqual([
      configuration.leaderElection.resourceName,
    ]);
  });
});
