import { describe, expect, it } from '@jest/globals';
import { ObjectTable } from '../../../src/cluster/object-table.js';
import { projectCsiNode } from '../../../src/cluster/project-csi.js';
import { projectReplicaSet } from '../../../src/cluster/project-workload.js';
import { rawCsiNode, rawReplicaSet, withField } from './raw-objects.js';

const replicaSet = projectReplicaSet(rawReplicaSet());

describe('a table of objects', () => {
  it('finds by namespace and name, and keeps namesakes of other namespaces apart', () => {
    const table = new ObjectTable<{ namespace?: string; name: string; n: number }>();
    const [a, b, outside] = [
      { namespace: 'a', name: 'x', n: 1 },
      { namespace: 'b', name: 'x', n: 2 },
      { name: 'x', n: 3 },
    ];
    for (const object of [a, b, outside]) table.set(object);
    expect([table.get('x', 'a'), table.get('x', 'b'), table.get('x')]).toEqual([a, b, outside]);
    expect([...table.values()]).toEqual([a, b, outside]);
    table.delete({ namespace: 'a', name: 'x' });
    expect([table.get('x', 'a'), table.get('x', 'b'), table.size]).toEqual([undefined, b, 2]);
  });

  it('counts a change for each object that comes, goes or is another', () => {
    const table = new ObjectTable<typeof replicaSet>();
    const versions = [table.version];
    const steps = [
      () => table.set(replicaSet),
      () => table.set({ ...replicaSet, selector: { matchLabels: { app: 'other' } } }),
      () => table.set({ ...replicaSet, selector: undefined }),
      () => table.set({ ...replicaSet, uid: 'made anew' }),
      () => table.delete(replicaSet),
    ];
    for (const step of steps) {
      step();
      versions.push(table.version);
    }
    expect(new Set(versions).size).toBe(steps.length + 1);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it('stands still while an object only comes in another version, which it keeps nevertheless', () => {
    const table = new ObjectTable<typeof replicaSet>();
    table.set(replicaSet);
    const before = table.version;
    const counted = withField(rawReplicaSet(), 'metadata.resourceVersion', '8');
    table.set(projectReplicaSet(withField(counted, 'status.replicas', 5)));
    table.delete({ namespace: 'team-a', name: 'never there' });
    expect(table.version).toBe(before);
    expect(table.get(replicaSet.name, replicaSet.namespace)?.resourceVersion).toBe('8');
  });

  it('looks into maps and sets for changes', () => {
    const table = new ObjectTable<ReturnType<typeof projectCsiNode>>();
    table.set(projectCsiNode(rawCsiNode()));
    const before = table.version;
    table.set(projectCsiNode(rawCsiNode()));
    expect(table.version).toBe(before);
    const drivers = [{ name: 'csi.example.com', allocatable: { count: 13 } }, { name: 'free.example.com' }];
    table.set(projectCsiNode(withField(rawCsiNode(), 'spec.drivers', drivers)));
    expect(table.version).toBe(before + 1);
  });
});
