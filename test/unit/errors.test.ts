import { describe, expect, it } from '@jest/globals';
import { BerthError, describeError, ERRORS, renderErrorTable } from '../../src/errors.js';
import { ApiError } from '../../src/kube/api-error.js';

describe('BerthError', () => {
  it('fills its facts into the message and the hint', () => {
    const error = new BerthError('BERTH_E_LISTEN', { address: '0.0.0.0:10259', reason: 'taken' });
    expect(error.message).toBe('cannot listen on 0.0.0.0:10259: taken');
    expect(error.exitCode).toBe(1);
    expect(error.code).toBe('BERTH_E_LISTEN');
  });

  it('does not expand placeholders that came in with a fact', () => {
    const error = new BerthError('BERTH_E_LISTEN', { address: '{reason}', reason: 'taken' });
    expect(error.message).toBe('cannot listen on {reason}: taken');
  });
});

describe('describeError', () => {
  it('puts the place before the message', () => {
    const error = new BerthError(
      'BERTH_E_CONFIG_INVALID',
      { problem: 'profiles[0].pluginz: unknown field; did you mean "plugins"?' },
      { where: 'config.yaml:7:5' },
    );
    expect(describeError(error).line).toBe(
      'config.yaml:7:5: profiles[0].pluginz: unknown field; did you mean "plugins"?',
    );
  });

  it.each([
    ['unreachable', 0, 'BERTH_E_UNREACHABLE', 3],
    ['credentials', 0, 'BERTH_E_CREDENTIALS', 3],
    ['ambiguous', 0, 'BERTH_E_NO_ANSWER', 3],
    ['malformed', 200, 'BERTH_E_API_MALFORMED', 1],
    ['aborted', 0, 'BERTH_E_INTERRUPTED', 1],
    ['status', 401, 'BERTH_E_UNAUTHORIZED', 3],
    ['status', 403, 'BERTH_E_FORBIDDEN', 3],
    ['status', 429, 'BERTH_E_THROTTLED', 1],
    ['status', 500, 'BERTH_E_API_STATUS', 1],
  ] as const)('translates an API failure %s %i to %s, exit %i', (failure, code, expected, exitCode) => {
    const described = describeError(new ApiError('pods is what it was about', { failure, code }));
    expect(described.code).toBe(expected);
    expect(described.exitCode).toBe(exitCode);
    if (expected !== 'BERTH_E_INTERRUPTED') {
      expect(described.line).toContain('pods is what it was about');
    }
  });

  it.each(['credentials', 'unreachable'] as const)(
    'speaks of the certificate when that is the cause of %s',
    (failure) => {
      const tls = Object.assign(new Error('self-signed certificate'), {
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      });
      const error = new ApiError('no connection', {
        failure,
        cause: new Error('fetch failed', { cause: tls }),
      });
      expect(describeError(error).code).toBe('BERTH_E_CERTIFICATE');
    },
  );

  it('keeps line breaks and escape sequences of others away from the terminal', () => {
    const { line } = describeError(new Error('one\ntwo\u001b[31mred\u2028'));
    expect(line).toBe('unexpected failure: one two [31mred');
  });

  it.each([undefined, null, 'text', 42])('describes %p, which is no error at all', (thrown) => {
    expect(describeError(thrown)).toMatchObject({ code: 'BERTH_E_INTERNAL', exitCode: 1 });
  });
});

describe('the error table', () => {
  it('has one row per code', () => {
    const rows = renderErrorTable().split('\n');
    for (const [code, { exitCode }] of Object.entries(ERRORS)) {
      const row = new RegExp(`^\\| \`${code}\` *\\| ${exitCode} +\\|`);
      expect(rows.filter((candidate) => row.test(candidate))).toHaveLength(1);
    }
  });

  it('ends no message or hint with a full stop, so that they can be joined', () => {
    for (const { message, hint } of Object.values(ERRORS)) {
      expect(message).not.toMatch(/\.$/);
      expect(hint).not.toMatch(/\.$/);
    }
  });
});
