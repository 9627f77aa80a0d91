const comment = /(?:^|\n)[ \t]*\/\/[#@] ?source(?:Mapping)?URL=\S*[ \t\r]*$/;

/**
 * Takes the comments off the end of a module by which bundlers name its source map, or another URL for it. With either, stack traces would
 * no longer show the URL that the module was loaded under, which tells whose errors they are.
 */
export function withoutSourceComments(source: string): string {
  let text = source.trimEnd();
  while (comment.test(text)) text = text.replace(comment, '').trimEnd();
  return text === source.trimEnd() ? source : `${text}\n`;
}
