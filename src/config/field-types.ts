import { z } from 'zod';
import { parseDuration } from './duration.js';

/** The types that fields of a configuration file have. All are optional: null or nothing is "not given". */

export const string = z.string().optional();
export const boolean = z.boolean().optional();
export const int32 = z.int32().optional();
/** Beyond 2^53 a number has lost its last digits in reading; nobody means such a value. */
export const int64 = z.int().optional();

/** Single precision, as kube-scheduler keeps it: the shortest decimal that stands for the same value. */
export const float32 = z
  .number()
  .transform((value, context) => {
    const single = Math.fround(value);
    if (!Number.isFinite(single)) {
      context.addIssue({ code: 'custom', message: 'expected a number that fits its field' });
      return z.NEVER;
    }
    for (let digits = 1; digits <= 9; digits++) {
      const shorter = Number(single.toPrecision(digits));
      if (Math.fround(shorter) === single) return shorter;
    }
    return single;
  })
  .optional();

/** Go duration text, read to milliseconds. */
function durationText() {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === undefined) {
      context.addIssue({ code: 'custom', message: 'not a duration' });
      return z.NEVER;
    }
    return ms;
  });
}

const strictDuration = durationText();
const lenientDuration = durationText();

/** A duration that may be left out but, unlike all other fields, not be null. */
export const duration = strictDuration.optional();
/** A duration for which null is "not given". */
export const nullableDuration = lenientDuration.optional();

/** Whether the innermost type of a field is a duration, and whether null will do for it. */
export function durationKind(schema: unknown): 'strict' | 'nullable' | undefined {
  if (schema === strictDuration) return 'strict';
  return schema === lenientDuration ? 'nullable' : undefined;
}

/** Bytes in base64, brought to the one form without line breaks. */
export const base64 = z
  .string()
  .transform((text, context) => {
    const compact = text.replace(/[\r\n]/g, '');
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
      context.addIssue({ code: 'custom', message: 'expected base64 with padding' });
      return z.NEVER;
    }
    return Buffer.from(compact, 'base64').toString('base64');
  })
  .optional();
