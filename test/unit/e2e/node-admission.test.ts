import { describe, expect, it } from '@jest/globals';
import { NodeAdmission } from '../../e2e/node-admission.js';

const room = () => new NodeAdmission({ cpu: '2', memory: '4Gi', pods: '3' });

describe('a node that admits pods as a kubelet does', () => {
  it('takes pods up to the last bit of what it has', () => {
    const node = room();
    expect(node.admit('a', { cpu: '1500m', memory: '4Gi' })).toBeUndefined();
    expect(node.admit('b', { cpu: '500m' })).toBeUndefined();
    expect(node.admit('c', { cpu: '1m' })?.reason).toBe('OutOfcpu');
    expect(node.admit('d', { memory: '1Ki' })?.reason).toBe('OutOfmemory');
    expect(node.admit('e', {})).toBeUndefined();
    expect(node.admit('f', { cpu: '1m' })?.reason).toBe('OutOfpods');
  });

  it('says how much was wanted, used and there', () => {
    const node = room();
    node.admit('a', { cpu: '1500m' });
    expect(node.admit('b', { cpu: '1' })?.message).toMatch(/cpu, requested: 1, used: 1.5, capacity: 2$/);
  });

  it('counts nothing for a pod that it refused, and a pod that it took once', () => {
    const node = room();
    node.admit('a', { cpu: '3' });
    node.admit('b', { cpu: '2' });
    node.admit('b', { cpu: '2' });
    node.release('a');
    expect(node.refusalOf({ cpu: '1' })?.reason).toBe('OutOfcpu');
    node.release('b');
    node.release('b');
    expect(node.refusalOf({ cpu: '2' })).toBeUndefined();
    expect(node.refusalOf({ cpu: '3' })).toBeDefined();
  });

  it('has nothing of what it does not list', () => {
    expect(room().admit('a', { 'example.com/dongle': '1' })?.reason).toBe('OutOfexample.com/dongle');
  });
});
