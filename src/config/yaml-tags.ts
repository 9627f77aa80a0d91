import type { ScalarTag, Tags } from 'yaml';

const digits = (set: string): string => `[${set}_]*[${set}][${set}_]*`;
const exponent = `(?:[eE][-+]?${digits('0-9')})?`;
const numberForms = [
  `0[xX]${digits('0-9a-fA-F')}`,
  `0[bB]${digits('01')}`,
  `0[oO]${digits('0-7')}`,
  `[0-9][0-9_]*(?:\\.[0-9_]*)?${exponent}`,
  '\\.[0-9]+(?:[eE][-+]?[0-9]+)?',
];

/** Plain scalars that are numbers: in five bases, with underscores wherever one likes. */
export const numberForm = new RegExp(`^[-+]?(?:${numberForms.join('|')})$`);

function readNumber(text: string): number {
  const [, sign = '', magnitude = ''] = /^([-+]?)(.*)$/.exec(text.replaceAll('_', '')) ?? [];
  // A leading zero means octal, if what follows can be that.
  const value = /^0[0-7]+$/.test(magnitude) ? Number.parseInt(magnitude, 8) : Number(magnitude);
  return sign === '-' ? -value : value;
}

const numberTag: ScalarTag = {
  identify: (value) => typeof value === 'number',
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: numberForm,
  resolve: readNumber,
  stringify: ({ source, value }) => source ?? String(value),
};

/** Tags of YAML 1.1 that kube-scheduler's parser does not know: such scalars are texts to it. */
const unknownToGo: ReadonlySet<string> = new Set(
  ['timestamp', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`),
);

function isNumeric(tag: Tags[number]): boolean {
  const isNumber =
    typeof tag === 'object' && (tag.tag === 'tag:yaml.org,2002:int' || tag.tag === 'tag:yaml.org,2002:float');
  // Infinity and NaN are written as words.
  return isNumber && !('test' in tag && tag.test?.test('.nan'));
}

/**
 * How plain scalars are understood: YAML 1.1 as kube-scheduler's parser has it, in which `yes` and `off` are true and false,
 * `010` is eight and `1_000` a thousand, while dates, `1:30` and `e0` are texts.
 */
export function goLikeTags(tags: Tags): Tags {
  const known = tags.filter((tag) => typeof tag !== 'object' || !unknownToGo.has(tag.tag));
  return [numberTag, ...known.filter((tag) => !isNumeric(tag))];
}
