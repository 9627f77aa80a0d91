import { describe, expect, it } from '@jest/globals';
import { requestText, type WireRequest } from '../../../../src/kube/http/request-text.js';

const request = (change: Partial<WireRequest> = {}): WireRequest => ({
  method: 'POST',
  path: '/api/v1/pods?limit=1',
  headers: { accept: 'application/json', authorization: 'Bearer a.b-c_d' },
  ...change,
});

describe('the text of a request', () => {
  it('is its line, the host, its headers, and the body with its length in bytes', () => {
    expect(requestText('server:6443', request({ body: '{"ü":1}' }))).toBe(
      [
        'POST /api/v1/pods?limit=1 HTTP/1.1',
        'host: server:6443',
        'accept: application/json',
        'authorization: Bearer a.b-c_d',
        'content-length: 8',
        '',
        '{"ü":1}',
      ].join('\r\n'),
    );
  });

  it('says that there is no body where one could be', () => {
    expect(requestText('h', request())).toMatch(/\r\ncontent-length: 0\r\n\r\n$/);
    expect(requestText('h', request({ method: 'GET' }))).not.toContain('content-length');
  });

  it.each([
    ['path with a space', { path: '/a b' }, 'invalid path'],
    ['path that ends the line', { path: '/a HTTP/1.1\r\nx: y' }, 'invalid path'],
    ['path from nowhere', { path: 'pods' }, 'invalid path'],
    ['path with letters of another script', { path: '/ü' }, 'invalid path'],
    [
      'header that begins a line of its own',
      { headers: { authorization: 'Bearer a\r\nx: y' } },
      'invalid authorization header',
    ],
    [
      'header with letters of another script',
      { headers: { authorization: 'Bearer ü' } },
      'invalid authorization header',
    ],
    ['header name with a colon', { headers: { 'a:b': 'c' } }, 'invalid header name'],
  ])('is refused for a %s', (_what, change, why) => {
    expect(() => requestText('h', request(change))).toThrow(why);
  });

  it('does not repeat a secret when it is refused', () => {
    expect(() => requestText('h', request({ headers: { authorization: 'Bearer s3cret\n' } }))).not.toThrow(
      /s3cret/,
    );
  });
});
