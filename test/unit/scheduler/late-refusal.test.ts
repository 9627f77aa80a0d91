import { beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import type { NodeFilterPlugin, ReservePlugin } from '../../../src/framework/plugin.js';
import type { Profile } from '../../../src/framework/profile.js';
import { unschedulable } from '../../../src/framework/status.js';
import { lateRefusal } from '../../../src/scheduler/late-refusal.js';
import { noNominations } from '../../../src/scheduler/nominations.js';
import { makeNode, makePod, type PodParts } from '../../build-objects.js';
import { defaultProfile, profileOf } from './scheduling-fixture.js';

const zone = 'topology.kubernetes.io/zone';
const self = { matchLabels: { app: 'web' } };

let cluster: ClusterState;
let profiles: ReadonlyMap<string, Profile>;

beforeEach(() => {
  cluster = new ClusterState();
  profiles = new Map([['berth', defaultProfile({ handle: { cluster } })]]);
  for (const name of ['a', 'b']) cluster.setNode(makeNode({ name, labels: { [zone]: name } }));
});

function assume(parts: PodParts = {}): Pod {
  const pod = makePod({ nodeName: 'a', requests: { cpu: '3' }, labels: { app: 'web' }, ...parts });
  cluster.assume(pod);
  return pod;
}

function bound(parts: PodParts): void {
  cluster.setBoundPod(makePod(parts));
}

function refusal(pod: Pod): string | undefined {
  return lateRefusal(pod, { cluster, profiles, nominations: noNominations });
}

describe('a pod whose binding had to wait', () => {
  it('still fits where only it is counted itself, whatever it asks of its neighbours', () => {
    const podAntiAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: self, topologyKey: zone }],
    };
    const spread = {
      maxSkew: 1,
      topologyKey: zone,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: self,
    };
    const ports = [{ name: 'x', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }];
    const pod = assume({
      spec: { affinity: { podAntiAffinity }, topologySpreadConstraints: [spread], containers: ports },
    });
    expect(refusal(pod)).toBeUndefined();
  });

  it('fits no more where another has taken the room', () => {
    const pod = assume();
    bound({ nodeName: 'a', requests: { cpu: '2' } });
    expect(refusal(pod)).toBe('Insufficient cpu');
  });

  it('fits no more where another has taken the host port that it was to have', () => {
    const containers = [{ name: 'x', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }];
    const pod = assume({ spec: { containers } });
    bound({ nodeName: 'a', spec: { containers } });
    expect(refusal(pod)).toMatch(/free ports/);
  });

  it('fits no more on a node that was cordoned or tainted', () => {
    const pod = assume();
    cluster.setNode(makeNode({ name: 'a', unschedulable: true }));
    expect(refusal(pod)).toBe('node(s) were unschedulable');
  });

  it('fits no more beside a pod that another put there and that it keeps away from', () => {
    const podAntiAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: self, topologyKey: zone }],
    };
    const pod = assume({ labels: {}, spec: { affinity: { podAntiAffinity } } });
    bound({ nodeName: 'a', labels: { app: 'web' } });
    expect(refusal(pod)).toMatch(/anti-affinity/);
  });

  it('leaves no trace of the question', () => {
    const pod = assume();
    const slot = cluster.nodes.slotOf('a')!;
    const before = [cluster.nodes.requestedCpu[slot], cluster.nodes.podCount[slot], cluster.podCount];
    refusal(pod);
    expect([cluster.nodes.requestedCpu[slot], cluster.nodes.podCount[slot], cluster.podCount]).toEqual(
      before,
    );
    expect(cluster.isAssumed(pod.uid)).toBe(true);
  });

  it('is let pass where a plugin of its own holds something for it, and would find it taken', () => {
    const held = new Set<string>();
    const devices: NodeFilterPlugin & ReservePlugin = {
      name: 'Devices',
      filter: (_cycle, _pod, { name }) => (held.has(name) ? unschedulable('no free device') : undefined),
      reserve: (_cycle, _pod, nodeName) => void held.add(nodeName),
      unreserve: (_cycle, _pod, nodeName) => void held.delete(nodeName),
    };
    const profile = profileOf([devices]);
    profiles = new Map([['berth', profile]]);
    const pod = assume();
    profile.reserve[0]!.reserve(new Cycle(pod, cluster.nodes), pod, 'a');
    expect(refusal(pod)).toBeUndefined();
  });

  it('is let pass where it is not ours to say: bound by now, unknown, of a profile that is gone, or with volumes', () => {
    const volumes = [
      { name: 'v', emptyDir: {} },
      { name: 'c', persistentVolumeClaim: { claimName: 'c' } },
    ];
    for (const pod of [
      makePod({ uid: 'unknown', nodeName: 'a' }),
      assume({ schedulerName: 'gone', requests: { cpu: '100' } }),
      assume({ requests: { cpu: '100' }, spec: { volumes } }),
    ])
      expect(refusal(pod)).toBeUndefined();
    const overtaken = assume({ requests: { cpu: '100' } });
    cluster.setBoundPod(overtaken);
    expect(refusal(overtaken)).toBeUndefined();
  });
});
