import { describe, expect, it } from '@jest/globals';
import { loadConfiguration } from '../../../src/config/load.js';
import { toVersioned, toWritten } from '../../../src/config/versioned.js';
import { toYaml } from '../../../src/config/yaml-text.js';

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };

function load(fields: object) {
  return loadConfiguration('c', {}, { readFile: () => JSON.stringify({ ...head, ...fields }) });
}

type Written = {
  profiles: { plugins: Record<string, object>; pluginConfig?: { name: string; args: object }[] }[];
};

describe('the configuration as kube-scheduler writes it', () => {
  it('can be loaded again and is the same', () => {
    const first = toWritten(
      load({
        clientConnection: { qps: 0.1 },
        extenders: [{ urlPrefix: 'http://x', tlsConfig: { keyData: 'c2VjcmV0' }, httpTimeout: '1.5s' }],
        profiles: [
          { schedulerName: 'a', plugins: { score: { disabled: [{ name: 'ImageLocality' }] } } },
          {
            schedulerName: 'b',
            pluginConfig: [
              { name: 'DynamicResources', args: { filterTimeout: '1m' } },
              {
                name: 'NodeAffinity',
                args: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } },
              },
            ],
          },
        ],
      }),
      { showKeys: true },
    );
    const text = toYaml(first);
    expect(toWritten(loadConfiguration('c', {}, { readFile: () => text }), { showKeys: true })).toEqual(
      first,
    );
  });

  it('has every extension point, and weight 0 where none is given', () => {
    const { profiles } = toWritten(load({})) as Written;
    expect(Object.keys(profiles[0]!.plugins)).toHaveLength(16);
    expect(profiles[0]!.plugins.podGroupPostFilter).toEqual({});
    expect(profiles[0]!.plugins.multiPoint).toMatchObject({
      enabled: { 0: { name: 'SchedulingGates', weight: 0 } },
    });
  });

  it('has the arguments of plugins that are made, sorted by name; shown at work it has all, in order', () => {
    const configuration = load({
      profiles: [
        {
          schedulerName: 'a',
          plugins: { multiPoint: { disabled: [{ name: 'VolumeBinding' }] } },
          pluginConfig: [
            { name: 'VolumeBinding' },
            { name: 'NodeName', args: { x: 1 } },
            { name: 'ImageLocality' },
          ],
        },
      ],
    });
    const names = (data: Record<string, unknown>) =>
      (data as Written).profiles[0]!.pluginConfig!.map(({ name }) => name);
    expect(names(toWritten(configuration))).toEqual([
      'DefaultPreemption',
      'DynamicResources',
      'InterPodAffinity',
      'NodeAffinity',
      'NodeName',
      'NodeResourcesBalancedAllocation',
      'NodeResourcesFit',
      'PodTopologySpread',
    ]);
    expect(names(toVersioned(configuration)).slice(0, 4)).toEqual([
      'VolumeBinding',
      'NodeName',
      'ImageLocality',
      'DefaultPreemption',
    ]);
  });

  it('leaves out of extenders what is not given', () => {
    const { extenders } = toWritten(
      load({ extenders: [{}, { weight: 2, managedResources: [{ name: 'a.b/c' }] }] }),
    );
    expect(extenders).toEqual([
      { urlPrefix: '', httpTimeout: '5s' },
      { urlPrefix: '', weight: 2, httpTimeout: '5s', managedResources: [{ name: 'a.b/c' }] },
    ]);
  });

  it('leaves resources that extenders look after out of account, in place of those of the file', () => {
    const { profiles } = toWritten(
      load({
        extenders: [{ managedResources: [{ name: 'a.b/c', ignoredByScheduler: true }, { name: 'a.b/d' }] }],
        profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { ignoredResources: ['z.z/y'] } }] }],
      }),
    ) as Written;
    const fit = profiles[0]!.pluginConfig!.find(({ name }) => name === 'NodeResourcesFit');
    expect(fit?.args).toMatchObject({ ignoredResources: ['a.b/c'] });
  });

  it('does not show keys of extenders unless it is asked to', () => {
    const configuration = load({ extenders: [{ tlsConfig: { keyData: 'c2VjcmV0', certData: 'YQ==' } }] });
    expect(JSON.stringify(toVersioned(configuration))).not.toContain('c2VjcmV0');
    expect(toVersioned(configuration)).toMatchObject({
      extenders: [{ tlsConfig: { keyData: 'DATA+OMITTED', certData: 'YQ==' } }],
    });
    expect(JSON.stringify(toVersioned(configuration, { showKeys: true }))).toContain('c2VjcmV0');
  });

  it('shows rates as the single precision numbers that they are', () => {
    expect(toWritten(load({ clientConnection: { qps: 16_777_217 } }))).toMatchObject({
      clientConnection: { qps: 16_777_216 },
    });
    expect(toWritten(load({ clientConnection: { qps: 33.3 } }))).toMatchObject({
      clientConnection: { qps: 33.3 },
    });
  });
});
