import { describe, expect, it } from '@jest/globals';
import { caseName } from '../../../bench/cluster/bench-case.js';
import { type BenchOptions, readOptions, usage } from '../../../bench/cluster/options.js';
import { workloads } from '../../../bench/cluster/workloads.js';

function read(...argv: string[]): BenchOptions {
  const options = readOptions(argv);
  if (typeof options === 'string') throw new Error(options);
  return options;
}

function casesOf(...argv: string[]): string[] {
  return read(...argv).cases.map((each) => `${caseName(each)}/${each.pods}`);
}

describe('the command line of the bench', () => {
  it('measures every workload at all its sizes against kube-scheduler unless told otherwise', () => {
    const options = read();
    expect(options).toMatchObject({
      against: 'kube-scheduler',
      repeat: 2,
      rate: undefined,
      ceiling: true,
      output: 'text',
      writeResults: false,
    });
    expect(new Set(options.cases.map(({ workload }) => workload))).toEqual(new Set(workloads));
    expect(casesOf()).toEqual(
      expect.arrayContaining(['basic-500/3000', 'basic-15000/1500', 'start-5000/10']),
    );
  });

  it('takes workloads and single cases by name', () => {
    expect(casesOf('--only', 'basic-500,preemption,spread-5000')).toEqual([
      'basic-500/3000',
      'spread-5000/2000',
      'preemption-1000/500',
    ]);
  });

  it('puts sizes and pods in place of those of the workload', () => {
    expect(casesOf('--only', 'basic', '--nodes', '500,70', '--pods', '30')).toEqual([
      'basic-500/30',
      'basic-70/30',
    ]);
  });

  it('keeps the pods that belong to a size where it is one of the workload', () => {
    expect(casesOf('--only', 'basic', '--nodes', '5000,70')).toEqual(['basic-5000/2000', 'basic-70/3000']);
  });

  it('can write the results anew without measuring', () => {
    expect(read('--write-results', '--repeat', '0')).toMatchObject({ writeResults: true, repeat: 0 });
  });

  it('tells how it is used', () => {
    expect(readOptions(['--help'])).toBe(usage);
  });

  it.each([
    [['--fast'], "Unknown option '--fast'"],
    [['basic'], "Unexpected argument 'basic'"],
    [['--only', 'quick'], 'there is no workload quick; there are basic, '],
    [['--nodes', '10,x'], '--nodes takes whole numbers from 1 on, not x'],
    [['--pods', '0'], '--pods takes whole numbers from 1 on, not 0'],
    [['--rate', ''], '--rate takes whole numbers from 1 on, not '],
    [['--repeat', '0'], '--repeat takes whole numbers from 1 on, not 0'],
    [['--against', 'nobody'], '--against takes kube-scheduler, none, or the path of a berth.js, not nobody'],
    [['-o', 'xml'], 'unknown output xml'],
    [['--write-results', '--against', 'none'], '--write-results is for runs against kube-scheduler'],
  ])('refuses %j', (argv, problem) => {
    const answer = readOptions(argv);
    expect(answer).toContain(`bench: ${problem}`);
    expect(answer).toContain('`npm run bench -- --help` lists the options.');
  });
});
