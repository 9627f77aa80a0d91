import { describe, expect, it } from '@jest/globals';
import { AssumableTable } from '../../../src/cluster/assumable-table.js';
import { projectPersistentVolumeClaim } from '../../../src/cluster/project-volume-claim.js';
import type { PersistentVolumeClaim } from '../../../src/cluster/storage.js';
import { rawClaim } from './raw-objects.js';

const claim = projectPersistentVolumeClaim(rawClaim());
const { name, namespace } = claim;
const assumed = { ...claim, selectedNode: 'n2' };
const newer = { ...claim, resourceVersion: '8' };

function tableOf(...claims: readonly PersistentVolumeClaim[]): AssumableTable<PersistentVolumeClaim> {
  const table = new AssumableTable<PersistentVolumeClaim>();
  for (const each of claims) table.set(each);
  return table;
}

describe('objects that may be assumed to have changed', () => {
  it('are found as assumed, and also as delivered', () => {
    const table = tableOf(claim);
    expect(table.isAssumed(name, namespace)).toBe(false);
    expect(table.assume(assumed)).toBe(true);
    expect(table.isAssumed(name, namespace)).toBe(true);
    expect(table.get(name, namespace)).toBe(assumed);
    expect([...table.values()]).toEqual([assumed]);
    expect(table.delivered(name, namespace)).toBe(claim);
  });

  it('are as delivered again when the assumption is taken back, even one upon another', () => {
    const table = tableOf(claim);
    table.assume(assumed);
    table.assume({ ...assumed, selectedNode: 'n3' });
    table.restore(name, namespace);
    expect(table.get(name, namespace)).toBe(claim);
    expect(table.isAssumed(name, namespace)).toBe(false);
    const { version } = table;
    table.restore(name, namespace);
    expect(table.version).toBe(version);
  });

  it('lose the assumption when the watch delivers another version', () => {
    const table = tableOf(claim);
    table.assume(assumed);
    table.set(newer);
    expect(table.get(name, namespace)).toBe(newer);
    table.restore(name, namespace);
    expect(table.get(name, namespace)).toBe(newer);
    expect(table.delivered(name, namespace)).toBe(newer);
  });

  it('cannot be assumed from a version that is not the newest, nor when they are gone', () => {
    const table = tableOf(newer);
    expect(table.assume(assumed)).toBe(false);
    expect(table.get(name, namespace)).toBe(newer);
    table.delete(claim);
    expect(table.assume({ ...newer, selectedNode: 'n2' })).toBe(false);
    expect(table.size).toBe(0);
  });

  it('are gone for good when the watch says so, assumed or not', () => {
    const table = tableOf(claim);
    table.assume(assumed);
    table.delete(claim);
    table.restore(name, namespace);
    expect([table.get(name, namespace), table.delivered(name, namespace), table.size]).toEqual([
      undefined,
      undefined,
      0,
    ]);
  });

  it('count every version as a change: who keeps objects must not assume from an old one', () => {
    const table = tableOf(claim);
    const before = table.version;
    table.set(newer);
    expect(table.version).toBe(before + 1);
    table.assume({ ...newer, selectedNode: 'n2' });
    table.restore(name, namespace);
    expect(table.version).toBe(before + 3);
  });
});
