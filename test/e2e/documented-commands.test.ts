import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import { PageWalk, pagesOf } from '../docs/page-walk.js';

jest.setTimeout(900_000);

describe('who reads the pages and has a clone of the project', () => {
  let reader: PageWalk;

  beforeAll(async () => {
    reader = await PageWalk.start({
      walk: 'checkout',
      placeholders: { '/tmp/profiles': 'profiles', ' DIR': ' profiles', '../before/dist': 'dist' },
    });
  });
  afterAll(() => reader?.end());

  it.each(pagesOf('checkout'))('can do what %s says', (page) => reader.follow(page));
});
