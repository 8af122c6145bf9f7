// Goal: a rendered document is a page that a person can read anywhere, offline, with no part of it
// able to run as code. Method: the samples that report_samples writes, opened in Chromium.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open, samples } from './browser.js';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const document_of = (sample) =>
  JSON.parse(readFileSync(path.join(samples, `${sample}.json`), 'utf8'));
const top = (locator) => locator.evaluate((node) => node.getBoundingClientRect().top);
const unfold = async (page) => {
  for (const fold of await page.locator('details.layer > summary').all()) await fold.click();
};

/** Opens a sample, runs the body, then insists on silence: no complaint and no request. */
async function visit(sample, options, body) {
  const { page, trouble, requests, close } = await open(browser, sample, options);
  await body(page);
  assert.deepEqual(trouble, [], 'the console is silent');
  assert.deepEqual(requests, [], 'nothing was asked of any network');
  await close();
}

for (const sample of ['readout', 'invalid', 'hostile', 'table', 'empty']) {
  for (const width of [1280, 390]) {
    test(`${sample} fits ${width} pixels without scrolling sideways`, () =>
      visit(sample, { width }, async (page) => {
        await unfold(page);
        const content = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(content <= width, `${content} <= ${width}`);
      }));
  }
}

test('the verdict is the first thing and says its word and its sentence', () =>
  visit('readout', {}, async (page) => {
    const verdict = page.getByRole('region', { name: 'Verdict' });
    assert.equal(await verdict.locator('.word').innerText(), 'SHIP');
    assert.match(await verdict.innerText(), /Watch time per user rose by 0\.90\s%/);
    assert.equal(await page.locator('main > *').first().getAttribute('aria-label'), 'Verdict');
  }));

test('a failed check stands above the estimates', () =>
  visit('invalid', {}, async (page) => {
    const alarm = page.getByRole('alert');
    assert.match(await alarm.innerText(), /sample ratio\s+failed/i);
    assert.ok((await top(alarm)) < (await top(page.locator('.scorecard'))));
    assert.equal(await page.locator('.checks').getByText('sample ratio').count(), 0);
  }));

test('every chart is drawn and has a name and its numbers', () =>
  visit('readout', {}, async (page) => {
    await unfold(page);
    const charts = page.locator('[data-chart]');
    assert.equal(await charts.count(), 7);
    const kinds = await charts.evaluateAll((all) => all.map((one) => one.dataset.chart));
    assert.deepEqual([...new Set(kinds)].sort(), [
      'bars',
      'curve',
      'effect_intervals',
      'funnel',
      'retention_curve',
      'time_series_band',
    ]);
    for (const chart of await charts.all()) {
      await chart.locator('svg path').nth(3).waitFor({ state: 'attached' });
      assert.ok((await chart.getAttribute('aria-label')).length > 20);
    }
    assert.equal(await page.locator('figure.chart details.numbers table').count(), 7);
  }));

test('pointing at a line shows the exact numbers of the document', () =>
  visit('readout', {}, async (page) => {
    const chart = page.locator('[data-chart=time_series_band]').first();
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + 60, box.y + box.height / 2);
    await page.mouse.move(box.x + 62, box.y + box.height / 2);
    const tip = chart.locator('.tip');
    await tip.waitFor();
    const spec = document_of('readout')
      .blocks.flatMap((b) => b.blocks ?? [])
      .find((b) => b.spec?.type === 'time_series_band').spec;
    const first = spec.views[0].series[0].points[0];
    const said = (await tip.innerText()).replaceAll('\u00a0', ' ');
    assert.ok(said.includes(first.x), said);
    assert.ok(said.includes(first.estimate.text) && said.includes(first.interval.text), said);
  }));

test('pointing at an interval shows its estimate', () =>
  visit('readout', {}, async (page) => {
    const chart = page.locator('[data-chart=effect_intervals]');
    await chart.scrollIntoViewIfNeeded();
    const dot = await chart.locator('svg path[fill="var(--good)"]').first().boundingBox();
    await page.mouse.move(dot.x + 1, dot.y + 4);
    await page.mouse.move(dot.x + dot.width / 2, dot.y + dot.height / 2);
    await chart.locator('.tip').waitFor();
    assert.match(await chart.locator('.tip').innerText(), /country: US[\s\S]*\+1\.02\s%/);
  }));

test('the switch changes the view of a chart', () =>
  visit('readout', {}, async (page) => {
    const chart = page.locator('figure.chart').first();
    const drawn = () => chart.locator('svg').innerHTML();
    const cumulative = await drawn();
    await chart.getByRole('button', { name: 'daily' }).click();
    assert.equal(
      await chart.getByRole('button', { name: 'daily' }).getAttribute('aria-pressed'),
      'true',
    );
    assert.notEqual(await drawn(), cumulative);
  }));

test('what is undefined is a dash with its reason', () =>
  visit('readout', {}, async (page) => {
    const row = page.getByRole('row', { name: /crash_rate/ });
    assert.equal(await row.locator('.change').innerText(), '—');
    assert.match(await page.locator('.scorecard').innerText(), /— crash_rate is zero in control/);
    assert.doesNotMatch(await page.locator('body').innerText(), /NaN|undefined|Infinity|\bnull\b/);
  }));

test('hostile strings are text and nothing else', () =>
  visit('hostile', {}, async (page) => {
    await unfold(page);
    const chart = page.locator('[data-chart=effect_intervals]');
    const box = await chart.boundingBox();
    for (let y = 20; y < box.height; y += 12) {
      await page.mouse.move(box.x + box.width * 0.6, box.y + y);
    }
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.locator('img').count(), 0);
    assert.match(
      await page.locator('h1').innerText(),
      /<\/script><script>window\.broken = 1<\/script><img/,
    );
    assert.match(await page.title(), /^<\/script><script>/);
  }));

test('details are folded and open by keyboard', () =>
  visit('readout', {}, async (page) => {
    const details = page.locator('details.layer').first();
    assert.equal(await details.evaluate((node) => node.open), false);
    await details.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    assert.equal(await details.evaluate((node) => node.open), true);
  }));

test('a printed page is unfolded, white and keeps its charts inside the paper', () =>
  visit('readout', { scheme: 'dark' }, async (page) => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.setViewportSize({ width: 688, height: 1000 });
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    assert.equal(await page.locator('details.layer:not([open])').count(), 0);
    const paper = await page.evaluate(
      () => getComputedStyle(document.documentElement).backgroundColor,
    );
    assert.equal(paper, 'rgb(255, 255, 255)');
    for (const chart of await page.locator('[data-chart] svg').all()) {
      assert.ok((await chart.boundingBox()).width <= 688);
    }
  }));

test('paper shows every view of a chart, each under its name', () =>
  visit('readout', {}, async (page) => {
    for (const fold of await page.locator('details.layer > summary').all()) await fold.click();
    const chart = page.locator('figure.chart', { has: page.locator('.switch') }).first();
    const names = await chart.locator('.switch button').allTextContents();
    assert.ok(names.length > 1);
    assert.equal(await chart.locator('[data-chart] svg').count(), 1);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    assert.equal(await chart.locator('[data-chart] svg').count(), names.length);
    assert.deepEqual(await chart.locator('.view').allTextContents(), names);
    for (const drawing of await chart.locator('[data-chart] svg').all()) {
      assert.ok((await drawing.locator('path').count()) > 0);
      assert.ok((await drawing.boundingBox()).width <= 688);
    }
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
    assert.equal(await chart.locator('[data-chart] svg').count(), 1);
  }));

test('numbers on axes are grouped like those in tables', () =>
  visit('readout', {}, async (page) => {
    for (const fold of await page.locator('details.layer > summary').all()) await fold.click();
    const texts = await page.locator('[data-chart] svg text').allTextContents();
    assert.deepEqual(
      texts.filter((text) => /\d{4}/.test(text) && !/\d{4}-\d{2}/.test(text)),
      [],
    );
  }));

// Contrast as WCAG 2.1 defines it; 4.5 : 1 is level AA for text.
for (const scheme of ['light', 'dark']) {
  test(`text has the contrast of level AA in the ${scheme} scheme`, () =>
    visit('invalid', { scheme }, async (page) => {
      const low = await page.evaluate(() => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
        const brush = canvas.getContext('2d', { willReadFrequently: true });
        const over = (colours) => {
          brush.clearRect(0, 0, 1, 1);
          for (const colour of colours) {
            brush.fillStyle = colour;
            brush.fillRect(0, 0, 1, 1);
          }
          return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (rgb) =>
          rgb
            .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const grounds = (node) => {
          const found = [];
          for (let at = node; at; at = at.parentElement)
            found.unshift(getComputedStyle(at).backgroundColor);
          return found;
        };
        const bad = [];
        for (const node of document.querySelectorAll('#app *')) {
          const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
          if (!own || node.closest('svg')) continue;
          const ground = over(grounds(node));
          const [a, b] = [
            light(over([`rgb(${ground})`, getComputedStyle(node).color])),
            light(ground),
          ];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (ratio < 4.5)
            bad.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent.slice(0, 30)}`);
        }
        return bad;
      });
      assert.deepEqual(low, []);
    }));
}
