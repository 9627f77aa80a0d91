import { beforeEach, describe, expect, it } from '@jest/globals';
import { auditCollection } from '../../../src/kube/collection-audit.js';
import type { KubeObject } from '../../../src/kube/object-store.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { ManualClock } from '../../manual-clock.js';

let clock: ManualClock;
let requests: ApiRequest[];
/** What the server says to each list, the last one again and again: objects as `name@version`, and the list's version. */
let lists: (readonly [objects: readonly string[], version: string])[];
let store: Map<string, KubeObject>;
let lastResourceVersion: string;

beforeEach(() => {
  clock = new ManualClock();
  requests = [];
  lists = [[[], '100']];
  store = new Map();
  lastResourceVersion = '100';
});

const transport: ApiTransport = {
  request: async <T>(request: ApiRequest): Promise<T> => {
    requests.push(request);
    const [objects, resourceVersion] = lists.length > 1 ? lists.shift()! : lists[0]!;
    const items = objects.map((text) => {
      const [name, version] = text.split('@');
      return { metadata: { name, uid: `uid-${name}`, resourceVersion: version } };
    });
    return { metadata: { resourceVersion }, items } as T;
  },
  stream: async () => {
    throw new Error('nothing is watched');
  },
};

/** The copy has these, as `name@version`. */
function knows(...objects: readonly string[]): void {
  for (const text of objects) {
    const [name = '', resourceVersion = ''] = text.split('@');
    store.set(`uid-${name}`, { uid: `uid-${name}`, name, resourceVersion });
  }
}

async function audit(isLeftOut?: (uid: string) => boolean): Promise<string[] | undefined> {
  const copy = {
    store,
    get lastResourceVersion() {
      return lastResourceVersion;
    },
  };
  const found = await auditCollection(copy, {
    transport,
    path: '/api/v1/pods',
    query: { fieldSelector: 'x' },
    clock,
    ...(isLeftOut === undefined ? {} : { isLeftOut }),
    signal: new AbortController().signal,
  });
  return found?.map(({ kind, object }) => `${object.name} ${kind}`).sort();
}

describe('the audit of a copy', () => {
  it('lists once, metadata alone, and finds nothing in a copy that is right', async () => {
    knows('a@10', 'b@20');
    lists = [[['a@10', 'b@20'], '100']];
    expect(await audit()).toEqual([]);
    expect(requests).toMatchObject([
      {
        path: '/api/v1/pods',
        query: { fieldSelector: 'x' },
        accept: expect.stringMatching(/PartialObjectMetadataList/),
      },
    ]);
  });

  it('finds what is missing, what is old, and what should be gone', async () => {
    knows('old@10', 'gone@20');
    lists = [[['old@11', 'missing@30'], '100']];
    expect(await audit()).toEqual(['gone left-over', 'missing missing', 'old outdated']);
  });

  it('waits until the copy has read as far as the list', async () => {
    knows('a@10');
    lists = [[['a@105'], '110']];
    const audited = audit();
    await clock.advance(5_000);
    knows('a@105');
    lastResourceVersion = '110';
    await clock.advance(1_000);
    expect(await audited).toEqual([]);
  });

  it('says nothing of a copy that does not get as far', async () => {
    lists = [[['a@105'], '110']];
    const audited = audit();
    await clock.advance(120_000);
    expect(await audited).toBeUndefined();
  });

  it('takes a copy that is ahead of the list for right', async () => {
    knows('a@120', 'new@130');
    lastResourceVersion = '130';
    lists = [[['a@10'], '100']];
    expect(await audit()).toEqual([]);
  });

  it('tells only what differs twice: an object may have gone while the list was on its way', async () => {
    lists = [
      [['gone@50', 'missing@60'], '100'],
      [['missing@60'], '100'],
    ];
    expect(await audit()).toEqual(['missing missing']);
  });

  it('leaves out what is kept out of the copy on purpose', async () => {
    lists = [[['unreadable@10'], '100']];
    expect(await audit((uid) => uid === 'uid-unreadable')).toEqual([]);
  });
});
