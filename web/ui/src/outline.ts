import type { Block, Check, Document, Verdict } from './document';

/** The first verdict among the summary blocks. */
export function findVerdict(page: Document): Verdict | undefined {
  return page.blocks.find((block): block is Verdict => block.type === 'verdict');
}

export function isAlarm(check: Check): boolean {
  return check.status === 'failed' || check.status === 'warning';
}

/** Failed checks, then warnings, however deep they stand. */
export function findAlarms(page: Document): Check[] {
  const found: Check[] = [];
  const walk = (blocks: Block[]) => {
    for (const block of blocks) {
      if (block.type === 'check' && isAlarm(block)) found.push(block);
      if (block.type === 'section') walk(block.blocks);
    }
  };
  walk(page.blocks);
  const rank = (check: Check) => (check.status === 'failed' ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}

/** Blocks with runs of checks gathered into one list; alarms stand at the top already. */
export type Shown = Exclude<Block, Check> | { type: 'checks'; checks: Check[] };

export function gather(blocks: Block[], skip?: Verdict): Shown[] {
  const shown: Shown[] = [];
  for (const block of blocks) {
    if (block === skip) continue;
    if (block.type !== 'check') {
      shown.push(block);
      continue;
    }
    if (isAlarm(block)) continue;
    const last = shown.at(-1);
    if (last?.type === 'checks') last.checks.push(block);
    else shown.push({ type: 'checks', checks: [block] });
  }
  return shown;
}

export const signs: Record<string, string> = {
  good: '✓',
  passed: '✓',
  bad: '✗',
  failed: '✗',
  invalid: '✗',
  warn: '!',
  warning: '!',
  neutral: '·',
  not_run: '–',
  none: '',
};
