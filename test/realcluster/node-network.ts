import { run } from '../controlplane/go.js';
import type { Machine } from './machine.js';

/** Addresses of one cluster, out of 198.18.0.0/15, which RFC 2544 keeps for tests within a machine or laboratory. */
export interface AddressPlan {
  /** Where nodes and pods reach this machine, and so the API server. */
  readonly host: string;
  /** Of all nodes' pods. */
  readonly podRange: string;
  readonly nodes: readonly NodeAddresses[];
}

export interface NodeAddresses {
  /** Of the node, which is the gateway of its pods. */
  readonly node: string;
  readonly podRange: string;
  /** Of its interface towards this machine. */
  readonly uplink: string;
}

/** Nodes of one cluster for which the plan has addresses. */
const MOST_NODES = 7;
/** Clusters at a time on one machine for which there are addresses. */
const MOST_CLUSTERS = 30;

/** Addresses of the cluster with this number. */
export function addressPlan(cluster: number, nodes: number): AddressPlan {
  if (nodes > MOST_NODES) throw new Error(`a cluster has at most ${MOST_NODES} real nodes`);
  const first = 8 * cluster;
  return {
    host: `198.18.${cluster}.1`,
    podRange: `198.19.${first}.0/21`,
    nodes: Array.from({ length: nodes }, (_, index) => ({
      node: `198.19.${first + index}.1`,
      podRange: `198.19.${first + index}.0/24`,
      uplink: `198.18.${cluster}.${4 * index + 2}`,
    })),
  };
}

/**
 * Connects the machines: the first with this one, the others with the first, each with a bridge for its pods. All of it hangs on the first
 * machine's namespaces and goes with them.
 */
export async function connect(machines: readonly Machine[]): Promise<AddressPlan> {
  const [first, ...others] = machines;
  if (first === undefined) throw new Error('a network needs a machine');
  const cluster = await linkToHost(first);
  const plan = addressPlan(cluster, machines.length);

  await ip('addr', 'add', `${plan.host}/30`, 'dev', interfaceName(cluster));
  await ip('link', 'set', interfaceName(cluster), 'up');
  for (const [index, machine] of machines.entries()) {
    const addresses = plan.nodes[index] as NodeAddresses;
    const gateway = neighbour(addresses.uplink);
    if (machine !== first) {
      const towards = `node${index}`;
      const peer = ['peer', 'name', towards, 'netns', String(first.pid)];
      await ip('link', 'add', 'uplink', 'netns', String(machine.pid), 'type', 'veth', ...peer);
      await inside(first, `addr add ${gateway}/30 dev ${towards}`, `link set ${towards} up`);
    }
    await inside(
      machine,
      `addr add ${addresses.uplink}/30 dev uplink`,
      'link set uplink up',
      `route add default via ${gateway}`,
      'link add pods type bridge',
      `addr add ${addresses.node}/24 dev pods`,
      'link set pods up',
    );
  }
  for (const index of others.keys()) {
    const { podRange, uplink } = plan.nodes[index + 1] as NodeAddresses;
    await inside(first, `route add ${podRange} via ${uplink}`);
  }
  // Behind the first machine are all pods, and the uplinks of the other machines.
  for (const range of [plan.podRange, `198.18.${cluster}.0/24`])
    await ip('route', 'add', range, 'via', (plan.nodes[0] as NodeAddresses).uplink);
  return plan;
}

/** The name of an interface can be had once: whoever made it has the number. */
async function linkToHost(machine: Machine): Promise<number> {
  let trouble: unknown;
  for (let cluster = 0; cluster < MOST_CLUSTERS; cluster += 1) {
    const peer = ['peer', 'name', 'uplink', 'netns', String(machine.pid)];
    try {
      await ip('link', 'add', interfaceName(cluster), 'type', 'veth', ...peer);
      return cluster;
    } catch (error) {
      trouble = error;
    }
  }
  throw new Error('no interface towards a node can be made', { cause: trouble });
}

function interfaceName(cluster: number): string {
  return `berth-node${cluster}`;
}

/** The other address of a /30 whose second one is given. */
function neighbour(address: string): string {
  const cut = address.lastIndexOf('.') + 1;
  return `${address.slice(0, cut)}${Number(address.slice(cut)) - 1}`;
}

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args, { cwd: '/', env: process.env });
}

async function inside(machine: Machine, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) await machine.run('ip', command.split(' '));
}
