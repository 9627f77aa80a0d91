import { jest } from '@jest/globals';

/* Of a suite on a real cluster: what is waited for has a limit of its own, which names it. */
jest.setTimeout(90_000);
