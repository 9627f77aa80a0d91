const { SQRT1_2 } = Math;

/** ln 2 in two parts: the first has zeros at its end, so that its multiples are exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** Coefficients of the polynomial that approximates (ln(1+s) − ln(1−s))/s − 2 on the reduced range. */
const l1 = 0.6666666666666735;
const l2 = 0.3999999999940942;
const l3 = 0.2857142874366239;
const l4 = 0.22222198432149784;
const l5 = 0.1818357216161805;
const l6 = 0.15313837699209373;
const l7 = 0.14798198605106586;

/**
 * ln x for x ≥ 1, to the last bit what FreeBSD's `e_log.c` evaluates to, and with it the logarithm that kube-scheduler multiplies
 * counts with. `Math.log` of V8 differs by one unit in the last place for some integers (14, 176, …).
 */
export function naturalLog(x: number): number {
  // x = 2^k · m with √½ ≤ m < √2; halving and doubling are exact.
  let k = 0;
  let m = x;
  while (m >= 1) {
    m /= 2;
    k += 1;
  }
  if (m < SQRT1_2) {
    m *= 2;
    k -= 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const r = z * (l1 + w * (l3 + w * (l5 + w * l7))) + w * (l2 + w * (l4 + w * l6));
  const h = 0.5 * f * f;
  return k * ln2High - (h - (s * (h + r) + k * ln2Low) - f);
}
