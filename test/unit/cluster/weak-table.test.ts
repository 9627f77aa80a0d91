import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { WeakTable } from '../../../src/cluster/weak-table.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * A reference stays valid until its turn ends, and clean-up comes some turns after the collection. A collection of a worker's whole heap
 * may take a second on a busy machine: there are few of them, and time after each.
 */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let collections = 0; collections < 8 && !done(); collections++) {
    await turn();
    collectGarbage();
    for (let pauses = 0; pauses < 20 && !done(); pauses++) await sleep(5);
  }
}

describe('a weak table', () => {
  it('gives back what is still in use', async () => {
    const table = new WeakTable<object, string>();
    const value = {};
    table.set('a', value, 'extra');
    await turn();
    collectGarbage();
    await turn();
    expect(table.get('a')).toEqual({ value, extra: 'extra' });
    expect(table.get('a')?.value).toBe(value);
    expect(table.get('b')).toBeUndefined();
  });

  it('drops an entry once nobody uses its value', async () => {
    const table = new WeakTable<object, string>();
    const fill = () => {
      for (let i = 0; i < 100; i++) table.set(`key-${i}`, { i }, 'extra');
    };
    fill();
    expect(table.size).toBe(100);
    await collectUntil(() => table.size === 0);
    expect(table.size).toBe(0);
  });

  it('keeps a live entry that took the key of a collected one', async () => {
    const table = new WeakTable<object, string>();
    const witness = new WeakTable<object, string>();
    const live = {};
    const fill = () => {
      const old = {};
      table.set('a', old, 'old');
      witness.set('a', old, 'old');
    };
    fill();
    table.set('a', live, 'new');
    await collectUntil(() => witness.size === 0);
    await turn();
    expect(witness.size).toBe(0);
    expect(table.get('a')).toEqual({ value: live, extra: 'new' });
  });
});
