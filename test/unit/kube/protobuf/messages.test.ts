import { describe, expect, it } from '@jest/globals';
import { decodeMessage } from '../../../../src/kube/protobuf/decode-message.js';
import { decodeObject, encodeObject } from '../../../../src/kube/protobuf/envelope.js';
import { messageType } from '../../../../src/kube/protobuf/message-type.js';
import { messages } from '../../../../src/kube/protobuf/messages.js';
import { ProtobufError } from '../../../../src/kube/protobuf/wire-reader.js';

const overTheWire = (object: unknown): unknown => decodeObject(encodeObject(object)!);

describe('messages', () => {
  it.each(Object.keys(messages))('%s has fields of messages that are there', (name) => {
    expect(messageType(name)?.fields.filter((field) => field !== undefined)).toHaveLength(
      Object.keys(messages[name] ?? {}).length,
    );
  });
});

describe('an object that is written and read', () => {
  it.each([
    [
      'a Binding',
      {
        kind: 'Binding',
        apiVersion: 'v1',
        metadata: { name: 'web-1', namespace: 'default', uid: 'u' },
        target: { kind: 'Node', name: 'n1' },
      },
    ],
    [
      'an Event, its times to the microsecond',
      {
        kind: 'Event',
        apiVersion: 'events.k8s.io/v1',
        metadata: { name: 'web-1.17', namespace: 'default' },
        eventTime: '2026-11-22T13:00:00.000007Z',
        series: { count: 300, lastObservedTime: '2026-11-22T13:00:00.999999Z' },
        reportingController: 'berth',
        reportingInstance: 'berth-host',
        action: 'Binding',
        reason: 'Scheduled',
        regarding: { kind: 'Pod', namespace: 'default', name: 'web-1', uid: 'u', apiVersion: 'v1' },
        note: `ünïcode ⛵ ${'x'.repeat(300)}`,
        type: 'Normal',
      },
    ],
    [
      'numbers of any size and sign',
      {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name: 'a', generation: 2 ** 40 + 5, deletionTimestamp: '2026-11-22T13:00:00Z' },
        spec: { priority: -2147483648, tolerations: [{ tolerationSeconds: -1 }, { tolerationSeconds: 0 }] },
      },
    ],
    [
      'amounts, maps and what is inline',
      {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { labels: { b: '2', a: '1', empty: '' } },
        spec: {
          overhead: { cpu: '10m', memory: '1Gi' },
          volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }],
          ephemeralContainers: [{ name: 'debug', image: 'x', targetContainerName: 'a' }],
          affinity: {
            podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] },
          },
        },
      },
    ],
  ])('is the same: %s', (_what, object) => {
    expect(overTheWire(object)).toEqual(object);
  });

  it('is without what nobody here asks for', () => {
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'a', command: ['x'], livenessProbe: {} }] },
    };
    expect(overTheWire(pod)).toEqual({ ...pod, spec: { containers: [{ name: 'a' }] } });
  });

  it('is without zeros that Go would leave out', () => {
    const node = {
      kind: 'Node',
      apiVersion: 'v1',
      spec: { unschedulable: false, taints: [{ key: 'a', value: '' }] },
    };
    expect(overTheWire(node)).toEqual({ kind: 'Node', apiVersion: 'v1', spec: { taints: [{ key: 'a' }] } });
  });

  it('is not written where its kind is not known, or is known for another group', () => {
    expect(encodeObject({ apiVersion: 'example.com/v1', kind: 'Ship' })).toBeUndefined();
    expect(encodeObject({ apiVersion: 'v1', kind: 'Event' })).toBeUndefined();
  });

  it('is refused where a field is of another type, and harms nothing that is written after it', () => {
    const binding = { apiVersion: 'v1', kind: 'Binding', target: { name: 'n1' } };
    expect(() => encodeObject({ ...binding, metadata: { name: 7 } })).toThrow(/name is to be of type string/);
    expect(overTheWire(binding)).toEqual(binding);
  });
});

describe('a part of a message that says it is shorter than it is', () => {
  it.each([
    ['a map', 'ObjectMeta', [0x5a, 0x04, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62]],
    ['an amount', 'ResourceRequirements', [0x12, 0x05, 0x12, 0x03, 0x0a, 0x02, 0x31, 0x6d]],
    ['a time', 'ObjectMeta', [0x42, 0x01, 0x08, 0x01]],
    ['a number or a text', 'PodDisruptionBudgetSpec', [0x0a, 0x01, 0x08, 0x01]],
  ])('is refused: %s', (_what, name, bytes) => {
    expect(() => decodeMessage(Buffer.from(bytes), messageType(name)!)).toThrow(ProtobufError);
  });
});

/* What somebody may write into an object must not stop the list that it is in. */
describe('an object with something in it that an API server lets pass', () => {
  const requests = JSON.parse('{"storage":"1Gi","__proto__":"1"}') as object;

  it('has a key that is named as prototypes are, and is no other object for it', () => {
    const claim = { spec: { resources: { requests } } };
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: claim } }] },
    };
    const read = overTheWire(pod) as typeof pod;
    expect(JSON.stringify(read)).toContain('{"storage":"1Gi","__proto__":"1"}');
    const found = read.spec.volumes[0]!.ephemeral.volumeClaimTemplate.spec.resources.requests;
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect(Object.keys(found)).toEqual(['storage', '__proto__']);
  });

  it('is refused for that key where nothing may be lost', () => {
    const node = { kind: 'Node', apiVersion: 'v1', status: { allocatable: requests } };
    expect(() => decodeObject(encodeObject(node)!, 'all-fields')).toThrow(
      'a key must not be named __proto__',
    );
  });

  it('has a time that is none, which is a matter of whoever reads it', () => {
    // Field 7 of a pod's status, with so many seconds that there is no such day.
    const status = Buffer.from([0x3a, 0x08, 0x08, 0x80, 0xc0, 0xca, 0xf3, 0x84, 0xa3, 0x02]);
    const read = decodeMessage(status, messageType('PodStatus')!);
    expect(Date.parse(read.startTime as string)).toBeNaN();
  });
});
