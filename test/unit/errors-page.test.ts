import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { renderErrorTable } from '../../src/errors.js';

it('docs/errors.md shows the error table as it is', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  expect(page).toContain(renderErrorTable());
});
