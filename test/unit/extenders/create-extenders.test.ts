import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { loadConfiguration } from '../../../src/config/load.js';
import type { EffectiveConfiguration } from '../../../src/config/scheduler-configuration.js';
import { describeError } from '../../../src/errors.js';
import { createExtenders } from '../../../src/extenders/create-extenders.js';
import type { Extenders } from '../../../src/extenders/extenders.js';
import { makePod } from '../../build-objects.js';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const made: (Extenders | undefined)[] = [];
afterEach(async () => {
  for (const extenders of made.splice(0)) await extenders?.close();
});

function load(body: string): EffectiveConfiguration {
  return loadConfiguration('config.yaml', {}, { readFile: () => head + body });
}

function create(body: string): Extenders | undefined {
  const options = {
    clock: systemClock,
    cluster: new ClusterState(),
    latest: () => undefined,
    isOurs: () => true,
  };
  const extenders = createExtenders(load(body), options);
  made.push(extenders);
  return extenders;
}

describe('the extenders of a configuration', () => {
  it('are none when it names none', () => {
    expect(create('')).toBeUndefined();
  });

  it('have the verbs of the configuration', () => {
    const extenders = create(
      'extenders: [{urlPrefix: "http://x", filterVerb: f, prioritizeVerb: p, weight: 1}]\n',
    );
    expect(extenders?.forPod(makePod())).toMatchObject({ filters: true, prioritizes: true, preempts: false });
  });

  it('are refused at the start when their certificates cannot be used', () => {
    const body =
      'extenders: [{urlPrefix: "http://x"}, {urlPrefix: "https://y", tlsConfig: {caFile: /nowhere/ca}}]\n';
    let thrown: unknown;
    try {
      create(body);
    } catch (error) {
      thrown = error;
    }
    const { line, exitCode } = describeError(thrown);
    expect(exitCode).toBe(2);
    expect(line).toContain('config.yaml: extenders[1].tlsConfig: caFile: ENOENT');
  });
});
