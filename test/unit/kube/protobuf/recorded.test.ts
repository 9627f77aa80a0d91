import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createNodeProjector } from '../../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../../src/cluster/project-pod.js';
import { MessageSplitter } from '../../../../src/kube/message-splitter.js';
import { decodeListMetadata, decodeObject, encodeObject } from '../../../../src/kube/protobuf/envelope.js';
import { decodeWatchFrame, encodeWatchFrame } from '../../../../src/kube/protobuf/watch-frame.js';
import { ProtobufError } from '../../../../src/kube/protobuf/wire-reader.js';
import { seededRandom } from '../../../../src/random.js';

/* Answers of kube-apiserver 1.37.1 about the same objects, in JSON and in protobuf. */

const recording = (file: string): Buffer => readFileSync(new URL(`recorded/${file}`, import.meta.url));
const json = (file: string): unknown => JSON.parse(recording(file).toString('utf8'));

interface List {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Record<string, unknown>[];
}

const inOrder = ({ items }: List): readonly Record<string, unknown>[] =>
  [...items].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
const nameOf = ({ metadata }: Record<string, unknown>): string => (metadata as { name: string }).name;

/** Each spec has a number of its own. */
const withoutIds = (projected: object): unknown =>
  JSON.parse(
    JSON.stringify(projected, (key, value: unknown) =>
      key === 'id' ? undefined : value instanceof Map ? [...value] : value,
    ),
  );

describe.each([
  ['pods', createPodProjector],
  ['nodes', createNodeProjector],
] as const)('recorded %s', (kind, createProjector) => {
  const asJson = inOrder(json(`${kind}.json`) as List);
  const asProtobuf = inOrder(decodeObject(recording(`${kind}.pb`)) as unknown as List);

  it('say in protobuf nothing that they do not say in JSON', () => {
    expect(asProtobuf).toHaveLength(asJson.length);
    for (const [index, object] of asProtobuf.entries()) expect(asJson[index]).toMatchObject(object);
  });

  it('are the same for decisions, whatever they came as', () => {
    const [one, other] = [createProjector(), createProjector()];
    for (const [index, object] of asProtobuf.entries())
      expect(withoutIds(one(object))).toEqual(withoutIds(other(asJson[index])));
  });

  it('are the same after they were encoded here', () => {
    const list = decodeObject(recording(`${kind}.pb`));
    const encoded = encodeObject(list);
    expect(decodeObject(encoded!)).toEqual(list);
  });

  it('are read to the end or refused, whatever becomes of their bytes', () => {
    const bytes = recording(`${kind}.pb`);
    const random = seededRandom(1);
    for (let length = 0; length < bytes.length; length += 7) expectObjectOrRefusal(bytes.subarray(0, length));
    for (let trial = 0; trial < 3_000; trial += 1) {
      const damaged = Buffer.from(bytes);
      for (let count = 0; count < 3; count += 1)
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      expectObjectOrRefusal(damaged);
    }
  });
});

function expectObjectOrRefusal(bytes: Buffer): void {
  try {
    decodeObject(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtobufError);
  }
}

describe('a recorded page of a list', () => {
  it('shows its continue token before its objects are read', () => {
    const { metadata, items } = decodeObject(recording('page.pb')) as unknown as List;
    expect(items).toHaveLength(1);
    expect(metadata.continue).toMatch(/^[\w-]{20,}$/);
    expect(decodeListMetadata(recording('page.pb'))).toEqual(metadata);
    expect(() => decodeListMetadata(recording('not-found.pb'))).toThrow(ProtobufError);
  });
});

describe('a recorded refusal', () => {
  it('is a Status as in JSON', () => {
    expect(json('not-found.json')).toMatchObject(decodeObject(recording('not-found.pb')));
    expect(decodeObject(recording('not-found.pb'))).toMatchObject({
      kind: 'Status',
      code: 404,
      reason: 'NotFound',
      message: 'pods "none" not found',
    });
  });
});

describe('a recorded watch', () => {
  const frames = [...new MessageSplitter().push(recording('watch.pb'))];
  const lines = recording('watch.jsonl')
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; object: Record<string, unknown> });

  it('has the events of the same watch in JSON, its bookmark included', () => {
    expect(frames.map((frame) => decodeWatchFrame(frame).type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    for (const frame of frames) {
      const { type, object } = decodeWatchFrame(frame);
      const same = lines.find((line) => line.type === type && nameOf(line.object) === nameOf(object));
      // One watch was opened after the other: their bookmarks tell of different moments.
      const { resourceVersion: _, ...metadata } = object.metadata as Record<string, unknown>;
      expect(same?.object).toMatchObject(type === 'BOOKMARK' ? { ...object, metadata } : object);
    }
  });

  it('has the same events after they were encoded here', () => {
    for (const frame of frames) {
      const event = decodeWatchFrame(frame);
      const [again] = new MessageSplitter().push(encodeWatchFrame(event));
      expect(decodeWatchFrame(again!)).toEqual(event);
    }
  });

  it('is cut into the same frames however its bytes come', () => {
    const bytes = recording('watch.pb');
    for (const size of [1, 3, 4, 5, 1000]) {
      const splitter = new MessageSplitter();
      const found: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...splitter.push(bytes.subarray(at, at + size)));
      expect(found).toEqual(frames);
      expect(splitter.pendingBytes).toBe(0);
    }
  });
});
