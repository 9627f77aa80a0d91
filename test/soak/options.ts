import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  /** Left out of the judgement: code is compiled and caches fill. */
  readonly warmUpMinutes: number;
  readonly seed: number;
  readonly sampleSeconds: number;
  /** Stops and starts the API server in the middle. */
  readonly restart: boolean;
}

export const usage = `Usage: npm run soak -- [--minutes N] [--warm-up N] [--seed N] [--sample SECONDS] [--no-restart]

Runs Berth as it ships against etcd and kube-apiserver while pods are created, deleted, resized and relabelled, and nodes are
cordoned, drained, relabelled, replaced and not ready for a while. Prints what Berth held on to meanwhile, and why each of its watches
was opened again; ends with code 1 when something grew, differed or has no explanation.

  --minutes N       length of the churn (default 20)
  --warm-up N       minutes at its beginning that are not judged (default a fifth of it)
  --seed N          decides what is done when (default 1)
  --sample SECONDS  between two looks at the process (default 5)
  --no-restart      leave the API server alone; otherwise it is restarted in the middle`;

/** What the arguments ask for, or what to print instead. */
export function readOptions(args: string[]): SoakOptions | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: 'string', default: '20' },
        'warm-up': { type: 'string' },
        seed: { type: 'string', default: '1' },
        sample: { type: 'string', default: '5' },
        'no-restart': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const minutes = Number(values.minutes);
    const warmUpMinutes = values['warm-up'] === undefined ? minutes / 5 : Number(values['warm-up']);
    const [seed, sampleSeconds] = [Number(values.seed), Number(values.sample)];
    const isSound =
      minutes > 0 &&
      warmUpMinutes >= 0 &&
      warmUpMinutes < minutes &&
      sampleSeconds > 0 &&
      Number.isInteger(seed);
    if (values.help || !isSound) return usage;
    return { minutes, warmUpMinutes, seed, sampleSeconds, restart: !values['no-restart'] };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}
