import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../controlplane/project-root.js';

/** A command as a page shows it. */
export interface DocumentedCommand {
  /** From the root of the project: `docs/deploy.md`. */
  readonly page: string;
  readonly line: number;
  /** The title of the section of the second level that it stands in. */
  readonly section: string;
  /** Without a comment at its end. */
  readonly text: string;
  /** `block`: a line of a fenced block; `prose`: words in code in a sentence, which may be no more than the name of a command. */
  readonly place: 'block' | 'prose';
  /** What a block of the language `console` shows below the command; empty elsewhere. */
  readonly shown: string;
}

const SHELLS = ['sh', 'bash', 'shell', 'console'];
const PROGRAMS = 'npm|npx|node|berth|kubectl|helm|minikube|docker|git|cosign|\\.ci/run';

/** The way of a newcomer comes first; what takes Berth away again, or puts another in its place, comes last. */
const LAST = ['docs/deploy.md', 'charts/', 'examples/'];

/** Pages for those who use or change the project: not its history, and not what its tests say to themselves. */
export function pages(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: projectRoot(),
    encoding: 'utf8',
  });
  const order = (page: string): number =>
    page === 'README.md' ? -2 : LAST.findIndex((place) => page.startsWith(place));
  return listed
    .trim()
    .split('\n')
    .filter((page) => !/^(CHANGELOG\.md|docs\/adr\/|bench\/|test\/)/.test(page))
    .filter((page) => existsSync(join(projectRoot(), page)))
    .sort((a, b) => order(a) - order(b) || a.localeCompare(b, 'en'));
}

/** Every command of every page, in the order of {@link pages}. */
export function documentedCommands(): DocumentedCommand[] {
  return pages().flatMap((page) => commandsOf(page, readFileSync(join(projectRoot(), page), 'utf8')));
}

/** The commands of one page, from its top to its end. */
export function commandsOf(page: string, text: string): DocumentedCommand[] {
  const found: DocumentedCommand[] = [];
  const prose: string[] = [];
  let section = '';
  let language: string | undefined;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*```(.*)$/.exec(line)?.[1];
    if (fence !== undefined) language = language === undefined ? fence.trim() : undefined;
    const isProse = fence === undefined && language === undefined;
    prose.push(isProse ? line : '');
    if (isProse && line.startsWith('## ')) section = line.slice(3);
    const order = fence === undefined ? orderIn(line, language) : undefined;
    if (order === undefined) continue;
    const shown = language === 'console' ? outputAfter(lines, index) : '';
    found.push({ page, line: index + 1, section, text: order, place: 'block', shown });
  }
  return [...found, ...inProse(page, prose)].sort((a, b) => a.line - b.line);
}

function orderIn(line: string, language: string | undefined): string | undefined {
  if (language === undefined || !SHELLS.includes(language)) return undefined;
  const text = language === 'console' ? /^\$ (.*)$/.exec(line)?.[1] : line;
  // A comment begins outside of quotes.
  const order = text && /^(?:'[^']*'|"[^"]*"|[^'"])*?(?=(?:^|\s+)# |$)/.exec(text)?.[0].trim();
  return order === '' ? undefined : order;
}

function outputAfter(lines: readonly string[], index: number): string {
  const rest = lines.slice(index + 1);
  return rest
    .slice(
      0,
      rest.findIndex((line) => /^(\$ |```)/.test(line)),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** Words in code, or in the quotation marks of a remedy, that begin with a program and go on, if need be in the next line. */
function inProse(page: string, lines: readonly string[]): DocumentedCommand[] {
  const pattern = new RegExp(`([\`"])((?:${PROGRAMS})(?: [^\`"]+)?)\\1`, 'g');
  const text = lines.join('\n');
  return [...text.matchAll(pattern)]
    .map((match) => ({ order: (match[2] ?? '').replaceAll(/\s*\n\s*/g, ' '), at: match.index }))
    .filter(({ order }) => order.includes(' ') || order === '.ci/run')
    .map(({ order, at }) => {
      const before = text.slice(0, at);
      const section =
        before
          .match(/^## .*$/gm)
          ?.at(-1)
          ?.slice(3) ?? '';
      return { page, line: before.split('\n').length, section, text: order, place: 'prose', shown: '' };
    });
}
