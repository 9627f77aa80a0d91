import { beforeEach, describe, expect, it } from '@jest/globals';
import { type PodParts, rawNode, rawPod } from '../../build-objects.js';
import type { LeaseObject, NodeObject, PodObject } from '../../faults/api-objects.js';
import { auditBindings } from '../../faults/binding-audit.js';
import { type BelievedState, cacheDivergence } from '../../faults/cache-comparison.js';
import { ClusterHistory } from '../../faults/cluster-history.js';
import { auditConditions } from '../../faults/condition-audit.js';
import { auditConduct } from '../../faults/conduct-audit.js';
import type { Evidence, Verdict } from '../../faults/evidence.js';
import { Knowledge } from '../../faults/knowledge.js';
import type { RequestRecord } from '../../faults/request-log.js';

/** Milliseconds after which everything is held to be known. */
const slackMs = 100;

/** A history made up event by event; each event has the next version and comes ten milliseconds after the one before. */
class Story {
  readonly history = new ClusterHistory();
  readonly knowledge = [new Knowledge(), new Knowledge()];
  readonly log: RequestRecord[] = [];
  readonly identities = new Map<string, number>();
  readonly boundByOther = new Set<string>();
  now = 1_000;
  #version = 0;
  readonly #pods = new Map<string, PodObject>();

  /** Lets time pass, and tells the processes of everything there is. */
  settle(...generations: number[]): void {
    for (const generation of generations.length === 0 ? [0, 1] : generations)
      for (const resource of ['pods', 'nodes'])
        this.knowledge[generation]!.told(resource, { at: this.now, version: this.#version });
    this.now += 1_000;
  }

  node(name: string, parts: Parameters<typeof rawNode>[0] = {}): void {
    const raw = rawNode({ name, ...parts }) as unknown as NodeObject;
    this.history.nodes.record('MODIFIED', this.#stamped(raw), this.now);
  }

  pod(name: string, parts: PodParts = {}): void {
    const raw = rawPod({ name, uid: `uid-${name}`, ...parts }) as unknown as PodObject;
    this.#pods.set(name, raw);
    this.history.pods.record('ADDED', this.#stamped(raw), this.now);
  }

  gone(name: string): void {
    this.history.pods.record('DELETED', this.#stamped(this.#pods.get(name)!), this.now);
  }

  /** The process asks for a binding, and the server grants it unless told otherwise. */
  bind(name: string, node: string, options: Partial<RequestRecord> = {}): void {
    this.request('bind', name, { target: node, uid: `uid-${name}`, code: 201, ...options });
    if ((options.code ?? 201) === 201) this.nodeOf(name, node);
  }

  nodeOf(name: string, nodeName: string, status: object = { phase: 'Pending' }): void {
    const pod = this.#pods.get(name)!;
    const changed = { ...pod, spec: { ...pod.spec, nodeName }, status } as PodObject;
    this.#pods.set(name, changed);
    this.history.pods.record('MODIFIED', this.#stamped(changed), this.now);
  }

  request(kind: RequestRecord['class'], name: string, options: Partial<RequestRecord> = {}): void {
    this.now += 10;
    this.log.push({
      class: kind,
      resource: 'pods',
      namespace: 'default',
      name,
      generation: 0,
      method: 'POST',
      userAgent: 'berth',
      at: this.now,
      endedAt: this.now,
      code: 200,
      fault: undefined,
      target: '',
      uid: '',
      holder: '',
      about: '',
      ...options,
    });
  }

  lease(holder: string, generation?: number): void {
    if (generation !== undefined) this.identities.set(holder, generation);
    const metadata = { name: 'berth', uid: 'lease' };
    this.history.leases.record(
      'MODIFIED',
      this.#stamped({ metadata, spec: { holderIdentity: holder } } as LeaseObject),
      this.now,
    );
  }

  evidence(options: Partial<Evidence> = {}): Evidence {
    const { history, log, identities, knowledge, boundByOther } = this;
    const client = {
      name: 'only',
      log,
      identities,
      knowledge: (generation: number) => knowledge[generation]!,
      incidents: 0,
    };
    return {
      history,
      clients: [client],
      boundByOther,
      schedulerName: 'berth',
      leaderElection: undefined,
      minutes: 1,
      slackMs,
      ...options,
    };
  }

  breaches(options: Partial<Evidence> = {}): Record<string, readonly string[]> {
    const evidence = this.evidence(options);
    const verdicts: Verdict[] = [
      ...auditBindings(evidence),
      ...auditConduct(evidence),
      auditConditions(evidence),
    ];
    return Object.fromEntries(
      verdicts
        .filter(({ breaches }) => breaches.length > 0)
        .map(({ invariant, breaches }) => [invariant, breaches]),
    );
  }

  #stamped<T extends { readonly metadata: object }>(object: T): T {
    this.now += 10;
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }
}

const big = { requests: { cpu: '3' } };
const rules = 'no binding breaks room, ports, taints, selectors, affinity or spread';
const succession = 'a new leader respects what its predecessors bound';
const once = 'no pod is bound twice, or to two nodes';
const leased = 'nothing is written after the lease is lost';
const withLease = { leaderElection: { name: 'berth', durationMs: 1_500 } };

let story: Story;

beforeEach(() => {
  story = new Story();
  story.node('a');
  story.node('b');
  story.settle();
});

describe('a history in which all is well', () => {
  it('is found clean', () => {
    story.pod('one', big);
    story.pod('two', big);
    story.settle();
    story.bind('one', 'a');
    story.bind('two', 'b');
    expect(story.breaches()).toEqual({});
  });
});

describe('a pod that is bound more than once', () => {
  it('is found by what the server granted', () => {
    story.pod('one');
    story.settle();
    story.bind('one', 'a');
    story.request('bind', 'one', { target: 'a', uid: 'uid-one', code: 201 });
    expect(story.breaches()[once]).toEqual(['one (uid-one) was bound 2 times']);
  });

  it('is found by its way from node to node', () => {
    story.pod('one');
    story.settle();
    story.bind('one', 'a');
    story.nodeOf('one', 'b');
    expect(story.breaches()[once]).toEqual(['one went from a to b']);
  });

  it('does not count where the second was refused', () => {
    story.pod('one');
    story.settle();
    story.bind('one', 'a');
    story.bind('one', 'b', { code: 409 });
    expect(story.breaches()).toEqual({});
  });
});

describe('a binding that puts a node above what it has', () => {
  it('is found when it stands beside an earlier one by the same process, known or not', () => {
    story.pod('one', big);
    story.pod('two', big);
    story.settle();
    story.bind('one', 'a');
    story.bind('two', 'a');
    expect(story.breaches()[rules]).toHaveLength(1);
    expect(story.breaches()[rules]?.[0]).toContain('cpu: 3 + 3 > 4');
  });

  it('is found when another scheduler had bound long before, and the process was told', () => {
    story.pod('foreign', big);
    story.pod('one', big);
    story.nodeOf('foreign', 'a');
    story.boundByOther.add('uid-foreign');
    story.settle();
    story.bind('one', 'a');
    expect(story.breaches()[rules]).toHaveLength(1);
  });

  it('is excused when the process had not been told, or only a moment ago', () => {
    for (const told of [false, true]) {
      story = new Story();
      story.node('a');
      story.pod('foreign', big);
      story.pod('one', big);
      story.settle();
      story.nodeOf('foreign', 'a');
      story.boundByOther.add('uid-foreign');
      if (told) story.knowledge[0]!.told('pods', { at: story.now, version: 4 });
      else story.now += 5_000;
      story.bind('one', 'a');
      expect(story.breaches()).toEqual({});
    }
  });

  it('is excused by a deletion that the process may have seen', () => {
    story.pod('one', big);
    story.pod('two', big);
    story.settle();
    story.bind('one', 'a');
    story.gone('one');
    story.bind('two', 'a');
    expect(story.breaches()).toEqual({});
  });
});

describe('a binding to a node that had said no', () => {
  it('is found when the process was told of it', () => {
    story.pod('one');
    story.node('a', { unschedulable: true });
    story.settle();
    story.bind('one', 'a');
    expect(story.breaches()[rules]?.[0]).toContain('cordoned');
  });

  it('is excused when that very change was kept from the process', () => {
    story.pod('one');
    story.node('a', { unschedulable: true });
    story.knowledge[0]!.withheld('nodes', 4);
    story.settle();
    story.bind('one', 'a');
    expect(story.breaches()).toEqual({});
  });

  it('is found when a list made up for it', () => {
    story.pod('one');
    story.node('a', { unschedulable: true });
    story.knowledge[0]!.withheld('nodes', 4);
    story.settle();
    story.knowledge[0]!.told('nodes', { at: story.now, version: 4 }, { byList: true });
    story.now += 1_000;
    story.bind('one', 'a');
    expect(story.breaches()[rules]).toHaveLength(1);
  });
});

describe('a process that takes over', () => {
  it('is found out when it binds beside what its predecessor had bound, though its watch was silent', () => {
    story.lease('old', 0);
    story.pod('one', big);
    story.pod('two', big);
    story.settle();
    story.bind('one', 'a');
    story.now += 1_000;
    story.lease('new', 1);
    story.now += 1_000;
    story.bind('two', 'a', { generation: 1 });
    expect(story.breaches(withLease)[succession]).toHaveLength(1);
  });

  it('is found out when the old one writes after it', () => {
    story.lease('old', 0);
    story.pod('one');
    story.pod('two');
    story.settle();
    story.bind('one', 'a');
    story.lease('new', 1);
    story.now += 1_000;
    story.bind('two', 'b');
    expect(story.breaches(withLease)[leased]).toEqual(['only#0 sent POST two (bind) while only#1 leads']);
  });

  it('is not blamed for a write in its own time', () => {
    story.lease('old', 0);
    story.pod('one');
    story.settle();
    story.lease('new', 1);
    story.settle();
    story.bind('one', 'a', { generation: 1 });
    expect(story.breaches(withLease)).toEqual({});
  });
});

describe('requests', () => {
  it('are found too many when watches are opened again and again', () => {
    for (let times = 0; times < 200; times++)
      story.request('watch', '', { method: 'GET', endedAt: undefined });
    expect(story.breaches()['requests are bounded']?.[0]).toContain('listed and watched pods 200 times');
  });

  it('are found too many when events of one pod are written again and again', () => {
    story.request('status', 'one', { method: 'PATCH' });
    for (let times = 0; times < 50; times++) story.request('event', '', { method: 'POST' });
    expect(story.breaches()['requests are bounded']?.[0]).toContain('wrote events 50 times for 1 pods');
  });

  it('are not too many when a new leader tells once of each of many pods whose status says so already', () => {
    for (let pod = 0; pod < 50; pod++) story.request('event', '', { method: 'POST', about: `pod-${pod}` });
    expect(story.breaches()).toEqual({});
  });

  it('are found too many when one pod is written about again and again', () => {
    for (let times = 0; times < 50; times++) story.request('status', 'one', { method: 'PATCH' });
    expect(story.breaches()['requests are bounded']?.[0]).toContain('wrote 50 times for 1 pods');
  });
});

describe('a refusal written after the binding', () => {
  const waits = {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
  };
  const silent = 'no bound pod says that it waits';

  beforeEach(() => {
    story.pod('one');
    story.settle();
  });

  it('is found', () => {
    story.bind('one', 'a');
    story.request('status', 'one', { method: 'PATCH' });
    story.nodeOf('one', 'a', waits);
    expect(story.breaches()[silent]).toHaveLength(1);
  });

  it('is excused when the server had said no to the binding, carried it out late, and the process could not know', () => {
    story.request('bind', 'one', { target: 'a', uid: 'uid-one', code: 0, fault: 'answer-429' });
    story.bind('one', 'a', { fault: 'late-commit' });
    story.request('status', 'one', { method: 'PATCH' });
    story.nodeOf('one', 'a', waits);
    expect(story.breaches()).toEqual({});
  });

  it('is found when the process had been told of the late binding', () => {
    story.bind('one', 'a', { fault: 'late-commit' });
    story.settle();
    story.request('status', 'one', { method: 'PATCH' });
    story.nodeOf('one', 'a', waits);
    expect(story.breaches()[silent]).toHaveLength(1);
  });

  it('is excused when an earlier process had sent it before', () => {
    story.request('status', 'one', { method: 'PATCH' });
    story.bind('one', 'a', { generation: 1 });
    story.nodeOf('one', 'a', waits);
    expect(story.breaches()).toEqual({});
  });
});

describe('a cache', () => {
  const fresh = () => ({
    nodes: [rawNode({ name: 'a', metadata: { resourceVersion: '5' } })] as unknown as NodeObject[],
    pods: [
      rawPod({ uid: 'placed', nodeName: 'a' }),
      rawPod({ uid: 'waits' }),
      rawPod({ uid: 'over', nodeName: 'a', status: { phase: 'Succeeded' } }),
      rawPod({ uid: 'foreign', schedulerName: 'other' }),
    ] as unknown as PodObject[],
    schedulerName: 'berth',
  });
  const believed = (changes: Partial<BelievedState> = {}): BelievedState => ({
    placed: new Map([['placed', 'a']]),
    waiting: new Set(['waits']),
    nodes: new Map([['a', '5']]),
    ...changes,
  });

  it('that equals the lists differs in nothing', () => {
    expect(cacheDivergence(believed(), fresh())).toEqual([]);
  });

  it.each<[string, Partial<BelievedState>]>([
    ['misses a pod', { placed: new Map() }],
    ['has a pod elsewhere', { placed: new Map([['placed', 'b']]) }],
    [
      'keeps a pod that has ended',
      {
        placed: new Map([
          ['placed', 'a'],
          ['over', 'a'],
        ]),
      },
    ],
    ['has lost a pod that waits', { waiting: new Set() }],
    ['waits with a pod that does not', { waiting: new Set(['waits', 'placed']) }],
    ['misses a node', { nodes: new Map() }],
    ['has an old state of a node', { nodes: new Map([['a', '4']]) }],
    [
      'keeps a node that is gone',
      {
        nodes: new Map([
          ['a', '5'],
          ['b', '5'],
        ]),
      },
    ],
  ])('that %s is found out', (_how, changes) => {
    expect(cacheDivergence(believed(changes), fresh())).not.toEqual([]);
  });
});
