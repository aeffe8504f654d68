/**
 * Splitting amounts without losing a millionth: largest remainder (Hamilton's method). Every share is its exact value rounded down or up, and the shares sum
 * to the total. Ties go to the earlier item, so the split depends on nothing but its arguments.
 */

/** Splits `total` by weights (none negative, not all zero). Splitting -x is the negative of splitting x, so an amount and its reversal cancel on every item. */
export function allocate(total: bigint, weights: readonly bigint[], weightSum: bigint): bigint[] {
  if (weights.length === 1) return [total];
  if (total === 0n) return weights.map(() => 0n);
  if (total < 0n) return allocate(-total, weights, weightSum).map((share) => -share);
  return apportion(
    total,
    weights.map((weight) => total * weight),
    weightSum,
  );
}

/** Splits `total` into `count` parts as equal as they can be. */
export function allocateEqually(total: bigint, count: number): bigint[] {
  const size = total < 0n ? -total : total;
  const [each, more] = [size / BigInt(count), Number(size % BigInt(count))];
  return Array.from({ length: count }, (_, index) => (total < 0n ? -1n : 1n) * (index < more ? each + 1n : each));
}

/** Integers next to the exact shares `numerators[i] / denominator`, of any sign, that sum to `total`: their exact sum rounded down or up. */
export function apportion(total: bigint, numerators: readonly bigint[], denominator: bigint): bigint[] {
  const rests: bigint[] = [];
  let left = total;
  const shares = numerators.map((numerator) => {
    let share = numerator / denominator;
    let rest = numerator - share * denominator;
    if (rest < 0n) [share, rest] = [share - 1n, rest + denominator];
    rests.push(rest);
    left -= share;
    return share;
  });
  if (left === 0n) return shares;
  const order = rests.map((_, index) => index).sort((a, b) => compareDescending(rests[a] as bigint, rests[b] as bigint) || a - b);
  for (const index of order.slice(0, Number(left))) shares[index] = (shares[index] as bigint) + 1n;
  return shares;
}

function compareDescending(left: bigint, right: bigint): number {
  return left < right ? 1 : left > right ? -1 : 0;
}
