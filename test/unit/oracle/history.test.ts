import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { readGoldenFile } from '../../conformance/golden-file.js';
import { Tally } from '../../conformance/tally.js';
import { Dice } from '../../oracle/dice.js';
import { judgeAfterHistory } from '../../oracle/history.js';

const golden = (name: string) =>
  fileURLToPath(new URL(`../../conformance/golden/${name}.json.gz`, import.meta.url));

describe('after a random history that leads back to the case', () => {
  it.each([
    'taints-2',
    'nodeaffinity-3',
    'ports-4',
    'spread-5',
    'interpod-6',
    'resources-7',
    'images-8',
    'volumes-9',
    'preemption-10',
    'mixed-11',
  ])('decisions of %s are the same', (name) => {
    const file = readGoldenFile(golden(name));
    const tally = new Tally();
    judgeAfterHistory(file, tally, new Dice(1));
    expect(tally.disagreements.slice(0, 3)).toEqual([]);
    expect(tally.files).toBe(1);
  });
});
