import { parseDuration } from '../config/duration.js';
import { didYouMean } from '../config/suggest.js';
import { BerthError } from '../errors.js';

/** Readers of flag values. Each throws `BERTH_E_FLAG_VALUE` (exit 2), naming the flag and what it takes. */

export function readInteger(flag: string, minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < minimum || value > maximum) {
      throw refuse(flag, text, `a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

export function readNumber(flag: string): (text: string) => number {
  return (text) => {
    if (!/^-?(\d+\.?\d*|\.\d+)$/.test(text)) {
      throw refuse(flag, text, 'a number such as 50 or 0.5');
    }
    return Number(text);
  };
}

/** Milliseconds. */
export function readDuration(flag: string): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text);
    if (ms === undefined || ms <= 0) {
      throw refuse(flag, text, 'a positive duration such as 15s or 1m30s');
    }
    return ms;
  };
}

/** A duration, or 0 for never. */
export function readDurationOrNever(flag: string): (text: string) => number {
  return (text) => {
    const ms = text === '0' ? 0 : parseDuration(text);
    if (ms === undefined || ms < 0)
      throw refuse(flag, text, 'a duration such as 500ms or 15s, or 0 for never');
    return ms;
  };
}

export function readBoolean(flag: string): (text: string) => boolean {
  return (text) => {
    const lower = text.toLowerCase();
    if (['true', 't', '1'].includes(lower)) {
      return true;
    }
    if (['false', 'f', '0'].includes(lower)) {
      return false;
    }
    throw refuse(flag, text, 'true or false');
  };
}

export function readText(flag: string): (text: string) => string {
  return (text) => {
    if (text === '') {
      throw refuse(flag, text, 'a value that is not empty');
    }
    return text;
  };
}

/** `namespace/name`. */
export function readObjectName(
  flag: string,
): (text: string) => { readonly namespace: string; readonly name: string } {
  return (text) => {
    const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
    if (namespace === undefined || name === undefined)
      throw refuse(flag, text, 'a namespace and a name, such as berth-system/berth');
    return { namespace, name };
  };
}

export function readChoice<Choice extends string>(
  flag: string,
  choices: readonly Choice[],
): (text: string) => Choice {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) {
      const expected = `one of ${choices.join(', ')}${didYouMean(text, choices)}`;
      throw refuse(flag, text, expected);
    }
    return choice;
  };
}

/** Texts with commas between them; each of them one of `choices`, where these are given. An empty text is an empty list. */
export function readList(flag: string, choices?: readonly string[]): (text: string) => string[] {
  return (text) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    const unknown = choices && items.find((item) => !choices.includes(item));
    if (unknown !== undefined)
      throw refuse(flag, unknown, `names among ${choices?.join(', ')}${didYouMean(unknown, choices ?? [])}`);
    return items;
  };
}

function refuse(flag: string, text: string, expected: string): BerthError {
  return new BerthError('BERTH_E_FLAG_VALUE', {
    flag,
    problem: `${JSON.stringify(text)} cannot be used`,
    expected,
  });
}
