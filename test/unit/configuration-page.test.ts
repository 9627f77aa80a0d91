import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../../src/commands/command-line.js';
import { renderFlagRows } from '../../src/commands/kube-scheduler-flags.js';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'berth-page-'));

/** Fenced blocks of one language. */
function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, body = '']) => body,
  );
}

/** The files of the page: blocks whose first line names one. */
for (const body of blocks('yaml')) {
  const [, name] = /^# (\S+\.yaml)\n/.exec(body) ?? [];
  if (name !== undefined) writeFileSync(join(folder, name), body);
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a terminal shows after `$ berth …`, and after `; echo $?` the exit code. */
async function run(commandLine: string): Promise<string> {
  const [command = '', echo] = commandLine.split('; ');
  const args = command.split(' ').slice(1);
  const output = new PassThrough();
  const context = { signal: new AbortController().signal, stdout: output, stderr: output, env: {} };
  const code = await runCommandLine(
    args.map((argument) => (argument.endsWith('.yaml') ? join(folder, argument) : argument)),
    context,
  );
  const text = String(output.read() ?? '').replaceAll(join(folder, '/'), '');
  return echo === undefined ? text : `${text}${code}\n`;
}

describe('docs/configuration.md', () => {
  it.each(blocks('console').map((body) => [body.slice(2, body.indexOf('\n')), body] as const))(
    'shows what "%s" prints',
    async (command, body) => {
      expect(`$ ${command}\n${await run(command)}`).toBe(body);
    },
  );

  it('has examples', () => {
    expect(blocks('console').length).toBeGreaterThanOrEqual(4);
  });

  it("shows what becomes of kube-scheduler's flags", () => {
    expect(page).toContain(`${renderFlagRows()}\n`);
  });
});
