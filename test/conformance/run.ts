import { setUpCase } from './case-setup.js';
import { comparePod } from './compare-pod.js';
import { compareState } from './compare-state.js';
import { type GoldenFile, UnreadableGolden } from './golden-file.js';
import { FileTally, type Tally } from './tally.js';

/** Judges one file and enters what agrees and what does not. Throws `UnreadableGolden` when the case cannot be set up. */
export function judgeFile(file: GoldenFile, tally: Tally): void {
  const setup = trySetUp(file);
  const entry = new FileTally(tally, file.path, file.case.profile);
  compareState(setup, file.verdict, entry);
  for (const [index, golden] of file.verdict.pods.entries()) {
    const pod = setup.pending[index]!;
    try {
      comparePod(setup, pod, golden, entry);
    } catch (error) {
      const got = error instanceof Error ? error.stack : String(error);
      entry.disagree('pods', golden.result, got, { pod: golden.pod, detail: 'judging it threw' });
    }
  }
}

function trySetUp(file: GoldenFile): ReturnType<typeof setUpCase> {
  try {
    return setUpCase(file.case);
  } catch (error) {
    throw new UnreadableGolden(
      `${file.path}: the case cannot be set up: ${error instanceof Error ? error.message : error}`,
    );
  }
}
