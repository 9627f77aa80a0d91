import { describe, expect, it } from '@jest/globals';
import { describeError } from '../../../src/errors.js';
import { loadPluginModule } from '../../../src/plugin-host/load-plugin-module.js';
import type { ImportPluginModule } from '../../../src/plugin-host/module-importer.js';
import { TrialFailed } from '../../../src/plugin-host/module-trial.js';

const plugin = { name: 'Mine', points: ['score'], create: () => ({ score: () => 1 }) };
const module = { name: 'Mine', module: './mine.ts', folder: '/plugins', where: 'berth.yaml:9:12' };

/** Whatever happens, in the order in which it happens. */
function importer(trial: () => Promise<void>) {
  const calls: string[] = [];
  const importModule: ImportPluginModule = Object.assign(
    async () => {
      calls.push('import');
      return { plugin };
    },
    {
      trial: async () => {
        calls.push('trial');
        await trial();
        calls.push('trial is over');
      },
    },
  );
  return { calls, importModule };
}

async function refusal(importModule: ImportPluginModule): Promise<string> {
  const error: unknown = await loadPluginModule(module, { importModule, generation: '1' }).catch(
    (thrown: unknown) => thrown,
  );
  return describeError(error).line;
}

describe('a module', () => {
  it('is tried before it is imported', async () => {
    const { calls, importModule } = importer(async () => {});
    const { definition } = await loadPluginModule(module, { importModule, generation: '1' });
    expect([definition, calls]).toEqual([plugin, ['trial', 'trial is over', 'import']]);
  });

  it('that fails its trial is refused with its file, and not imported', async () => {
    const { calls, importModule } = importer(async () => {
      throw new TrialFailed('it would hang');
    });
    expect(await refusal(importModule)).toContain('/plugins/mine.ts:1:1: it would hang');
    expect(calls).toEqual(['trial']);
  });

  it('that fails its trial at a known place is refused with that', async () => {
    const { importModule } = importer(async () => {
      throw new TrialFailed('it would end', { file: '/plugins/lib/other.ts', line: 4, column: 2 });
    });
    expect(await refusal(importModule)).toContain('/plugins/lib/other.ts:4:2: it would end');
  });
});
