import type { Dice } from '../../oracle/dice.js';

/** Puts one fault, or something that merely looks like one, into the data. */
export function mutateData(dice: Dice, data: unknown): void {
  const places = placesOf(data, '');
  if (places.length === 0) return;
  const { parent, key } = dice.pick(places);
  const value = parent[key];
  dice.weighted<() => void>([
    [6, () => replaceBySibling(dice, parent, key, value)],
    [2, () => misspell(dice, parent, key)],
    [1, () => Reflect.set(parent, key, null)],
    [2, () => Reflect.set(parent, key, dice.pick(strangers))],
    [1, () => repeat(parent, value)],
    [1, () => drop(parent, key)],
    [1, () => Reflect.set(parent, 'unheardOf', 1)],
  ])();
}

/** Changes the text of a YAML file: spelling of scalars, keys given twice, documents, comments. */
export function mutateText(dice: Dice, text: string): string {
  const lines = text.split('\n').slice(0, -1);
  const top = lines.flatMap((line, index) => (/^[a-z]\w*: \S/i.test(line) ? [index] : []));
  return dice.weighted<() => string>([
    [2, () => `${text}${dice.pick(oddLines)}\n`],
    // The same line at the same depth: a key given twice.
    [1, () => [...lines, lines[dice.pick(top)]].join('\n')],
    [1, () => `${text}---\n`],
    [1, () => `---\n# a comment\n${text}...\n`],
    [1, () => text.replaceAll('\n', '\r\n')],
    [1, () => text.replaceAll(': true', ': yes').replaceAll(': false', ': Off')],
    [1, () => text.replaceAll(/: (\d+)$/gm, (_match, digits: string) => `: ${digits}.0`)],
    [
      1,
      () => text.replaceAll(/: (\d+)$/gm, (_match, digits: string) => `: 0x${Number(digits).toString(16)}`),
    ],
  ])();
}

/** Lines of which some are already there: then the key is given twice. */
const oddLines = [
  'parallelism: 010',
  'parallelism: 0o17',
  'parallelism: 1_0',
  'parallelism: 1:30',
  'parallelism: "7"',
  'parallelism: 4.5',
  'parallelism: 1e1',
  'parallelism: ~',
  'parallelism: 3000000000',
  'Parallelism: 3',
  'enableProfiling: y',
  'enableProfiling: "false"',
  'enableProfiling: 0',
  'leaderElection: {leaderElect: no, leaderElect: no}',
  'leaderElection: {retryPeriod: 2}',
  'leaderElection: {retryPeriod: null}',
  'leaderElection: {retryPeriod: "2 s"}',
  'clientConnection: {qps: .5}',
  'clientConnection: {qps: 1e39}',
  'clientConnection: {acceptContentTypes: 2001-01-01}',
  'clientConnection: {acceptContentTypes: 12:30:45}',
  'clientConnection: {acceptContentTypes: on}',
  'clientConnection: {acceptContentTypes: !!str on}',
  'x: &x {a: 1}',
  'clientConnection: &c {qps: 3, <<: {burst: 4}}',
  'clientConnection: {qps: 3, <<: {qps: 4}}',
  'metadata: {name: x}',
  'percentageOfNodesToScore: *nowhere',
  '\tparallelism: 3',
  'profiles: [{schedulerName: z, plugins: {score: {enabled: [null]}}}]',
  'profiles: [null]',
  'profiles: [{schedulerName: z, pluginConfig: [{args: {}}]}]',
  'extenders: [null]',
];

interface Place {
  readonly parent: Record<string | number, unknown>;
  readonly key: string | number;
}

/** Every value with the object or list that holds it; what the file says it is stays, and so do paths of other files. */
function placesOf(value: unknown, within: string): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    if ((within === '' && (key === 'apiVersion' || key === 'kind')) || key === 'kubeconfig') return [];
    const place = { parent: value as Place['parent'], key: Array.isArray(value) ? Number(key) : key };
    return [place, ...placesOf(child, `${within}.${key}`)];
  });
}

/** Other values of the same type: some in the field's range, most not. */
function replaceBySibling(dice: Dice, parent: Place['parent'], key: Place['key'], value: unknown): void {
  if (typeof value === 'number') parent[key] = dice.pick([-1, 0, 1, 100, 101, 2_147_483_648, 1.5]);
  else if (typeof value === 'boolean') parent[key] = dice.pick([!value, 1, 'true']);
  else if (typeof value === 'string') parent[key] = dice.pick(words);
  else if (Array.isArray(value)) parent[key] = dice.pick([[], [null], {}, [...value, ...value]]);
  else parent[key] = dice.pick([{}, [], null]);
}

const words = [
  '',
  'x',
  '-x',
  'a/b/c',
  'UPPER/case',
  'cpu',
  'kubernetes.io/arch',
  'requests.example.com/a',
  'NodeName',
  'ImageLocality',
  'EBSLimits',
  'NoSuchPlugin',
  'PrioritySort',
  'NodeResourcesFit',
  'MostAllocated',
  'List',
  'In',
  '1s',
  '-3s',
  '1h',
  '2 s',
  'leases',
  'endpoints',
  'with space',
  'a'.repeat(64),
];

const strangers: readonly unknown[] = [1, -1, 2.5, true, 'text', [], {}, [1], { a: 1 }, ['text'], '5s'];

function misspell(dice: Dice, parent: Place['parent'], key: Place['key']): void {
  if (typeof key === 'number') return;
  const value = parent[key];
  delete parent[key];
  parent[dice.pick([`${key}s`, key.slice(1), key.toUpperCase(), `${key.slice(0, -1)}`])] = value;
}

function repeat(parent: Place['parent'], value: unknown): void {
  if (Array.isArray(parent)) parent.push(structuredClone(value));
}

function drop(parent: Place['parent'], key: Place['key']): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
