import type { NumberFormat } from './document';

/** Whether an axis of this format counts in per cent. */
export function inPercent(format: NumberFormat): boolean {
  return ['percent', 'relative', 'points'].includes(format.style);
}

/** "-12345.5" -> "-12,345.5", as numbers stand in the tables. */
function grouped(digits: string): string {
  return digits.replace(/^(-?)(\d{4,})/, (_, sign: string, whole: string) => {
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',');
  });
}

/** The label of an axis tick. Exact numbers come formatted with the document. */
export function tickText(value: number, format: NumberFormat): string {
  const shown = inPercent(format) ? value * 100 : value;
  const size = Math.abs(shown);
  const rounded = Number(shown.toPrecision(6));
  const digits =
    size >= 1e6 ? `${Number((rounded / 1e6).toPrecision(4))} M` : grouped(String(rounded));
  const change = ['relative', 'points', 'signed_number'].includes(format.style);
  const sign = change && rounded > 0 ? '+' : '';
  const unit = format.style === 'points' ? ' pp' : inPercent(format) ? ' %' : '';
  return sign + digits + unit;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "2026-05-04" -> "4 May"; anything else as it is. */
export function labelText(label: string): string {
  const date = /^\d{4}-(\d{2})-(\d{2})$/.exec(label);
  return date ? `${Number(date[2])} ${months[Number(date[1]) - 1] ?? date[1]}` : label;
}
