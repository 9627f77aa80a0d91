import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImageArchive } from './image.js';
import { ImageBuilder } from './image-builder.js';
import type { EnsureOptions } from './node-programs.js';

/** No registry has it: a node that lacks it would not find it elsewhere. */
export const PAUSE_IMAGE = 'localhost/pause:1';

/**
 * The image of the pause program alone, for sandboxes and for pods that do nothing; it lies beside the program. Under another name it
 * stands in for an image that nothing is asked of but to run.
 */
export async function pauseImage(
  program: string,
  options: EnsureOptions,
  name = PAUSE_IMAGE,
): Promise<ImageArchive> {
  const path = join(
    dirname(program),
    `${name === PAUSE_IMAGE ? 'pause' : name.replaceAll(/\W/g, '-')}-image.tar`,
  );
  if (existsSync(path)) return { name, path };
  const builder = await ImageBuilder.open(options);
  const context = await mkdtemp(join(tmpdir(), 'berth-pause-'));
  try {
    await copyFile(program, join(context, 'pause'));
    const dockerfile = 'FROM scratch\nCOPY pause /pause\nUSER 65532:65532\nENTRYPOINT ["/pause"]\n';
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    await builder.build({ context, name });
    return await builder.save(name, path);
  } finally {
    await rm(context, { recursive: true, force: true });
    await builder.close();
  }
}
