import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import {
  type Binding,
  baseObjects,
  kustomizationFolders,
  projectFolder,
  type Role,
} from './manifests/manifest-files.js';

const page = readFileSync(join(projectFolder, 'docs/deploy.md'), 'utf8');

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, body = '']) => body,
  );
}

const commands = blocks('sh').flatMap((body) => body.trim().split('\n'));

/** Words in code of a cell of a table. */
function words(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

describe('docs/deploy.md', () => {
  it('has commands of one line each, which begin with a program', () => {
    expect(commands.length).toBeGreaterThan(20);
    const programs = commands.map((command) => command.split(' ')[0]);
    expect(new Set(programs)).toEqual(
      new Set(['minikube', 'kubectl', 'helm', 'curl', 'sleep', 'kill', 'sed']),
    );
  });

  it('names folders and files that there are', () => {
    const paths = commands.flatMap((command) => command.match(/(?<= )(?:manifests|charts)\/[\w./-]+/g) ?? []);
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(projectFolder, path)))).toEqual([]);
    const linked = [...page.matchAll(/\]\((?!http|#)([^)#]+)/g)].map(([, path = '']) => path);
    expect(linked.filter((path) => !existsSync(join(projectFolder, 'docs', path)))).toEqual([]);
  });

  it('links to sections that there are', () => {
    const titles = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const linked = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(linked.length).toBeGreaterThan(3);
    expect(linked.filter((anchor) => !titles.includes(anchor))).toEqual([]);
  });

  it('tells of every overlay and of every component', () => {
    const folders = kustomizationFolders().map((folder) => folder.split('/').slice(-2));
    for (const [kind, name] of folders) {
      if (kind === 'overlays') expect(page).toContain(`manifests/overlays/${name}`);
      if (kind === 'components') expect(page).toMatch(new RegExp(`^\\|.*\`${name}\``, 'm'));
    }
  });

  it('tells of every right, and of no other', () => {
    const told = [...page.matchAll(/^\| `(berth[a-z-]*)` +\| (.*?) +\| .*\|$/gm)].flatMap(
      ([, role = '', right = '']) => {
        const [what = '', verbs = ''] = right.split(/: (?=[a-z, ]+$)/);
        const [, place, rest = what] = /^in `([a-z-]+)`: (.*)$/.exec(what) ?? [];
        const [resources = '', name] = rest.split(' named ');
        const known = words(resources).filter((word) => !/^(apps|policy|.*\.k8s\.io)$/.test(word));
        return known.flatMap((resource) =>
          verbs.split(', ').map((verb) => describeRight(role, place, verb, resource, name && words(name)[0])),
        );
      },
    );
    const bound = new Set(
      baseObjects()
        .filter(({ kind }) => kind.endsWith('Binding'))
        .map((binding) => (binding as Binding).roleRef.name),
    );
    const granted = (baseObjects() as Role[])
      .filter(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && bound.has(metadata.name))
      .flatMap(({ metadata, rules }) =>
        rules.flatMap(({ resources = [], resourceNames = [undefined], verbs }) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) =>
              resourceNames.map((name) =>
                describeRight(metadata.name, metadata.namespace, verb, resource, name),
              ),
            ),
          ),
        ),
      );
    expect(told.sort()).toEqual(granted.sort());
  });

  it('tells of every kind of object that is applied', () => {
    const table = page.slice(page.indexOf('## What is applied'), page.indexOf('## What Berth may do'));
    const kinds = new Set(baseObjects().map(({ kind }) => kind.replace(/Binding$/, '')));
    expect(kinds.size).toBeGreaterThan(8);
    expect([...kinds].filter((kind) => !table.includes(kind))).toEqual([]);
  });

  it('shows a job for Prometheus that finds what the pods say of themselves', () => {
    const [shown = ''] = blocks('yaml').filter((body) => body.startsWith('# prometheus.yaml'));
    const { scrape_configs: jobs } = parse(shown) as { readonly scrape_configs: readonly object[] };
    expect(jobs).toMatchObject([
      {
        job_name: 'berth',
        scheme: 'https',
        kubernetes_sd_configs: [{ namespaces: { names: ['berth-system'] } }],
      },
    ]);
  });
});

function describeRight(
  role: string,
  place: string | undefined,
  verb: string,
  resource: string,
  name: string | undefined,
): string {
  return `${role}${place === undefined ? '' : ` in ${place}`}: ${verb} ${resource}${name === undefined ? '' : ` ${name}`}`;
}
