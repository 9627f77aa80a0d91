import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goCache, run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';
import { type DocumentedCommand, documentedCommands } from './documented-commands.js';
import { type Demands, proofOf } from './proofs.js';
import { type Result, ShellSession } from './shell-session.js';
import { difference } from './shown-output.js';

export type Walk = 'checkout' | 'cluster';

/** Pages with something to do in a walk, in the order in which they are followed. */
export function pagesOf(walk: Walk): string[] {
  return [...new Set(commandsOf(walk).map(({ page }) => page))];
}

/** Carries out a command of which this machine has no program, or not the one that is meant. */
export interface StandIn {
  readonly commands: RegExp;
  run(command: string): Promise<Result>;
}

export interface WalkOptions {
  readonly walk: Walk;
  /** Programs on the PATH beside those of the system: name to path. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly standIns?: readonly StandIn[];
  /** What stands in commands for something of the reader's, and what it is here. */
  readonly placeholders?: Readonly<Record<string, string>>;
}

const SHOWN_WITHIN_MS = 60_000;

/**
 * Somebody who reads the pages and does what they say: an empty home, a clone of the project in it, and a terminal. What he is shown to type
 * is typed as it stands.
 */
export class PageWalk {
  /** An empty folder at the start. */
  readonly home: string;
  readonly #options: WalkOptions;
  readonly #parent: string;
  readonly #terminal: ShellSession;
  #beside: ShellSession[] = [];

  private constructor(options: WalkOptions, parent: string) {
    this.#options = options;
    this.#parent = parent;
    this.home = join(parent, 'home');
    const path = [join(parent, 'bin'), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'];
    this.#terminal = new ShellSession({
      home: this.home,
      env: {
        PATH: path.join(':'),
        LANG: 'C.UTF-8',
        EDITOR: 'true',
        CI: 'true',
        NO_COLOR: '1',
        XDG_CACHE_HOME: dirname(goCache(process.env)),
      },
    });
  }

  /** Clones the project and has `berth` for a command, as the first page says. */
  static async start(options: WalkOptions): Promise<PageWalk> {
    const parent = await mkdtemp(join(tmpdir(), 'berth-reader-'));
    const bin = join(parent, 'bin');
    await mkdir(join(parent, 'home'));
    await mkdir(bin);
    const programs = { ...options.programs, npm: join(projectRoot(), 'test', 'docs', 'npm.mjs') };
    await Promise.all(Object.entries(programs).map(([name, path]) => symlink(path, join(bin, name))));
    const walk = new PageWalk(options, parent);
    try {
      await walk.#clone();
      return walk;
    } catch (error) {
      await walk.end();
      throw error;
    }
  }

  /** Does what a page says, from its top to its end. @throws Error that names the line, the command and what came of it. */
  async follow(page: string): Promise<void> {
    const commands = commandsOf(this.#options.walk).filter((command) => command.page === page);
    await this.#writeFilesOf(page);
    for (const [index, command] of commands.entries()) {
      if (commands[index - 1]?.section !== command.section) await this.#closeBeside();
      await this.#carryOut(command).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `${command.page}:${command.line}: ${command.text}\n${reason}\n` +
            'Correct the page, or what the command is to come to (test/docs/proofs.ts).',
        );
      });
    }
    await this.#closeBeside();
    await this.#terminal.run('kill $(jobs -p) 2> /dev/null; wait');
  }

  async end(): Promise<void> {
    await this.#closeBeside();
    await this.#terminal.close();
    await rm(this.#parent, { recursive: true, force: true });
  }

  async #clone(): Promise<void> {
    for (const start of ['git clone ', 'alias berth=']) {
      const command = documentedCommands().find(({ text }) => text.startsWith(start));
      if (command === undefined) throw new Error(`no page has a command that begins with "${start}"`);
      const { exitCode, stderr } = await this.#terminal.run(this.#typed(command));
      if (exitCode !== 0) throw new Error(`${command.text}: ${stderr}`);
    }
    // What was changed and is not committed yet is meant as well; programs and packages are those that the test was started with.
    const clone = join(this.home, 'berth');
    const git = (...args: string[]) => run('git', args, { cwd: projectRoot(), env: process.env });
    const changed = await git('ls-files', '--modified', '--others', '--exclude-standard', '--deduplicate');
    for (const path of changed.split('\n').filter((name) => name !== '' && name !== 'node_modules')) {
      await rm(join(clone, path), { force: true });
      await cp(join(projectRoot(), path), join(clone, path)).catch(() => undefined);
    }
    await cp(join(projectRoot(), 'dist'), join(clone, 'dist'), { recursive: true });
    await symlink(join(projectRoot(), 'node_modules'), join(clone, 'node_modules'));
    await chmod(clone, 0o755);
  }

  async #carryOut(command: DocumentedCommand): Promise<void> {
    if (/^(git clone|alias) /.test(command.text)) return;
    const { shows, stays, background, added, exitCodes = [0] } = demandsOf(command);
    const typed = withArguments(this.#typed(command), added);
    if (stays !== undefined) {
      this.#beside.push(await this.#terminal.runBeside(typed, stays));
      return;
    }
    const deadline = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      const { exitCode, stdout, stderr } = await this.#run(typed);
      if (!exitCodes.includes(exitCode)) throw new Error(`exit code ${exitCode}:\n${stdout}${stderr}`);
      const parts = command.shown === '' ? undefined : difference(command.shown, `${stdout}${stderr}`);
      if (parts === undefined && (shows === undefined || shows.test(stdout))) break;
      const wanted =
        parts === undefined ? `was to show ${shows}` : `shows something else than the page\n${parts}`;
      if (performance.now() > deadline) throw new Error(`${wanted}\nIt printed:\n${stdout}${stderr}`);
      await sleep(500);
    }
    if (background !== undefined) await listens(background.port);
  }

  async #run(typed: string): Promise<Result> {
    const standIn = this.#options.standIns?.find(({ commands }) => commands.test(typed));
    return standIn === undefined ? this.#terminal.run(typed, 240_000) : standIn.run(typed);
  }

  /** Of a command that is only spoken of, the help: there is such a command. */
  #typed({ text, place }: DocumentedCommand): string {
    const isMention = place === 'prose' && /^(berth|node dist\/berth\.js) ?/.test(text);
    const words = text.split(' ');
    const end = words.findIndex((word) => /^([A-Z][A-Z_]+|[A-Z]\w+|…|>|-.*)$/.test(word));
    const typed = isMention ? `${words.slice(0, end === -1 ? undefined : end).join(' ')} --help` : text;
    const placeholders = { '<this repository>': `'${projectRoot()}'`, ...this.#options.placeholders };
    return Object.entries(placeholders).reduce((rest, [word, here]) => rest.replaceAll(word, here), typed);
  }

  /** Blocks of a page whose first line names a file. */
  async #writeFilesOf(page: string): Promise<void> {
    const text = await readFile(join(projectRoot(), page), 'utf8');
    const blocks = text.matchAll(/^```(?:ts|yaml)\n((?:\/\/|#) ([\w.-]+\.(?:ts|yaml))\n[\s\S]*?)^```$/gm);
    for (const [, content = '', name = ''] of blocks)
      await writeFile(join(this.home, 'berth', name), content);
  }

  async #closeBeside(): Promise<void> {
    const former = this.#beside;
    this.#beside = [];
    await Promise.all(former.map((terminal) => terminal.close()));
  }
}

function commandsOf(walk: Walk): DocumentedCommand[] {
  const said = new Set<string>();
  return documentedCommands().filter((command) => {
    const proof = proofOf(command);
    if (proof === undefined || !('walk' in proof) || proof.walk !== walk) return false;
    // A sentence that names what another one has named is not done again.
    const isNew = command.place === 'block' || !said.has(command.text);
    said.add(command.text);
    return isNew;
  });
}

function demandsOf(command: DocumentedCommand): Demands {
  const proof = proofOf(command);
  return proof !== undefined && 'walk' in proof ? proof.demands : {};
}

/** Adds arguments for a script that npm runs, before its output goes to a file. */
function withArguments(typed: string, added: string | undefined): string {
  if (added === undefined) return typed;
  const [order = '', ...file] = typed.split(' > ');
  return [`${order}${order.includes(' -- ') ? '' : ' --'} ${added}`, ...file].join(' > ');
}

/** Waits until somebody listens on a port of this machine. */
async function listens(port: number, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host: 'localhost', port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.setTimeout(1_000, () => resolve(false));
      socket.once('close', () => resolve(false));
      setTimeout(() => socket.destroy(), 500).unref();
    });
    if (answers) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await sleep(100);
  }
}
