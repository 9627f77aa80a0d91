import { type DocumentedCommand, documentedCommands } from './documented-commands.js';

/** Who carries a command out for real, or why nobody does. */
export type Proof =
  /** A walk through the pages: in a clone of the project alone, or in one beside a cluster whose nodes run containers. */
  | { readonly walk: 'checkout' | 'cluster'; readonly demands: Demands }
  /** Steps of `.ci/run`, word for word but for `--silent`. */
  | { readonly ci: readonly string[] }
  /** A test of its own carries it out: there these words are found. */
  | { readonly by: string; readonly words: string }
  /** A sentence that names a command of a block in fewer words. */
  | { readonly names: string }
  /** What it would need; what comes nearest to it and is carried out is in a file that has these words. */
  | { readonly notHere: string; readonly nearest: { readonly file: string; readonly words: string } };

/** What a walk asks of a command. */
export interface Demands {
  /** One of them; 0 when left out. */
  readonly exitCodes?: readonly number[];
  /** What it prints; it is repeated until it does, as a person would look again. */
  readonly shows?: RegExp;
  /** Arguments that are added, so that what takes an hour takes seconds. */
  readonly added?: string;
  /** It runs until Ctrl-C: this is what it prints when it is ready. It is ended at the end of its section. */
  readonly stays?: RegExp;
  /** What it starts beside the next commands, which want it to be ready. */
  readonly background?: { readonly port: number };
}

export interface Row {
  readonly commands: RegExp;
  readonly place?: DocumentedCommand['place'];
  readonly proof: Proof;
}

const inCheckout = (commands: RegExp, demands: Demands = {}): Row => ({
  commands,
  proof: { walk: 'checkout', demands },
});
const inCluster = (commands: RegExp, demands: Demands = {}): Row => ({
  commands,
  proof: { walk: 'cluster', demands },
});
const by = (file: string, words: string, commands: RegExp): Row => ({ commands, proof: { by: file, words } });
const inCi = (commands: RegExp, ...ci: readonly string[]): Row => ({ commands, proof: { ci } });
const notHere = (reason: string, commands: RegExp, file: string, words: string): Row => ({
  commands,
  proof: { notHere: reason, nearest: { file, words } },
});

const READY = /synced with the cluster/;

/** The first row that fits a command speaks for it. */
export const rows: readonly Row[] = [
  // What is done in CI, from a clean clone.
  inCi(/^npm run demo$/, 'npm run demo'),
  inCi(/^npm test$/, 'npm test'),
  inCi(/^npm run conformance -- /, 'npm run conformance -- test/conformance/golden'),
  inCi(/^npm run e2e$/, 'npm run e2e'),
  inCi(/^npm run e2e:deployed$/, 'npm run e2e:deployed'),
  inCi(
    /^npm run faults( -- --seed 1 --seeds \d+( --parallel 3 --quiet)?)?$/,
    'npm run faults -- --seed 1 --seeds 200 --parallel 3 --quiet',
  ),
  inCi(/^npm run faults -- .*--real/, 'npm run faults -- --seed 1 --seeds 20 --real --parallel 2 --quiet'),
  inCi(/^npm run soak/, 'npm run soak -- --minutes 1.25 --warm-up 0.25 --sample 2'),
  inCi(/^npm run check$/, 'npm run lint', 'npm run types', 'npm run build', 'npm test'),

  // What is for other machines than one that runs tests.
  notHere('it runs all of this', /^\.ci\/run$/, '.github/workflows/ci.yaml', 'run: .ci/run'),
  notHere(
    'another control plane to be built and all of e2e once more: CI does it, for each minor',
    /^BERTH_KUBERNETES=1\.\d+ npm run e2e$/,
    '.github/workflows/ci.yaml',
    "kubernetes: ['1.34', '1.35', '1.36']",
  ),
  notHere(
    'Docker: the same Dockerfile is built without it',
    /^docker build -t berth:dev \.$/,
    'test/realcluster/berth-image.ts',
    'ImageBuilder',
  ),
  notHere(
    'an image that was released, and Sigstore: the workflow makes what it looks for',
    /^cosign verify /,
    '.github/workflows/release.yaml',
    'cosign sign --yes "$REFERENCE"',
  ),

  // Programs that take as long as they are told.
  inCheckout(/^npm run bench:engine/, { added: '--rounds 1 --warm-up 10 --pods 5 --nodes 100' }),
  inCheckout(/^npm run bench -- --write-results$/, { added: '--repeat 0' }),
  inCheckout(/^npm run bench -- --only /, { added: '--nodes 20 --pods 40 --repeat 1 --no-ceiling' }),
  inCheckout(/^npm run bench/, { added: '--only basic --nodes 20 --pods 40 --repeat 1 --no-ceiling' }),
  inCheckout(/^npm run oracle$/, { added: '--cases 3' }),
  inCheckout(/^npm run fuzz$/, { added: '--objects 5000' }),

  // Pages and steps whose commands are carried out, and whose output is compared, by a test of their own.
  by('test/unit/configuration-page.test.ts', "blocks('console')", /^berth config (check|convert) \w+\.yaml/),
  by('test/e2e/new-plugin.test.ts', "'npm install && npm test'", /^npm install && npm test$/),
  by('test/e2e/new-plugin.test.ts', "'npx tsc'", /^npx tsc$/),
  by('test/integration/release-commands.test.ts', "'npm version 7.8.9'", /^npm version X\.Y\.Z$/),
  by('test/integration/release-commands.test.ts', "'git push --follow-tags'", /^git push --follow-tags$/),
  by('test/e2e/doctor.test.ts', "describe('docs/doctor.md'", /^berth doctor$/),

  // In a clone, without a cluster.
  inCheckout(/^git clone <this repository> berth && cd berth$/),
  inCheckout(/^npm run demo -- --keep$/, { stays: /kubectl get pods/ }),
  inCheckout(/^npm run (build|format)$/),
  inCheckout(/^npm run test:unit -- /),
  inCheckout(/^npm run faults -- --seed 172 --verbose$/),
  inCheckout(/^node dist\/berth\.js config schema > /),
  inCheckout(/^node --cpu-prof |^npm run build && node --cpu-prof /),
  inCheckout(
    /^node --experimental-vm-modules node_modules\/jest\/bin\/jest\.js --config examples\/jest\.config\.mjs$/,
  ),
  inCheckout(/^berth doctor --kubeconfig nowhere\.yaml; echo \$\?$/),
  inCheckout(/^alias berth=/),
  inCheckout(/^(berth|node dist\/berth\.js) plugin check [\w./-]+\.yaml$/),
  inCheckout(/^sed .* > berth-rules\.yaml$/),
  {
    commands: /^(berth|node dist\/berth\.js)( |$)/,
    place: 'prose',
    proof: { walk: 'checkout', demands: {} },
  },

  // What needs more than a cluster of this machine has.
  notHere(
    "Grafana's image: that the dashboard has something to show is tried on Prometheus",
    /^kubectl -n monitoring port-forward service\/prometheus-grafana /,
    'test/deployed/documented-commands.test.ts',
    'panelQueries(',
  ),
  notHere(
    'metrics-server: the kubelet’s figure is read where it reads it',
    /^kubectl -n berth-system top pod$/,
    'test/deployed/installed-berth.ts',
    'as `kubectl top` counts them',
  ),

  // In a cluster.
  inCluster(/^npm run controlplane$/, { stays: /control plane is running/ }),
  inCluster(/^npm start -- --kubeconfig FILE$/, { stays: READY }),
  inCluster(/^(berth|node dist\/berth\.js) run /, { stays: READY }),
  inCluster(/^berth doctor --service-account /),
  inCluster(/^npm run realcluster$/, { stays: /The cluster is ready/ }),
  inCluster(/^minikube (start|image (build|load|rm)) /),
  inCluster(/^helm /),
  inCluster(/^kubectl .*port-forward deployment\/berth 10259/, { background: { port: 10259 } }),
  inCluster(/^kubectl events --for pod\//, { shows: /FailedScheduling|Scheduled/ }),
  inCluster(/^kubectl get pod wants-ssd /, { shows: /Running.* node-2 / }),
  inCluster(/^kubectl auth can-i /, { shows: /^yes/m }),
  inCluster(/^kubectl get events --field-selector reason=Scheduled /, {
    shows: /berth\s.*Successfully assigned/,
  }),
  inCluster(/^kubectl get events -A --field-selector reason=FailedScheduling$/, {
    shows: /nodes are available/,
  }),
  inCluster(/^curl .*readyz/, { shows: /ok/ }),
  inCluster(/^curl .*metrics/, { shows: /^scheduler_schedule_attempts_total/m }),
  // Where all is well, a log has nothing to say about it.
  inCluster(/^kubectl .* \| grep /, { exitCodes: [0, 1] }),
  inCluster(/^(kubectl|sleep|kill) /),
];

/** The row that speaks for a command; undefined when there is none. */
export function rowOf(command: DocumentedCommand): Row | undefined {
  return rows.find(
    ({ commands, place }) => (place ?? command.place) === command.place && commands.test(command.text),
  );
}

/** How a command is proven; undefined when nothing was said about it. */
export function proofOf(command: DocumentedCommand): Proof | undefined {
  const names = command.place === 'prose' ? inFullOf(command) : undefined;
  return names === undefined ? rowOf(command)?.proof : { names };
}

/** The block command that has all words of a sentence's command in their order. */
function inFullOf({ text }: DocumentedCommand): string | undefined {
  const words = text.split(' ');
  const full = (candidate: string): boolean => {
    let at = 0;
    for (const word of candidate.split(' ')) if (word === words[at]) at += 1;
    return at === words.length;
  };
  blocks ??= documentedCommands().filter(({ place }) => place === 'block');
  return blocks.find((block) => full(block.text))?.text;
}

let blocks: readonly DocumentedCommand[] | undefined;
