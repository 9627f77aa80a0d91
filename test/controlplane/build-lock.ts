import { open, readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface BuildLockOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Takes a lock that is a file holding its owner's process id, waiting while a living process has it, so that two
 * runs do not build the same thing at once. Returns the function that gives it back.
 */
export async function buildLock(path: string, options: BuildLockOptions): Promise<() => Promise<void>> {
  for (let waited = 0; ; waited += 1) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    // An empty file was made this instant; one that stays empty lost its owner before it could sign.
    if (owner > 0 ? !alive(owner) : waited > 5) await rm(path, { force: true });
    else if (waited % 60 === 0)
      options.log(`Another process (${owner}) is building the same; waiting for it.`);
    await sleep(1000, undefined, options);
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
