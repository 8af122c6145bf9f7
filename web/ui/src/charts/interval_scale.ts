import type { Estimate } from '../document';

/** Ends of a common axis. */
export interface Scale {
  low: number;
  high: number;
}

/** One axis for all rows of the same format, with zero, the margins and some air on it. */
export function intervalScale(rows: Estimate[]): Map<string, Scale> {
  const scales = new Map<string, Scale>();
  for (const row of rows) {
    const key = row.lift_format.style + row.lift_format.unit;
    const scale = scales.get(key) ?? { low: 0, high: 0 };
    for (const x of [row.lift.value, row.interval.low, row.interval.high, row.margin?.value]) {
      if (x == null || row.lift.value == null) continue;
      scale.low = Math.min(scale.low, x);
      scale.high = Math.max(scale.high, x);
    }
    scales.set(key, scale);
  }
  for (const scale of scales.values()) {
    const air = (scale.high - scale.low || 1) * 0.05;
    scale.low -= air;
    scale.high += air;
  }
  return scales;
}

/** Where zero stands on an axis, in per cent of its length. */
export function zeroShare(scale: Scale): number {
  return (100 * -scale.low) / (scale.high - scale.low);
}
