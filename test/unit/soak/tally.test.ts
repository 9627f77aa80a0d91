import { describe, expect, it } from '@jest/globals';
import { faultsIn, Tally } from '../../soak/tally.js';

const refusal = (status: number): Error => Object.assign(new Error('answered'), { status });
const broken = (code: string): Error => Object.assign(new Error('no answer'), { code });

describe('a kind of churn', () => {
  it('is all right when it was done, however often there was nothing to do', () => {
    const tally = new Tally(['resize']);
    tally.ended('resize', true);
    tally.ended('resize', false);
    expect(tally.counts.get('resize')).toEqual({ done: 1, idle: 1, refused: 0, excused: 0 });
    expect(faultsIn(tally.counts)).toEqual([]);
  });

  it('is a fault when it never came about', () => {
    const tally = new Tally(['resize', 'delete']);
    tally.ended('delete', true);
    expect(faultsIn(tally.counts)).toEqual(['resize: was never done']);
  });

  it('is a fault when the API server takes exception to what it was sent', () => {
    const tally = new Tally(['resize']);
    tally.ended('resize', true);
    tally.failed('resize', refusal(422));
    tally.failed('resize', new TypeError('a mistake of the churn itself'));
    expect(faultsIn(tally.counts)).toEqual(['resize: was refused 2 times, and done 1 times']);
    expect([...tally.refusals]).toEqual([
      ['resize 422', 1],
      ['resize TypeError: a mistake of the churn itself', 1],
    ]);
  });

  it('is excused where the object was gone or changed, or the API server was away', () => {
    const tally = new Tally(['resize']);
    tally.ended('resize', true);
    for (const error of [refusal(404), refusal(409), refusal(503), broken('ECONNREFUSED')])
      tally.failed('resize', error);
    expect(tally.counts.get('resize')).toMatchObject({ refused: 4, excused: 4 });
    expect(faultsIn(tally.counts)).toEqual([]);
  });

  it('is excused where the API server refused it because it was starting, and for no other refusal', () => {
    const tally = new Tally(['resize']);
    const starting = 'pods "a" is forbidden: not yet ready to handle request';
    tally.ended('resize', true);
    tally.failed('resize', Object.assign(new Error(starting), { status: 403 }));
    expect(faultsIn(tally.counts)).toEqual([]);
    tally.failed('resize', refusal(403));
    expect(faultsIn(tally.counts)).toEqual(['resize: was refused 1 times, and done 1 times']);
  });
});
