import { expect, it } from '@jest/globals';
import {
  isPluginsStrayError,
  type StrayOrigin,
  watchStrayErrors,
} from '../../../src/plugin-host/stray-errors.js';

it('without plugins, errors that nobody handled are Berth’s own, whatever they name', () => {
  for (const error of [new Error('ours'), 'text', undefined, Object.assign(new Error('bare'), { stack: '' })])
    expect(isPluginsStrayError(error)).toBe(false);
});

it('who watches is told where an error comes from, and says whose it is', () => {
  const told: StrayOrigin[] = [];
  const unwatch = watchStrayErrors((_error, origin) => told.push(origin) > 1);
  const error = new Error('lost');
  error.stack = `Error: lost
    at late (file:///p/one.js:1:2)
    at async Two.run [as go] (/q/with space/two.js:3:4)
    at file:///r/three.js:5:6
    at new Promise (<anonymous>)
    at process.process (node:internal/process:7:8)
    at berth-time-guard.js:1:1`;
  expect(isPluginsStrayError(error)).toBe(false);
  expect(isPluginsStrayError('text')).toBe(true);
  unwatch();
  expect(isPluginsStrayError('text')).toBe(false);
  expect(told).toEqual([
    { frame: undefined, files: ['/p/one.js', '/q/with space/two.js', '/r/three.js'] },
    { frame: undefined, files: [] },
  ]);
});
