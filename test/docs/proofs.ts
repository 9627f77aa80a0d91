import { type DocumentedCommand, documentedCommands } from './documented-commands.js';

/** Who carries a command out for real, or why nobody does. */
export type Proof =
  /** A walk through the pages: in a clone of the project alone, or in one beside a cluster whose nodes run containers. */
  | { readonly walk: 'checkout' | 'cluster'; readonly demands: Demands }
  /** Another test or a step of CI runs it, or what it comes to: there these words are found. */
  | { readonly by: string; readonly words: string }
  /** A sentence that names a command of a block in fewer words. */
  | { readonly names: string }
  /** What it would need. */
  | { readonly notHere: string };

/** What a walk asks of a command. */
export interface Demands {
  /** One of them; 0 when left out. */
  readonly exitCodes?: readonly number[];
  /** What it prints; it is repeated until it does, as a person would look again. */
  readonly shows?: RegExp;
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
const notHere = (reason: string, commands: RegExp): Row => ({ commands, proof: { notHere: reason } });

const CI = '.ci/run';
const READY = /synced with the cluster/;

/** The first row that fits a command speaks for it. */
export const rows: readonly Row[] = [
  // What is done in CI, from a clean clone.
  by('.github/workflows/ci.yaml', 'run: .ci/run', /^\.ci\/run$/),
  by(CI, 'npm run --silent demo', /^npm run demo$/),
  by(CI, 'npm test --silent', /^npm test$/),
  by(CI, 'npm run --silent conformance -- test/conformance/golden', /^npm run conformance -- /),
  by(CI, 'npm run --silent e2e', /^npm run e2e$/),
  by('.github/workflows/ci.yaml', 'BERTH_KUBERNETES: ', /^BERTH_KUBERNETES=1\.\d+ npm run e2e$/),
  by(CI, 'npm run --silent e2e:deployed', /^npm run e2e:deployed$/),
  by(
    CI,
    '-- --seed 1 --seeds 200 --parallel 3 --quiet',
    /^npm run faults( -- --seed 1 --seeds \d+( --parallel 3 --quiet)?)?$/,
  ),
  by(CI, '-- --seed 1 --seeds 20 --real --parallel 2 --quiet', /^npm run faults -- .*--real/),
  by(CI, 'npm run --silent soak -- --minutes 1.25 --warm-up 0.25 --sample 2', /^npm run soak/),
  by(
    'package.json',
    'npm run --silent lint && npm run --silent types && npm run --silent build',
    /^npm run check$/,
  ),
  by('.github/workflows/ci.yaml', 'docker build -t berth:ci .', /^docker build -t berth:dev \.$/),
  by('.github/workflows/release.yaml', 'cosign sign --yes "$REFERENCE"', /^cosign verify /),
  by('.github/workflows/release.yaml', "tags: ['v*']", /^git push --follow-tags$/),
  by('test/unit/release.test.ts', 'set-version', /^npm version X\.Y\.Z$/),

  // What takes long: its arguments are read as the program reads them.
  by('test/unit/documented-commands.test.ts', 'bench:engine', /^npm run bench:engine/),
  by('test/unit/documented-commands.test.ts', 'readBenchOptions', /^npm run bench/),
  by('test/unit/oracle/generate.test.ts', 'describe(', /^npm run oracle$/),
  by('test/unit/fuzz/fuzz.test.ts', 'describe(', /^npm run fuzz$/),
  by('test/deployed/deployed.test.ts', 'await startRealCluster(', /^npm run realcluster$/),

  // Pages and steps whose commands are carried out, and whose output is compared, by a test of their own.
  by('test/unit/configuration-page.test.ts', "blocks('console')", /^berth config (check|convert) \w+\.yaml/),
  by('test/integration/plugins-page.test.ts', 'node_modules/typescript/bin/tsc', /^npx tsc$/),
  by(
    'test/integration/plugin-modules.test.ts',
    'Where `npm install` would put Berth',
    /^npm install && npm test$/,
  ),
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
  notHere('a registry of charts in reach', /^helm repo add prometheus-community /),
  notHere(
    "Grafana's image; that the dashboard has something to show is tried on Prometheus",
    /^kubectl -n monitoring port-forward service\/prometheus-grafana /,
  ),
  notHere('metrics-server', /^kubectl -n berth-system top pod$/),
  notHere('minikube itself', /^minikube image rm /),

  // In a cluster.
  inCluster(/^npm run controlplane$/, { stays: /control plane is running/ }),
  inCluster(/^npm start -- --kubeconfig FILE$/, { stays: READY }),
  inCluster(/^(berth|node dist\/berth\.js) run /, { stays: READY }),
  inCluster(/^berth doctor --service-account /),
  inCluster(/^minikube (start|image (build|load)) /),
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
