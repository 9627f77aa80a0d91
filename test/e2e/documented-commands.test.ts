import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import { PageWalk, pagesOf } from '../docs/page-walk.js';
import { ensureOracle } from '../oracle/build.js';

jest.setTimeout(900_000);

describe('who reads the pages and has a clone of the project', () => {
  let reader: PageWalk;

  beforeAll(async () => {
    // As the programs of the control plane: the reader's own first run would take minutes.
    await ensureOracle({});
    reader = await PageWalk.start({
      walk: 'checkout',
      placeholders: { '/tmp/profiles': 'profiles', ' DIR': ' profiles', '../before/dist': 'dist' },
    });
  });
  afterAll(() => reader?.end());

  it.each(pagesOf('checkout'))('can do what %s says', (page) => reader.follow(page));
});
