#!/usr/bin/env node
// Stands in for npm in walks through the pages: runs the scripts of package.json as npm does, but never installs. What is installed
// belongs to the checkout that the test was started in.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [order = '', ...rest] = process.argv.slice(2);
const name = order === 'run' ? rest.shift() : order;
if (rest[0] === '--') rest.shift();
const script = JSON.parse(readFileSync('package.json', 'utf8')).scripts[name];
if (script === undefined) throw new Error(`there is no script ${name}`);
const quoted = rest.map((argument) => `'${argument.replaceAll("'", "'\\''")}'`);
const command = [script.replace('node scripts/ensure-installed.mjs && ', ''), ...quoted].join(' ');
const env = { ...process.env, PATH: `node_modules/.bin:${process.env.PATH}` };
const { status } = spawnSync('sh', ['-c', command], { stdio: 'inherit', env });
process.exit(status ?? 1);
