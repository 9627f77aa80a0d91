import { describe, expect, it } from '@jest/globals';
import { AnswerCache, BusyError } from '../../../src/serve/answer-cache.js';
import { ManualClock } from '../../manual-clock.js';

function cacheOf(
  options: { keepMs?: (answer: string) => number; capacity?: number; maxPending?: number } = {},
) {
  const clock = new ManualClock();
  const cache = new AnswerCache<string>({
    keepMs: () => 10_000,
    capacity: 3,
    maxPending: 2,
    clock,
    ...options,
  });
  const asked: string[] = [];
  const get = (question: string, answer = `${question}!`): Promise<string> =>
    cache.get(question, async () => {
      asked.push(question);
      return answer;
    });
  return { clock, cache, asked, get };
}

describe('answers that are remembered', () => {
  it('are not asked for again until their time is over', async () => {
    const { clock, asked, get } = cacheOf();
    await get('a');
    await clock.advance(9_999);
    expect(await get('a', 'changed')).toBe('a!');
    await clock.advance(1);
    expect(await get('a', 'changed')).toBe('changed');
    expect(asked).toEqual(['a', 'a']);
  });

  it('are kept as long as each of them says', async () => {
    const { asked, get } = cacheOf({ keepMs: (answer) => (answer === 'no' ? 0 : 10_000) });
    await get('a', 'no');
    await get('a', 'yes');
    await get('a', 'yes');
    expect(asked).toEqual(['a', 'a']);
  });

  it('are so many at most: the oldest goes first', async () => {
    const { cache, asked, get } = cacheOf();
    for (const question of ['a', 'b', 'c', 'd']) await get(question);
    expect(cache.size).toBe(3);
    await get('b');
    await get('a');
    expect(asked).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  it('are asked for once by those who ask at the same time', async () => {
    const { asked, get } = cacheOf();
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['a!', 'a!', 'a!']);
    expect(asked).toEqual(['a']);
  });

  it('are no failures', async () => {
    const { cache, get } = cacheOf();
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await get('a')).toBe('a!');
  });

  it('are not asked for when too many questions are under way', async () => {
    const { cache, get } = cacheOf();
    let answer = (_text: string): void => {};
    const slow = (): Promise<string> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const first = cache.get('a', slow);
    void cache.get('b', () => new Promise(() => {}));
    await expect(get('c')).rejects.toThrow(BusyError);
    const same = get('a', 'not asked');
    answer('a!');
    expect(await Promise.all([first, same])).toEqual(['a!', 'a!']);
    expect(await get('c')).toBe('c!');
  });
});
