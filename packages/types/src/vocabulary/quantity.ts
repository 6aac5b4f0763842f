/** Multipliers of Kubernetes' quantity suffixes, in thousandths, so that milli-units stay exact. */
const suffixes: Readonly<Record<string, bigint>> = {
  m: 1n,
  '': 1_000n,
  k: 1_000n ** 2n,
  M: 1_000n ** 3n,
  G: 1_000n ** 4n,
  T: 1_000n ** 5n,
  P: 1_000n ** 6n,
  E: 1_000n ** 7n,
  Ki: 1_000n * 1_024n,
  Mi: 1_000n * 1_024n ** 2n,
  Gi: 1_000n * 1_024n ** 3n,
  Ti: 1_000n * 1_024n ** 4n,
  Pi: 1_000n * 1_024n ** 5n,
  Ei: 1_000n * 1_024n ** 6n,
};

const pattern = /^(\d{1,15})(?:\.(\d{1,9}))?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;

/**
 * The exact value of a quantity in thousandths (`500m` is 500n, `1Gi` is 1073741824000n), or null when it is not one
 * that we accept: no sign, no exponent, nothing finer than a thousandth.
 */
export const parseQuantity = (text: string): bigint | null => {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, whole = '', fraction = '', suffix = ''] = match;
  const scaled = BigInt(whole + fraction) * (suffixes[suffix] ?? 0n);
  const divisor = 10n ** BigInt(fraction.length);
  return scaled % divisor === 0n ? scaled / divisor : null;
};
