const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
      sourceMaps: 'inline',
    },
  ],
};

const suite = (name, extra = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform,
  ...extra,
});

export default {
  projects: [
    suite('unit'),
    suite('conformance'),
    suite('integration', { globalSetup: '<rootDir>/test/jest/build-once.mjs' }),
    suite('e2e', {
      globalSetup: '<rootDir>/test/jest/build-once.mjs',
      setupFilesAfterEnv: ['<rootDir>/test/jest/patient.mjs'],
    }),
    suite('deployed'),
  ],
  testTimeout: 30_000,
  // By default jest leaves one processor to whoever watches: on two, that doubles the time.
  maxWorkers: '100%',
};
