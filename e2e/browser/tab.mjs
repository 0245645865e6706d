// The plugin's tab in the host's user interface.
//
// Knows the way from the log-in to the tab and how the host's own settings are changed. Does not know
// what the tab shows.

import { PASSWORD, USER } from '../host/cloudcli.mjs';

// What the host itself complains of where it has no internet, and before somebody has logged in.
export const HOST_NOISE = new RegExp([
  'fonts\\.(googleapis|gstatic)\\.com',
  'api\\.github\\.com|Version check failed',
  'status of 401',
  'ERR_NAME_NOT_RESOLVED',
  'TaskMaster',
  'closed before the connection is established',
  'Service ?Worker|SW registered',
  // Its own warnings are about its own elements.
  '^warning: .*\\(http://127\\.0\\.0\\.1:\\d+/assets/',
].join('|'));

const DISPLAY_NAME = 'Sessions';

// The element that the host gave us: the one around our rows that scrolls.
export const TAB = '.h-full.w-full.overflow-auto:has([data-key])';

// Opens a page of the host, logged in, with `project` (a directory's name) selected.
export async function openHost(browser, { host, project, width = 1280, height = 800, theme = 'dark', prepare }) {
  const phone = width < 768;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    hasTouch: phone,
    isMobile: phone,
    serviceWorkers: 'block',
  });
  await context.addInitScript(value => {
    if (!localStorage.getItem('theme')) localStorage.setItem('theme', value);
  }, theme);
  const page = await context.newPage();
  await prepare?.(page);
  await page.goto(host.url, { waitUntil: 'domcontentloaded' });
  await page.fill('#username', USER);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForFunction(() => localStorage.getItem('auth-token'));
  // The host asks for its plugins once, before the log-in: only a reload brings their tabs.
  await page.getByText(project, { exact: true }).first().waitFor({ state: 'attached' });
  await page.reload({ waitUntil: 'domcontentloaded' });
  if (phone) await selectOnPhone(page, project);
  else await page.getByText(project, { exact: true }).locator('visible=true').first().click();
  return page;
}

// On a phone a tap only folds and unfolds a project; its "New Session" selects it and closes the drawer.
async function selectOnPhone(page, project) {
  await page.getByRole('button', { name: /menu/i }).first().click();
  const drawer = page.locator('.fixed').filter({ has: page.getByRole('button', { name: 'Archive only' }) });
  const select = drawer.getByRole('button', { name: 'New Session' }).locator('visible=true').first();
  // A sole project unfolds by itself, sooner or later, and a tap at the wrong moment folds it again.
  while (!await select.isVisible()) {
    await drawer.getByText(project, { exact: true }).locator('visible=true').first().click();
    await select.waitFor({ timeout: 1_000 }).catch(() => {});
  }
  await select.click();
}

export async function openTab(page) {
  await page.getByRole('tab', { name: DISPLAY_NAME, exact: true }).click();
}

export async function leaveTab(page) {
  await page.getByRole('tab', { name: 'Chat', exact: true }).click();
}

// Changes the host's theme through its quick settings, which are closed again.
export async function switchTheme(page) {
  await page.getByRole('button', { name: 'Open settings panel' }).click();
  await page.getByLabel('Toggle dark mode').locator('visible=true').click();
  // Outside of the panel, which everything else lies under.
  await page.mouse.click(10, 10);
  await page.getByRole('button', { name: 'Open settings panel' }).waitFor();
}
