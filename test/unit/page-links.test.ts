import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../controlplane/project-root.js';
import { pages } from '../docs/documented-commands.js';

const read = (path: string): string => readFileSync(path, 'utf8');

/** Names of a page's sections as links to them have them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Links of a page within the project that lead nowhere. */
function broken(page: string): string[] {
  const path = join(projectRoot(), page);
  const prose = read(path).replaceAll(/^```[\s\S]*?^```$/gm, '');
  const links = [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(target)) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchors(read(target)).includes(anchor);
  });
}

describe('links within the project', () => {
  it.each(pages())('of %s lead somewhere', (page) => {
    expect(broken(page)).toEqual([]);
  });
});
