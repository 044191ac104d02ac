import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { Test } from 'tap';
import * as z from 'zod';

/** Milliseconds: no machine is so busy that what is to come has not come by then. */
export const PATIENCE = 600_000;

/** Debian's Chromium, without a screen: in a network namespace, where `localhost` is the node's. It goes with the test. */
export async function chromium(t: Pick<Test, 'teardown'>, namespace: string): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-chromium-'));
  const program = join(folder, 'chromium');
  writeFileSync(program, `#!/bin/sh\nexec nsenter --net=/run/netns/${namespace} -- chromium "$@"\n`);
  chmodSync(program, 0o755);
  const browser = await puppeteer.launch({
    executablePath: program,
    // Through file descriptors: no port of the namespace leads to here.
    pipe: true,
    timeout: PATIENCE,
    protocolTimeout: PATIENCE,
    userDataDir: join(folder, 'profile'),
    // Chromium's own sandbox can't be had as root.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions'],
  });
  t.teardown(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return browser;
}

/** What the browser complains of on this page: errors of scripts, of the policy, of what is not there. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    // What is told live ends when another page is gone to.
    if (!request.url().includes('/live/')) complaints.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  return complaints;
}

const violations = z.array(z.string());

/** What axe-core finds against those who see or hear a page otherwise: the rule, and where. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe.source);
  const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ': ' + failureSummary)))`);
  return violations.parse(found);
}

/** CSS pixels by which the page is wider than the window. */
export async function overhang(page: Page): Promise<unknown> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Kept where whoever looks after a build finds them. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync('screenshots', { recursive: true });
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true });
}
