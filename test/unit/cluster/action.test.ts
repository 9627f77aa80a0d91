import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';

describe('action bits', () => {
  const { Add, Delete, Update, All, ...updates } = Action;

  it('are single bits without gaps, in order of reporting', () => {
    expect([Add, Delete, ...Object.values(updates)]).toEqual(Array.from({ length: 15 }, (_, i) => 2 ** i));
  });

  it('sum up to Update and All', () => {
    expect(Object.values(updates).reduce<number>((mask, bit) => mask | bit, 0)).toBe(Update);
    expect(Add | Delete | Update).toBe(All);
  });
});
