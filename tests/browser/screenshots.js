// node screenshots.js FOLDER: desktop and phone, light and dark, and the printed page.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { launch, open } from './browser.js';

const folder = process.argv[2] ?? 'screenshots';
mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const sample of ['readout', 'invalid', 'table', 'hostile']) {
  for (const [name, width] of [
    ['desktop', 1280],
    ['phone', 390],
  ]) {
    for (const scheme of ['light', 'dark']) {
      const { page, close } = await open(browser, sample, { width, scheme });
      for (const fold of await page.locator('details.layer > summary').all()) await fold.click();
      await page.waitForTimeout(200);
      await page.screenshot({
        path: path.join(folder, `${sample}-${name}-${scheme}.png`),
        fullPage: true,
      });
      await close();
    }
  }
}
const { page, close } = await open(browser, 'readout');
const pdf = path.join(folder, 'readout.pdf');
await page.pdf({ path: pdf, preferCSSPageSize: true, printBackground: true });
await close();
await browser.close();
try {
  execFileSync('pdftoppm', ['-r', '70', '-png', pdf, path.join(folder, 'print')]);
} catch {
  console.error('pdftoppm is missing: the printed page stays a PDF');
}
