import { describe, expect, it } from '@jest/globals';
import type { Manifest, OracleCase } from '../../oracle/case.js';
import { shrink } from '../../oracle/shrink.js';

const object = (kind: string, name: string, spec = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  spec,
});

describe('shrinking a case', () => {
  const large: OracleCase = {
    name: 'large',
    seed: 1,
    profile: 'mixed',
    config: { profiles: [] },
    objects: Array.from({ length: 20 }, (_, index) =>
      object('Node', `n${index}`, { taints: ['a', 'b', 'c'] }),
    ),
    pending: ['x', 'y', 'z'].map((name) => object('Pod', name, { tolerations: ['t'], nodeSelector: {} })),
  };

  it('leaves what is needed and nothing else', async () => {
    const small = await shrink(large, async ({ objects, pending }) => {
      const node = objects.find(({ metadata }) => metadata.name === 'n13');
      const pod = pending.find(({ metadata }) => metadata.name === 'y');
      return pod?.spec.tolerations !== undefined && (node?.spec.taints?.includes('b') ?? false);
    });
    expect(small).toEqual({
      name: 'large',
      seed: 1,
      profile: 'mixed',
      objects: [object('Node', 'n13', { taints: ['b'] })],
      pending: [object('Pod', 'y', { tolerations: ['t'] })],
    });
  });

  it('leaves the case as it is when every part is needed', async () => {
    expect(await shrink(large, async () => false)).toBe(large);
  });
});
