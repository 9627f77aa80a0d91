import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import type { Lease, LeaseSettings } from '../../../src/kube/lease.js';
import { type ElectionOutcome, LeaseElector, type LeaseEvent } from '../../../src/kube/lease-elector.js';
import { microTime } from '../../../src/kube/micro-time.js';
import { LeaseFence } from '../../../src/kube/write-fence.js';
import { ObjectServer, type StoredObject, status } from './object-server.js';
import { SettlingClock } from './settling-clock.js';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/berth';

const settingsOf = (identity: string, changes: Partial<LeaseSettings> = {}): LeaseSettings => ({
  namespace: 'kube-system',
  name: 'berth',
  identity,
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
  ...changes,
});

class Candidate {
  readonly events: LeaseEvent[] = [];
  readonly fence: LeaseFence;
  outcome: ElectionOutcome | undefined;
  readonly #stop = new AbortController();

  constructor(identity: string, server: ObjectServer, clock: SettlingClock, random = 0) {
    this.fence = new LeaseFence(undefined, () => BigInt(Math.round(clock.monotonic() * 1e6)));
    const elector = new LeaseElector(server, settingsOf(identity), this.fence, {
      clock,
      random: () => random,
      onEvent: (event) => this.events.push(event),
    });
    void elector.run({ signal: this.#stop.signal }).then((outcome) => {
      this.outcome = outcome;
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}

const specOf = (server: ObjectServer): NonNullable<Lease['spec']> =>
  (server.objects.get(path) as unknown as Lease).spec!;

async function storeLease(server: ObjectServer, spec: Lease['spec'], labels = {}): Promise<void> {
  await server.request({
    method: 'POST',
    path: path.replace('/berth', ''),
    body: { metadata: { name: 'berth', namespace: 'kube-system', labels }, spec },
  });
  server.requests.length = 0;
}

const others = {
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  acquireTime: '2020-01-01T00:00:00.000000Z',
  renewTime: '2020-01-01T00:00:00.000000Z',
  leaseTransitions: 3,
};

const unreachable = (): never => {
  throw new ApiError('connection refused', { failure: 'unreachable' });
};

describe('acquiring', () => {
  it('creates the lease where there is none', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    expect(server.takeMethods()).toBe('GET POST');
    const now = microTime(SettlingClock.epoch);
    expect(specOf(server)).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    });
    expect(candidate.kinds).toEqual(['observed', 'acquired']);
    expect(candidate.events[1]).toMatchObject({
      uid: expect.stringMatching(/^uid-/),
      resourceVersion: '101',
    });
    expect(candidate.fence.mayWrite()).toBe(true);
  });

  it('takes a released lease at once', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, { ...others, holderIdentity: '', leaseDurationSeconds: 1 });
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    expect(candidate.kinds).toContain('acquired');
    expect(specOf(server)).toMatchObject({
      holderIdentity: 'me',
      leaseTransitions: 4,
      leaseDurationSeconds: 15,
    });
  });

  it('waits a whole duration from its own first sight, however old the times in the lease', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, others, { team: 'a' });
    const candidate = new Candidate('me', server, clock);
    await clock.advance(14_999);
    expect(server.takeMethods()).toBe('GET GET GET GET GET GET GET GET');
    expect(specOf(server)).toEqual(others);
    expect(candidate.events).toEqual([{ kind: 'observed', holder: 'other' }]);
    expect(candidate.fence.mayWrite()).toBe(false);
    await clock.advance(1001);
    expect(server.takeMethods()).toBe('GET PUT');
    const now = microTime(clock.now());
    expect(specOf(server)).toEqual({
      ...others,
      holderIdentity: 'me',
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 4,
    });
    expect((server.objects.get(path) as StoredObject).metadata).toMatchObject({ labels: { team: 'a' } });
  });

  it('starts the wait again whenever the lease changes', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, others);
    const candidate = new Candidate('me', server, clock);
    for (let i = 0; i < 10; i++) {
      await clock.advance(10_000);
      server.write(path, () => ({ spec: { ...others, renewTime: `2020-01-01T00:00:${10 + i}.000000Z` } }));
    }
    await clock.advance(14_000);
    expect(candidate.kinds).not.toContain('acquired');
    await clock.advance(4_000);
    expect(candidate.kinds).toContain('acquired');
  });

  it('spreads its attempts over one to 2.2 retry periods', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, others);
    new Candidate('me', server, clock, 0.999_999);
    await clock.advance(4_399);
    expect(server.takeMethods()).toBe('GET');
    await clock.advance(1);
    expect(server.takeMethods()).toBe('GET');
  });

  it('leaves the lease to who was quicker', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, { ...others, holderIdentity: '' });
    let raced = false;
    server.fault = ({ method }) => {
      if (method !== 'PUT' || raced) return;
      raced = true;
      server.write(path, () => ({ spec: others }));
    };
    const candidate = new Candidate('me', server, clock);
    await clock.advance(10_000);
    expect(specOf(server)).toEqual(others);
    expect(candidate.events).toContainEqual(
      expect.objectContaining({ kind: 'attempt-failed', phase: 'acquire', code: 409 }),
    );
    expect(candidate.fence.mayWrite()).toBe(false);
  });

  it('goes on as before when the lease is its own already', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    await storeLease(server, { ...others, holderIdentity: 'me' });
    new Candidate('me', server, clock);
    await clock.advance(0);
    expect(specOf(server)).toMatchObject({ acquireTime: others.acquireTime, leaseTransitions: 3 });
  });

  it('reports failures and tries for ever', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    server.fault = () => {
      throw status(403, 'Forbidden');
    };
    const candidate = new Candidate('me', server, clock);
    await clock.advance(60_000);
    expect(candidate.events.length).toBe(31);
    expect(candidate.events[0]).toEqual({
      kind: 'attempt-failed',
      phase: 'acquire',
      message: '403 Forbidden',
      code: 403,
    });
    candidate.stop();
    await clock.advance(0);
    expect(candidate.outcome).toBe('not-elected');
  });

  it('hands back a lease whose creation was cut short by the stop', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    server.fault = ({ method }, commit) => {
      if (method !== 'POST') return;
      commit();
      candidate.stop();
      throw new ApiError('aborted', { failure: 'aborted' });
    };
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    expect(candidate.outcome).toBe('not-elected');
    expect(specOf(server).holderIdentity).toBe('');
  });
});

describe('renewing', () => {
  const elected = async (): Promise<[SettlingClock, ObjectServer, Candidate]> => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    server.requests.length = 0;
    return [clock, server, candidate];
  };

  it('writes once per retry period without reading first', async () => {
    const [clock, server, candidate] = await elected();
    await clock.advance(60_000);
    expect(server.takeMethods()).toBe(Array(30).fill('PUT').join(' '));
    expect(specOf(server)).toMatchObject({
      acquireTime: microTime(SettlingClock.epoch),
      renewTime: microTime(clock.now()),
      leaseTransitions: 0,
    });
    expect(candidate.fence.mayWrite()).toBe(true);
  });

  it('gives requests half the renew deadline', async () => {
    const [clock, server] = await elected();
    await clock.advance(2_000);
    expect(server.requests[0]).toMatchObject({ timeoutMs: 5_000, retryThrottled: false });
  });

  it('reads and writes again when its memory of the lease is out of date', async () => {
    const [clock, server, candidate] = await elected();
    server.write(path, (lease) => ({ metadata: { ...lease.metadata, labels: { new: 'label' } } }));
    await clock.advance(2_000);
    expect(server.takeMethods()).toBe('PUT GET PUT');
    expect(candidate.kinds.at(-1)).toBe('renewed');
    expect((server.objects.get(path) as StoredObject).metadata).toMatchObject({ labels: { new: 'label' } });
  });

  it('survives a write whose answer is lost', async () => {
    const [clock, server, candidate] = await elected();
    let lost = false;
    server.fault = ({ method }, commit) => {
      if (method !== 'PUT' || lost) return;
      lost = true;
      commit();
      throw new ApiError('reset', { failure: 'ambiguous' });
    };
    await clock.advance(2_000);
    expect(server.takeMethods()).toBe('PUT GET PUT');
    expect(candidate.kinds.at(-1)).toBe('renewed');
  });

  it('gives up when a whole renew deadline passes without success, and the fence is shut by then', async () => {
    const [clock, server, candidate] = await elected();
    server.fault = unreachable;
    await clock.advance(9_999);
    expect([candidate.fence.mayWrite(), candidate.outcome]).toEqual([true, undefined]);
    await clock.advance(1);
    expect([candidate.fence.mayWrite(), candidate.outcome]).toEqual([false, undefined]);
    await clock.advance(1_999);
    expect(candidate.outcome).toBeUndefined();
    await clock.advance(1);
    expect(candidate.kinds).toContain('lost');
    expect(candidate.outcome).toBe('lost');
    server.fault = undefined;
    server.requests.length = 0;
    await clock.advance(60_000);
    expect(server.takeMethods()).toBe('');
  });

  it('keeps the lease when the server comes back in time', async () => {
    const [clock, server, candidate] = await elected();
    server.fault = unreachable;
    await clock.advance(9_000);
    server.fault = undefined;
    await clock.advance(2_000);
    expect([candidate.fence.mayWrite(), candidate.outcome]).toEqual([true, undefined]);
  });

  it('counts the fence from before the request, not from its answer', async () => {
    const [clock, server, candidate] = await elected();
    server.fault = async ({ method }) => {
      if (method === 'PUT') await clock.sleep(4_000);
    };
    await clock.advance(6_000);
    server.fault = unreachable;
    await clock.advance(5_999);
    expect(candidate.fence.mayWrite()).toBe(true);
    await clock.advance(1);
    expect(candidate.fence.mayWrite()).toBe(false);
  });

  it('shuts the fence of a frozen process before any of its code runs', async () => {
    const [clock, server, candidate] = await elected();
    await clock.advance(4_000);
    clock.freeze(11_000);
    expect(candidate.fence.mayWrite()).toBe(false);
    server.write(path, () => ({ spec: others }));
    await clock.advance(30_000);
    expect(candidate.kinds).toContain('observed');
    expect(candidate.fence.mayWrite()).toBe(false);
    expect(candidate.outcome).toBe('lost');
    expect(specOf(server).holderIdentity).toBe('other');
  });

  it('writes nothing from the moment it sees another holder', async () => {
    const [clock, server, candidate] = await elected();
    server.write(path, () => ({ spec: others }));
    await clock.advance(2_000);
    expect(candidate.events.at(-1)).toEqual({ kind: 'observed', holder: 'other' });
    expect(candidate.fence.mayWrite()).toBe(false);
    await clock.advance(10_000);
    expect(candidate.outcome).toBe('lost');
    expect(specOf(server)).toEqual(others);
  });
});

describe('releasing', () => {
  it('frees the lease for the next candidate, who takes it at its next attempt', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    const first = new Candidate('first', server, clock);
    await clock.advance(1_000);
    const second = new Candidate('second', server, clock);
    await clock.advance(10_000);
    expect(second.kinds).toEqual(['observed']);
    first.stop();
    await clock.advance(0);
    const now = microTime(clock.now());
    expect(specOf(server)).toEqual({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    });
    expect([first.outcome, first.fence.mayWrite()]).toEqual(['stopped', false]);
    expect(first.kinds.at(-1)).toBe('released');
    await clock.advance(2_000);
    expect(specOf(server)).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
    expect(clock.pendingTimers).toBe(1);
  });

  it('reads and frees again when a renewal under way arrives in between', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    let conflicts = 0;
    server.fault = ({ method, body }) => {
      if (method !== 'PUT' || (body as Lease).spec?.holderIdentity !== '' || conflicts === 3) return;
      conflicts++;
      server.write(path, (lease) => ({
        spec: { ...(lease.spec as object), renewTime: `late-${conflicts}` },
      }));
    };
    candidate.stop();
    await clock.advance(1_000);
    expect(candidate.outcome).toBe('stopped');
    expect(specOf(server).holderIdentity).toBe('');
    expect(conflicts).toBe(3);
  });

  it('gives up on conflicts at the renew deadline', async () => {
    const [clock, server] = [new SettlingClock(), new ObjectServer()];
    const candidate = new Candidate('me', server, clock);
    await clock.advance(0);
    server.fault = ({ method }) => {
      if (method === 'PUT') throw status(409, 'Conflict');
    };
    candidate.stop();
    await clock.advance(9_000);
    expect(candidate.outcome).toBeUndefined();
    await clock.advance(1_000);
    expect(candidate.outcome).toBe('stopped');
  });

  it('does not touch a lease that is no longer its own, nor insist when the server fails', async () => {
    for (const trouble of ['taken', 'failing']) {
      const [clock, server] = [new SettlingClock(), new ObjectServer()];
      const candidate = new Candidate('me', server, clock);
      await clock.advance(0);
      if (trouble === 'taken') server.write(path, () => ({ spec: others }));
      else server.fault = unreachable;
      candidate.stop();
      await clock.advance(0);
      expect(candidate.outcome).toBe('stopped');
      expect(specOf(server).holderIdentity).toBe(trouble === 'taken' ? 'other' : 'me');
      expect(candidate.kinds).not.toContain('released');
    }
  });
});

describe('settings', () => {
  it.each([{ retryPeriodMs: 0 }, { renewDeadlineMs: 2_400 }, { leaseDurationMs: 10_000 }])(
    'refuses %j, with which two could lead at once',
    (changes) => {
      expect(() => new LeaseElector(new ObjectServer(), settingsOf('me', changes), new LeaseFence())).toThrow(
        RangeError,
      );
    },
  );
});
