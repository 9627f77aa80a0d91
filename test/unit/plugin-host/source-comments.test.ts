import { describe, expect, it } from '@jest/globals';
import { withoutSourceComments } from '../../../src/plugin-host/source-comments.js';

describe('the comments of a bundler at the end of a module', () => {
  it.each([
    ['a source map in it', 'f();\n//# sourceMappingURL=data:application/json;base64,e30=\n', 'f();\n'],
    ['a source map beside it, after CRLF', 'f();\r\n//# sourceMappingURL=f.js.map\r\n', 'f();\n'],
    ['another URL and a source map', 'f();\n//@ sourceURL=x.js\n//# sourceMappingURL=x.map', 'f();\n'],
    ['nothing but a comment', '//# sourceMappingURL=x.map', '\n'],
  ])('are taken off: %s', (_what, source, expected) => {
    expect(withoutSourceComments(source)).toBe(expected);
  });

  it.each(['f();', 'f();\n\n', '//# sourceMappingURL=x.map\nf();\n', "f('//# sourceMappingURL=x.map');\n"])(
    'are taken nowhere else: %j',
    (source) => {
      expect(withoutSourceComments(source)).toBe(source);
    },
  );
});
