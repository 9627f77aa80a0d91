import { describe, expect, it } from '@jest/globals';
import { type AnswerHead, AnswerParser } from '../../../../src/kube/http/answer-parser.js';
import { HttpFault } from '../../../../src/kube/http/http-fault.js';
import { seededRandom } from '../../../../src/random.js';

interface Read {
  readonly heads: AnswerHead[];
  readonly body: string;
  readonly complete: boolean;
  readonly reusable: boolean;
}

/** Reads one answer that comes in the given pieces, each in a buffer that is overwritten afterwards. */
function read(pieces: readonly Buffer[], { closed = false } = {}): Read {
  const heads: AnswerHead[] = [];
  const body: Buffer[] = [];
  const parser = new AnswerParser({
    head: (head) => heads.push(head),
    data: (bytes) => body.push(Buffer.from(bytes)),
  });
  parser.begin();
  let complete = false;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    complete = parser.push(bytes);
    bytes.fill('x');
  }
  if (closed) complete = parser.finish();
  return { heads, body: Buffer.concat(body).toString(), complete, reusable: parser.reusable };
}

const whole = (text: string, options = {}): Read => read([Buffer.from(text)], options);
const lines = (...all: string[]): string => all.join('\r\n');

const withLength = lines(
  'HTTP/1.1 201 Created',
  'Date: Sun, 22 Nov 2026 00:00:00 GMT',
  'Retry-After:  3 ',
  'Content-Type: Application/JSON; charset=utf-8',
  'Content-Length: 7',
  '',
  'ünder',
);
const chunked = lines(
  'HTTP/1.1 200 OK',
  'transfer-encoding: Chunked',
  'X-Empty:',
  '',
  '5;name=value',
  'hello',
  '0a',
  ' wide worl',
  '1',
  'd',
  '0',
  'Trailer: ignored',
  '',
  '',
);
const empty = lines('HTTP/1.1 204 No Content', 'content-length: 0', '', '');
const early = `${lines('HTTP/1.1 103 Early Hints', 'link: </x>', '', '')}${withLength.replace('ünder', 'under!!')}`;

describe('an answer', () => {
  it('with a length is complete with its last byte', () => {
    const text = withLength.replace('ünder', 'under!!');
    expect(whole(text)).toEqual({
      heads: [
        { code: 201, mediaType: 'application/json', retryAfter: '3', date: 'Sun, 22 Nov 2026 00:00:00 GMT' },
      ],
      body: 'under!!',
      complete: true,
      reusable: true,
    });
    expect(whole(text.slice(0, -1)).complete).toBe(false);
  });

  it('counts its length in bytes', () => {
    expect(whole(withLength.replace('7', '6'))).toMatchObject({ body: 'ünder', complete: true });
  });

  it('in chunks is complete with the empty line after the last', () => {
    expect(whole(chunked)).toEqual({
      heads: [{ code: 200, mediaType: '', retryAfter: undefined, date: undefined }],
      body: 'hello wide world',
      complete: true,
      reusable: true,
    });
    expect(whole(chunked.slice(0, -2)).complete).toBe(false);
  });

  it('without a body is complete with its head', () => {
    expect(whole(empty)).toMatchObject({ body: '', complete: true, reusable: true });
    expect(whole(lines('HTTP/1.1 304 Not Modified', 'content-length: 10', '', ''))).toMatchObject({
      complete: true,
    });
    expect(whole(lines('HTTP/1.1 200 OK', 'content-length: 0', '', ''))).toMatchObject({ complete: true });
  });

  it('that says neither ends with the connection', () => {
    const text = lines('HTTP/1.1 200 OK', '', 'all of it');
    expect(whole(text)).toMatchObject({ body: 'all of it', complete: false });
    expect(whole(text, { closed: true })).toMatchObject({
      body: 'all of it',
      complete: true,
      reusable: false,
    });
  });

  it('that is cut off is never complete', () => {
    expect(whole(withLength, { closed: true }).complete).toBe(false);
    expect(whole(chunked.slice(0, -4), { closed: true }).complete).toBe(false);
    expect(whole('HTTP/1.1 200', { closed: true }).complete).toBe(false);
  });

  it('may come after others that say that it will', () => {
    expect(whole(early)).toMatchObject({ heads: [{ code: 201 }], body: 'under!!', complete: true });
  });

  it('reads the same wherever the network cuts it', () => {
    for (const text of [withLength.replace('7', '6'), chunked, empty, early]) {
      const bytes = Buffer.from(text);
      const expected = read([bytes]);
      expect(expected.complete).toBe(true);
      for (let at = 1; at < bytes.length; at += 1) {
        expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
      }
      expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
    }
  });
});

describe('the connection', () => {
  const answer = (...headers: string[]): string =>
    lines('HTTP/1.1 200 OK', ...headers, 'content-length: 0', '', '');

  it.each([
    ['says nothing of it', answer(), true],
    ['says so', answer('connection: Keep-Alive'), true],
    ['will close it', answer('Connection: close'), false],
    ['will close it and says it among others', answer('connection: upgrade, Close'), false],
    ['speaks HTTP/1.0', answer().replace('1.1', '1.0'), false],
    ['speaks HTTP/1.0 and keeps it', answer('connection: keep-alive').replace('1.1', '1.0'), true],
    ['goes on after the end', `${answer()}HTTP/1.1 200 OK`, false],
  ])('carries another request if the server %s', (_what, text, expected) => {
    expect(whole(text)).toMatchObject({ complete: true, reusable: expected });
  });

  it('is judged anew with each answer', () => {
    const parser = new AnswerParser({ head: () => undefined, data: () => undefined });
    parser.begin();
    expect(parser.push(Buffer.from(`${answer()}x`))).toBe(true);
    expect(parser.reusable).toBe(false);
    parser.begin();
    expect(parser.push(Buffer.from(answer()))).toBe(true);
    expect(parser.reusable).toBe(true);
  });
});

describe('refused is an answer', () => {
  const headers = (...all: string[]): string => lines('HTTP/1.1 200 OK', ...all, '', '');
  it.each([
    ['in another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'it is no HTTP/1.1'],
    ['in another version', 'HTTP/2.0 200 OK\r\n\r\n', 'it is no HTTP/1.1'],
    ['without a code', 'HTTP/1.1 OK\r\n\r\n', 'it is no HTTP/1.1'],
    ['with an impossible code', 'HTTP/1.1 999 OK\r\n\r\n', 'it is no HTTP/1.1'],
    ['that changes the protocol', 'HTTP/1.1 101 Switching\r\n\r\n', 'another protocol'],
    ['with a length twice', headers('content-length: 1', 'content-length: 2'), 'two lengths'],
    ['with a list of lengths', headers('content-length: 1, 1'), 'its length is no number'],
    ['with a negative length', headers('content-length: -1'), 'its length is no number'],
    ['with a length in another base', headers('content-length: 0x10'), 'its length is no number'],
    [
      'with a length beyond all measure',
      headers(`content-length: ${'9'.repeat(30)}`),
      'its length is no number',
    ],
    [
      'with a length and chunks',
      headers('content-length: 1', 'transfer-encoding: chunked'),
      'and is chunked',
    ],
    [
      'with another transfer encoding',
      headers('transfer-encoding: gzip, chunked'),
      'transfer encoding is gzip',
    ],
    ['that is compressed', headers('content-encoding: gzip'), 'encoded as gzip'],
    ['with a header that has no name', headers(': value'), 'without a name'],
    ['with a header that has no value', headers('nothing'), 'without a name'],
    ['with a folded header', headers('a: b', ' c: d'), 'without a proper name'],
    ['with a space before the colon', headers('content-length : 1'), 'without a proper name'],
    ['with a lone line feed in a header', headers('a: b\nc: d'), 'without a name'],
    ['with a chunk without a size', `${headers('transfer-encoding: chunked')}\r\n`, 'a chunk has no size'],
    ['with a negative chunk', `${headers('transfer-encoding: chunked')}-1\r\n`, 'a chunk has no size'],
    [
      'with a chunk beyond all measure',
      `${headers('transfer-encoding: chunked')}${'f'.repeat(20)}\r\n`,
      'no size',
    ],
    [
      'with a chunk longer than it says',
      `${headers('transfer-encoding: chunked')}1\r\nab\r\n`,
      'longer than it says',
    ],
    ['with lone line feeds between chunks', `${headers('transfer-encoding: chunked')}1\nab`, 'no proper end'],
    [
      'with endless words after a chunk size',
      `${headers('transfer-encoding: chunked')}1;${'x'.repeat(9_000)}`,
      'too long',
    ],
    ['with an endless head', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`, 'head is too long'],
    [
      'with an endless head that ends',
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
      'head is too long',
    ],
  ])('%s', (_what, text, why) => {
    expect(() => whole(text)).toThrow(HttpFault);
    expect(() => whole(text)).toThrow(why);
  });
});

it('noise is refused or waits for more, and nothing else happens', () => {
  const random = seededRandom(7);
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let round = 0; round < 3_000; round += 1) {
    const bytes = Buffer.from([chunked, withLength, early][round % 3] as string);
    for (let count = below(6); count >= 0; count -= 1) bytes[below(bytes.length)] = below(256);
    const at = below(bytes.length);
    try {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)]).heads.length).toBeLessThanOrEqual(1);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(HttpFault);
    }
  }
});
