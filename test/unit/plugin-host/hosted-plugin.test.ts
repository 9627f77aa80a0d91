import { describe, expect, it } from '@jest/globals';
import {
  type AnyPluginFunctions,
  definePlugin,
  type ExtensionPoint,
  failure,
  type PluginDefinition,
  StateKey,
  unresolvable,
  unschedulable,
} from '../../../src/plugin-api.js';
import { makeNode, makePod, TestCluster, type TestClusterOptions } from '../../../src/testing/testing.js';

const nodes = [makeNode({ name: 'a' }), makeNode({ name: 'b' })];

/** A plugin whose functions are whatever a test wants to give it, right or wrong. */
const plugin = (points: readonly ExtensionPoint[], functions: unknown): PluginDefinition<never> => ({
  name: 'Tried',
  points,
  create: () => functions as AnyPluginFunctions,
});

const cluster = (
  points: readonly ExtensionPoint[],
  functions: unknown,
  options: TestClusterOptions = {},
): TestCluster => new TestCluster({ nodes, plugin: plugin(points, functions), alone: true, ...options });

const never = (): never => {
  throw new TypeError('broken');
};

describe('extension points of a plugin from a module', () => {
  it('are called with the pod, the node and the attempt, in order, and may pass notes on', async () => {
    const calls: string[] = [];
    const key = new StateKey<string>('note');
    const everything = definePlugin({
      name: 'Tried',
      points: [
        'preEnqueue',
        'preFilter',
        'filter',
        'preScore',
        'score',
        'reserve',
        'permit',
        'preBind',
        'bind',
        'postBind',
      ],
      create: () => ({
        preEnqueue: (pod) => void calls.push(`preEnqueue ${pod.name}`),
        preFilter: (pod, attempt) => {
          calls.push(`preFilter ${pod.name} of ${attempt.nodeCount}`);
          attempt.write(key, 'noted');
        },
        filter: (pod, node, attempt) =>
          void calls.push(`filter ${pod.name} ${node.name} ${attempt.read(key)}`),
        preScore: (_pod, given, attempt) => {
          calls.push(`preScore ${[...given].length} ${attempt.node('a')?.name} ${attempt.node('c')?.name}`);
        },
        score: (_pod, node, attempt) => {
          calls.push(`score ${node.name} ${attempt.find(key)}`);
          return node.name === 'b' ? 1 : 0;
        },
        reserve: (pod, nodeName) => void calls.push(`reserve ${pod.name} ${nodeName}`),
        unreserve: () => void calls.push('unreserve'),
        permit: (_pod, nodeName) => void calls.push(`permit ${nodeName}`),
        preBind: async (_pod, nodeName, { signal }) =>
          void calls.push(`preBind ${nodeName} ${signal.aborted}`),
        bind: async (_pod, nodeName) => {
          calls.push(`bind ${nodeName}`);
          return 'skip';
        },
        postBind: (_pod, nodeName) => void calls.push(`postBind ${nodeName}`),
      }),
    });
    const outcome = await new TestCluster({ nodes, plugin: everything }).schedule(makePod({ name: 'p' }));
    expect(outcome).toMatchObject({ kind: 'placed', node: 'b' });
    expect(calls).toEqual([
      'preEnqueue p',
      'preFilter p of 2',
      'filter p a noted',
      'filter p b noted',
      'preScore 2 a undefined',
      'score a noted',
      'score b noted',
      'reserve p b',
      'permit b',
      'preBind b false',
      'bind b',
      'postBind b',
    ]);
  });

  it('may be methods of an object of a class', async () => {
    class Picky {
      readonly #wanted = 'b';
      filter(_pod: unknown, node: { readonly name: string }) {
        return node.name === this.#wanted ? undefined : unschedulable('not wanted');
      }
    }
    expect(await cluster(['filter'], new Picky()).schedule(makePod())).toMatchObject({ node: 'b' });
  });

  it('narrow the nodes, leave the pod alone or refuse it at PreFilter', async () => {
    const filter = () => unschedulable('not reached when skipped');
    const answer = async (preFilter: () => unknown) =>
      cluster(['preFilter', 'filter'], { preFilter, filter }).schedule(makePod());
    expect(await answer(() => 'skip')).toMatchObject({ kind: 'placed' });
    expect(await answer(() => ({ nodeNames: ['b', 'gone'] }))).toMatchObject({
      refusals: { a: "node(s) didn't satisfy plugin(s) [Tried]", b: 'not reached when skipped' },
    });
    expect(await answer(() => unresolvable('not today'))).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('not today'),
    });
  });

  it('keep a pod out of the queue at PreEnqueue', async () => {
    const functions = { preEnqueue: () => unschedulable('no quota') };
    expect(await cluster(['preEnqueue'], functions).schedule(makePod())).toMatchObject({
      kind: 'gated',
      message: 'no quota',
    });
  });

  it('score with fractions: totals count whole numbers, the rest breaks ties', async () => {
    const score = (_pod: unknown, node: { readonly name: string }) => (node.name === 'a' ? 50.2 : 50.9);
    for (let i = 0; i < 5; i++) {
      const outcome = await cluster(['score'], { score }).schedule(makePod());
      expect(outcome).toMatchObject({ node: 'b', scores: { a: { Tried: 50 }, b: { Tried: 50 } } });
    }
  });

  it('score as they mean to: the noise of floating point costs nothing', async () => {
    const score = () => 100 * (1 - 0.9);
    expect((await cluster(['score'], { score }).schedule(makePod())).scores.a).toEqual({ Tried: 10 });
  });

  it('bring raw scores into range themselves where they normalise', async () => {
    const functions = {
      score: (_pod: unknown, node: { readonly name: string }) => (node.name === 'a' ? -3 : 1_000),
      normalizeScores: (_pod: unknown, scores: Float64Array) => {
        for (const [i, score] of scores.entries()) scores[i] = score > 0 ? 99.9 : 1;
      },
    };
    expect((await cluster(['score'], functions).schedule(makePod())).scores).toEqual({
      a: { Tried: 1 },
      b: { Tried: 99 },
    });
  });

  it('promise a node to a pod that fits nowhere, knowing why', async () => {
    const told: unknown[] = [];
    const functions = {
      filter: () => unschedulable('full'),
      postFilter: (_pod: unknown, refusals: { statusOf(name: string): unknown; nodeCount: number }) => {
        told.push(refusals.nodeCount, refusals.statusOf('a'), refusals.statusOf('c'));
        return unschedulable('and nothing helps');
      },
    };
    const { message } = await cluster(['filter', 'postFilter'], functions).schedule(makePod());
    expect(told).toEqual([2, { code: 'Unschedulable', reasons: ['full'], plugin: 'Tried' }, undefined]);
    expect(message).toContain('2 full. and nothing helps');
  });

  it('hold a pod at Permit, or refuse it and take back what was reserved', async () => {
    const undone: string[] = [];
    const functions = (permit: unknown) => ({
      reserve: () => undefined,
      unreserve: (_pod: unknown, nodeName: string) => undone.push(nodeName),
      permit: () => permit,
    });
    const points = ['reserve', 'permit'] as const;
    expect((await cluster(points, functions({ waitMs: 1_000 })).schedule(makePod())).kind).toBe('held');
    expect(undone).toEqual([]);
    expect(await cluster(points, functions(unschedulable('no'))).schedule(makePod())).toMatchObject({
      kind: 'refused',
      message: 'no',
    });
    expect(undone).toHaveLength(1);
  });
});

describe('a plugin that fails', () => {
  /** What each point makes of a throw, in the words that a user reads. */
  const failing: readonly (readonly [ExtensionPoint, unknown, string])[] = [
    ['preEnqueue', { preEnqueue: never }, 'threw TypeError: broken'],
    ['preFilter', { preFilter: never }, 'running PreFilter plugin "Tried": threw TypeError: broken'],
    ['filter', { filter: never }, 'running "Tried" filter plugin: threw TypeError: broken'],
    ['preScore', { preScore: never }, 'running PreScore plugin "Tried": threw TypeError: broken'],
    ['score', { score: never }, 'running Score plugins: plugin "Tried" failed with: threw TypeError: broken'],
    [
      'score',
      { score: () => 1, normalizeScores: never },
      'running Normalize on Score plugins: plugin "Tried" failed with: threw TypeError: broken',
    ],
    [
      'reserve',
      { reserve: never, unreserve: () => undefined },
      'running Reserve plugin "Tried": threw TypeError: broken',
    ],
    ['permit', { permit: never }, 'running Permit plugin "Tried": threw TypeError: broken'],
    ['preBind', { preBind: never }, 'running PreBind plugin "Tried": threw TypeError: broken'],
    [
      'preBind',
      { preBind: async () => undefined, preBindPreFlight: never },
      'running PreBindPreFlight "Tried": threw TypeError: broken',
    ],
    ['bind', { bind: async () => never() }, 'running Bind plugin "Tried": threw TypeError: broken'],
  ];

  it.each(failing)('at %s fails the attempt and says so (%j)', async (point, functions, message) => {
    const tried = cluster([point], functions);
    expect(await tried.schedule(makePod())).toMatchObject({ kind: 'failed', message });
    expect(tried.faults).toEqual([expect.stringMatching(/^Tried at \w+: threw TypeError: broken$/)]);
  });

  it.each(failing)('at %s counts for nothing where pods may do without it', async (point, functions) => {
    const tried = new TestCluster({ nodes, plugin: plugin([point], functions), onFault: 'SkipPlugin' });
    expect(await tried.schedule(makePod())).toMatchObject({ kind: 'placed', message: '' });
    expect(tried.faults).toHaveLength(1);
  });

  it('at PostBind changes nothing: the pod is bound', async () => {
    const tried = cluster(['postBind'], { postBind: never });
    expect(await tried.schedule(makePod())).toMatchObject({ kind: 'placed' });
    expect(tried.faults).toEqual(['Tried at PostBind: threw TypeError: broken']);
  });

  it('at PostFilter leaves the message of the filters, and its own behind it', async () => {
    const functions = { filter: () => unschedulable('full'), postFilter: never };
    const { message } = await cluster(['filter', 'postFilter'], functions).schedule(makePod());
    expect(message).toBe('0/2 nodes are available: 2 full. threw TypeError: broken');
  });

  it('in one of its points has no part in the rest of the attempt', async () => {
    const calls: string[] = [];
    const functions = {
      preFilter: never,
      filter: () => void calls.push('filter'),
      score: () => calls.push('score'),
    };
    const points = ['preFilter', 'filter', 'score'] as const;
    const tried = cluster(points, functions, { onFault: 'SkipPlugin' });
    expect(await tried.schedule(makePod())).toMatchObject({ kind: 'placed', scores: { a: { Tried: 0 } } });
    expect(calls).toEqual([]);
    expect(tried.faults).toHaveLength(1);
  });

  it('half-way through the nodes leaves no refusal and no score behind where it is skipped', async () => {
    let calls = 0;
    const functions = {
      filter: () => (++calls === 1 ? unschedulable('refused before it broke') : never()),
    };
    const tried = cluster(['filter'], functions, { onFault: 'SkipPlugin' });
    const { kind, refusals } = await tried.schedule(makePod());
    expect([kind, refusals]).toEqual(['placed', {}]);

    calls = 0;
    const scores = { score: () => (++calls === 1 ? 90 : never()) };
    const scored = await cluster(['score'], scores, { onFault: 'SkipPlugin' }).schedule(makePod());
    expect(scored.scores).toEqual({ a: { Tried: 0 }, b: { Tried: 0 } });
  });

  it('by a status of failure is treated as by a throw', async () => {
    const functions = { filter: () => failure('the backend is down') };
    expect((await cluster(['filter'], functions).schedule(makePod())).message).toBe(
      'running "Tried" filter plugin: threw Error: the backend is down',
    );
  });

  it.each([
    ['undefined', undefined],
    ['a text', 'gone wrong'],
    ['an object that cannot be shown', { toString: never }],
    ['an error whose message throws', Object.defineProperty(new Error('x'), 'message', { get: never })],
  ])('by throwing %s is told all the same', async (_what, thrown) => {
    const functions = {
      filter: () => {
        throw thrown;
      },
    };
    expect((await cluster(['filter'], functions).schedule(makePod())).message).toMatch(
      /^running "Tried" filter plugin: threw (undefined|"gone wrong"|something that cannot be shown)$/,
    );
  });

  it.each([
    ['NaN', Number.NaN, 'NaN'],
    ['more than 100', 101, '101'],
    ['less than 0', -1, '-1'],
    ['infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['a text', '90', '"90"'],
    ['nothing', undefined, 'nothing'],
    ['a promise', Promise.reject(new Error('late')), 'a promise (it must not be async)'],
  ])('with a score of %s is told what it returned', async (_what, value, shown) => {
    const { message } = await cluster(['score'], { score: () => value }).schedule(makePod());
    expect(message).toBe(
      `running Score plugins: plugin "Tried" failed with: score() returned ${shown} for node a; it has to return a number from 0 to 100`,
    );
  });

  it.each([
    [
      'filter',
      true,
      "filter() returned true; it has to return nothing, or a status such as unschedulable('why')",
    ],
    [
      'filter',
      { code: 'Wait', reasons: [] },
      "filter() returned a status Wait; it may refuse with unschedulable('why') or unresolvable('why')",
    ],
    ['preFilter', { nodeNames: [1] }, 'preFilter() returned nodeNames that are no list of names'],
    ['preScore', unschedulable('no'), "preScore() returned a refusal; it has to return nothing or 'skip'"],
    ['permit', { waitMs: '1s' }, 'permit() returned waitMs "1s"; it has to be milliseconds'],
    [
      'preBind',
      Promise.resolve(5),
      "preBind() returned 5; it has to return nothing, or a status such as unschedulable('why')",
    ],
  ] as const)('with a wrong answer at %s is told what it returned (%j)', async (point, value, text) => {
    const { kind, message } = await cluster([point], { [point]: () => value }).schedule(makePod());
    expect([kind, message]).toEqual(['failed', expect.stringContaining(text)]);
  });

  it.each(['filter', 'score'] as const)('by taking too long at %s is interrupted', async (point) => {
    const functions = {
      [point]: () => {
        for (;;);
      },
    };
    const { message } = await cluster([point], functions, { timeLimitMs: 50 }).schedule(makePod());
    expect(message).toMatch(/^running .*Tried.*: took longer than its time limit of 50ms$/);
  });

  it('by waiting too long at PreBind is told to stop, and the pod goes back', async () => {
    let stopped = false;
    const functions = {
      preBind: (_pod: unknown, _node: string, { signal }: { readonly signal: AbortSignal }) =>
        new Promise(() =>
          signal.addEventListener('abort', () => {
            stopped = true;
          }),
        ),
    };
    const tried = cluster(['preBind'], functions);
    const outcome = tried.schedule(makePod());
    await tried.advance(10_000);
    expect((await outcome).message).toBe(
      'running PreBind plugin "Tried": took longer than its time limit of 10000ms',
    );
    expect(stopped).toBe(true);
  });

  it('too often is not called for a while, and the pod is told why and for how long', async () => {
    let calls = 0;
    const functions = {
      filter: () => {
        calls += 1;
        never();
      },
    };
    const tried = cluster(['filter'], functions);
    for (let i = 0; i < 5; i++) await tried.schedule(makePod());
    expect(calls).toBe(5);
    expect((await tried.schedule(makePod())).message).toBe(
      'running "Tried" filter plugin: it failed too often and is tried again in 30s; last it threw TypeError: broken',
    );
    expect(calls).toBe(5);
    await tried.advance(30_000);
    await tried.schedule(makePod());
    expect(calls).toBe(6);
  });

  it('is still told to give back what it reserved', async () => {
    const calls: string[] = [];
    const functions = {
      reserve: () => {
        calls.push('reserve');
        never();
      },
      unreserve: () => calls.push('unreserve'),
    };
    const tried = cluster(['reserve'], functions);
    for (let i = 0; i < 6; i++) await tried.schedule(makePod());
    expect(calls).toEqual(Array.from({ length: 5 }, () => ['reserve', 'unreserve']).flat());
  });
});

describe('the order of a queue by keys', () => {
  const order = (queueKey: unknown, ...names: string[]) =>
    cluster(['queueSort'], { queueKey })
      .order(names.map((name) => makePod({ name, labels: { at: name }, priority: name.length })))
      .map(({ name }) => name);

  it.each([
    ['numbers', (pod: { name: string }) => Number(pod.name), ['10', '9', '-1'], ['-1', '9', '10']],
    ['texts', (pod: { name: string }) => pod.name, ['b', 'a', 'B'], ['B', 'a', 'b']],
    [
      'lists, part by part',
      (pod: { name: string }) => [pod.name.length, pod.name],
      ['bb', 'c', 'ba'],
      ['c', 'ba', 'bb'],
    ],
    ['shorter lists before longer ones', (pod: { name: string }) => [...pod.name], ['ab', 'a'], ['a', 'ab']],
    [
      'numbers before texts',
      (pod: { name: string }) => (pod.name === 'n' ? 7 : pod.name),
      ['a', 'n'],
      ['n', 'a'],
    ],
    ['the time they were queued', (_pod: unknown, queuedAt: number) => -queuedAt, ['a', 'b'], ['b', 'a']],
  ])('is that of %s', (_what, queueKey, given, sorted) => {
    expect(order(queueKey, ...given)).toEqual(sorted);
  });

  it('asks once for each stay in the queue', () => {
    let calls = 0;
    order(() => ++calls, 'a', 'b', 'c', 'd', 'e', 'f');
    expect(calls).toBe(6);
  });

  it('puts pods that the plugin fails over last, by priority', () => {
    const broken = (pod: { name: string }) => (pod.name.startsWith('x') ? Number.NaN : 5);
    expect(order(broken, 'x', 'xxx', 'a', 'xx')).toEqual(['a', 'xxx', 'xx', 'x']);
  });
});

describe('hints of a plugin', () => {
  it('that fail let the pod be tried: it must not be stranded', () => {
    const definition = plugin(['filter'], {
      filter: () => undefined,
      events: [
        { resource: 'Node', action: 1, hint: never },
        { resource: 'Node', action: 2, hint: () => 'Perhaps' },
        { resource: 'Node', action: 4, hint: () => 'Skip' },
      ],
    });
    const tried = new TestCluster({ plugin: definition, alone: true });
    expect(tried.hint({ resource: 'Node', action: 1 }, makePod())).toBe('Queue');
    expect(tried.hint({ resource: 'Node', action: 2 }, makePod())).toBe('Queue');
    expect(tried.hint({ resource: 'Node', action: 4 }, makePod())).toBe('Skip');
    expect(tried.hint({ resource: 'AssignedPod', action: 2 }, makePod())).toBe('Skip');
    expect(tried.faults).toEqual([
      'Tried at QueueingHint: threw TypeError: broken',
      "Tried at QueueingHint: hint() returned \"Perhaps\"; it has to return 'Queue' or 'Skip'",
    ]);
  });
});
