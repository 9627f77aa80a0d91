import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type {
  BindPlugin,
  PermitPlugin,
  PermitResult,
  PreBindPlugin,
  ReservePlugin,
} from '../../../src/framework/plugin.js';
import type { Profile } from '../../../src/framework/profile.js';
import { failure, type Status, unschedulable } from '../../../src/framework/status.js';
import {
  runBind,
  runPermit,
  runPreBind,
  runPreBindPreFlight,
  runReserve,
  runUnreserve,
} from '../../../src/scheduler/binding-cycle.js';
import { makePod } from '../../build-objects.js';
import { profileOf } from './scheduling-fixture.js';

const pod = makePod({ nodeName: 'n1' });
const { signal } = new AbortController();
let cycle: Cycle;
let calls: string[];

beforeEach(() => {
  cycle = new Cycle(pod, new ClusterState().nodes);
  calls = [];
});

function reserving(name: string, status?: Status): ReservePlugin {
  return {
    name,
    reserve: (_cycle, _pod, node) => {
      calls.push(`reserve ${name} ${node}`);
      return status;
    },
    unreserve: (_cycle, _pod, node) => void calls.push(`unreserve ${name} ${node}`),
  };
}

describe('Reserve', () => {
  it('ends with the first plugin that fails, and is taken back from the last plugin to the first', () => {
    const profile = profileOf([reserving('A'), reserving('B', unschedulable('full')), reserving('C')]);
    expect(runReserve(cycle, profile, pod)).toEqual({
      code: 'Unschedulable',
      reasons: ['full'],
      plugin: 'B',
    });
    runUnreserve(cycle, profile, pod);
    expect(calls).toEqual([
      'reserve A n1',
      'reserve B n1',
      'unreserve C n1',
      'unreserve B n1',
      'unreserve A n1',
    ]);
  });

  it("says in kube-scheduler's words where a plugin failed", () => {
    const cause = new Error('disk');
    expect(runReserve(cycle, profileOf([reserving('A', failure('broken', cause))]), pod)).toEqual({
      code: 'Error',
      reasons: ['running Reserve plugin "A": broken'],
      cause,
      plugin: 'A',
    });
  });
});

describe('a plugin that throws', () => {
  const thrower: ReservePlugin = {
    name: 'Thrower',
    reserve: () => {
      throw new Error('a fault');
    },
    unreserve: () => {
      throw new Error('another');
    },
  };

  it('has failed, with what it threw as the cause', () => {
    expect(runReserve(cycle, profileOf([thrower]), pod)).toEqual({
      code: 'Error',
      reasons: ['running Reserve plugin "Thrower": Error: a fault'],
      cause: new Error('a fault'),
      plugin: 'Thrower',
    });
  });

  it('does not keep others from giving back what they hold', () => {
    runUnreserve(cycle, profileOf([reserving('A'), thrower, reserving('B')]), pod);
    expect(calls).toEqual(['unreserve B n1', 'unreserve A n1']);
  });
});

describe('Permit', () => {
  function permitting(name: string, answer: PermitResult): PermitPlugin {
    return {
      name,
      permit: () => {
        calls.push(name);
        return answer;
      },
    };
  }

  it('gathers the waits that plugins ask for', () => {
    const wait = (milliseconds: number): PermitResult => ({ code: 'WaitUpTo', milliseconds });
    const profile = profileOf([
      permitting('A', wait(10)),
      permitting('B', undefined),
      permitting('C', wait(20)),
    ]);
    const waits = new Map([
      ['A', 10],
      ['C', 20],
    ]);
    expect(runPermit(cycle, profile, pod)).toEqual({ waits });
  });

  it('is over with the first refusal, whoever wanted to wait', () => {
    const profile = profileOf([
      permitting('A', { code: 'WaitUpTo', milliseconds: 10 }),
      permitting('B', unschedulable('no')),
      permitting('C', undefined),
    ]);
    expect(runPermit(cycle, profile, pod).status).toEqual({
      code: 'Unschedulable',
      reasons: ['no'],
      plugin: 'B',
    });
    expect(calls).toEqual(['A', 'B']);
  });
});

describe('PreBind', () => {
  function preparing(
    name: string,
    parts: Partial<PreBindPlugin> & { readonly status?: Status } = {},
  ): PreBindPlugin {
    const { status, ...methods } = parts;
    return {
      name,
      preBind: async () => {
        calls.push(name);
        return status;
      },
      ...methods,
    };
  }

  it('is for plugins that have something to do, and ends with the first that fails', async () => {
    const preFlight = runPreBindPreFlight(
      cycle,
      profileOf([
        preparing('A'),
        preparing('B', { preBindPreFlight: () => 'skip' }),
        preparing('C', { preBindPreFlight: () => undefined, status: failure('no volume') }),
        preparing('D'),
      ]),
      pod,
    );
    if (preFlight.kind === 'failed') throw new Error('PreFlight failed');
    expect(preFlight.preBind.map(({ name }) => name)).toEqual(['A', 'C', 'D']);
    expect(await runPreBind(cycle, preFlight, pod, { signal })).toMatchObject({
      code: 'Error',
      reasons: ['running PreBind plugin "C": no volume'],
    });
    expect(calls).toEqual(['A', 'C']);
  });

  it('does not begin when a plugin cannot tell whether it has something to do', () => {
    const profile = profileOf([
      preparing('A', { preBindPreFlight: () => failure('no answer') }),
      preparing('B'),
    ]);
    expect(runPreBindPreFlight(cycle, profile, pod)).toMatchObject({
      kind: 'failed',
      status: { code: 'Error', reasons: ['running PreBindPreFlight "A": no answer'], plugin: 'A' },
    });
  });

  it('hands the signal on, so that a plugin that waits can be ended', async () => {
    let handed: AbortSignal | undefined;
    const profile = profileOf([
      preparing('A', {
        preBind: async (_cycle, _pod, _node, options) => {
          handed = options?.signal;
          return undefined;
        },
      }),
    ]);
    expect(await runPreBind(cycle, profile, pod, { signal })).toBeUndefined();
    expect(handed).toBe(signal);
  });
});

describe('Bind', () => {
  function binders(...answers: (Status | undefined)[]): Profile {
    const plugins = answers.map((answer, index): BindPlugin => {
      const name = `Binder${index}`;
      return {
        name,
        bind: async () => {
          calls.push(name);
          return answer;
        },
      };
    });
    const profile = profileOf(plugins);
    return { ...profile, bind: profile.bind.filter(({ name }) => name.startsWith('Binder')) };
  }
  const skip: Status = { code: 'Skip', reasons: [] };

  it('asks one plugin after the other until one takes the pod', async () => {
    expect(await runBind(cycle, binders(skip, undefined, failure('never')), pod, { signal })).toBeUndefined();
    expect(calls).toEqual(['Binder0', 'Binder1']);
  });

  it('fails when the plugin that took the pod fails', async () => {
    expect(await runBind(cycle, binders(failure('no leader'), undefined), pod, { signal })).toMatchObject({
      code: 'Error',
      reasons: ['running Bind plugin "Binder0": no leader'],
    });
    expect(calls).toEqual(['Binder0']);
  });

  it('fails when every plugin passes the pod on', async () => {
    expect(await runBind(cycle, binders(skip, skip), pod, { signal })).toMatchObject({ code: 'Error' });
  });
});
