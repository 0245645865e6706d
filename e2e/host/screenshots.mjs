// Takes the pictures of the README: `node e2e/host/screenshots.mjs`, as root.
//
// Knows what is photographed and how wide. The machine in the pictures is made by scene.mjs; it is
// put into namespaces of its own, so that nobody's sessions and no real names are in them.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { complaintsOf, launchChromium } from '../browser/chromium.mjs';
import { explain, isLive, rows } from '../browser/sessions.mjs';
import { HOST_NOISE, openHost, openTab, TAB } from '../browser/tab.mjs';
import { installClaude } from '../install/claude.mjs';
import { installHost } from '../install/host.mjs';
import { OLD_VERSION, setScene } from './scene.mjs';
import { setStage } from './stage.mjs';

const HOME = '/home/dana';
const THEMES = ['dark', 'light'];
const OUT = process.env.SM_SCREENSHOT_DIR ?? join(import.meta.dirname, '../../docs');

if (process.env.SM_SCENE) await photograph();
else await isolate();

async function isolate() {
  if (existsSync(HOME)) throw new Error(`${HOME} is there already; the pictures need that name for themselves`);
  await installHost();
  await installClaude();
  await installClaude(OLD_VERSION);
  const folder = await mkdtemp(join(tmpdir(), 'sm-names-'));
  const names = join(folder, 'passwd');
  const passwd = await readFile('/etc/passwd', 'utf8');
  await writeFile(names, passwd.replace(/^[^:]+(:[^:]*:0:0:[^:]*:)[^:]*/m, `dana$1${HOME}`));
  const script = 'ip link set lo up && mount -t tmpfs tmpfs "$1" && mount --bind "$2" /etc/passwd && shift 2 && "$@"; exit $?';
  await mkdir(HOME);
  try {
    const { status } = spawnSync('unshare', [
      '--net', '--pid', '--fork', '--mount', '--mount-proc', '--kill-child', '--',
      'sh', '-c', script, 'sh', HOME, names, process.execPath, import.meta.filename,
    ], { stdio: 'inherit', env: { ...process.env, SM_SCENE: '1' } });
    process.exitCode = status ?? 1;
  } finally {
    await rmdir(HOME);
    await rm(folder, { recursive: true });
  }
}

async function photograph() {
  await mkdir(OUT, { recursive: true });
  const scene = await setScene(HOME);
  let stage;
  let browser;
  let held;
  try {
    stage = await setStage({ home: HOME, tools: [dirname(await installClaude())] });
    await stage.install();
    browser = await launchChromium();
    for (const theme of THEMES) {
      await take(browser, stage.host, { theme, width: 1280, height: 1160, name: `screenshot-${theme}` }, showList);
      await take(browser, stage.host, { theme, width: 390, height: 844, name: `screenshot-${theme}-narrow` }, showList);
    }
    held = await scene.hold((...asked) => stage.host.rpc(...asked));
    for (const theme of THEMES) {
      await take(browser, stage.host, { theme, width: 1280, height: 1000, name: `session-${theme}` }, showTalk);
      await take(browser, stage.host, { theme, width: 390, height: 844, name: `session-${theme}-narrow` }, showTalk);
    }
  } finally {
    await browser?.close();
    if (held) await stage.host.rpc('POST', `/sessions/${held}/cancel`, {});
    await stage?.close();
    await scene.end();
  }
}

async function take(browser, host, { theme, width, height, name }, show) {
  let complaints;
  const page = await openHost(browser, {
    host, theme, width, height, project: 'orbit-api',
    prepare: fresh => { complaints = complaintsOf(fresh, HOST_NOISE); },
  });
  await openTab(page);
  await isLive(page);
  await show(page, width);
  // The tab's tooltip goes with the pointer.
  await page.mouse.move(width / 2, height - 5);
  await page.getByRole('tooltip').waitFor({ state: 'detached' }).catch(() => {});
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  await page.context().close();
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
}

async function showList(page, width) {
  await explain(rows(page, width < 768 ? 'garden-planner' : 'mail-digest'));
  await page.locator('[data-decided=true]').waitFor();
  // What was pressed has been scrolled to.
  await page.locator(TAB).evaluate(one => one.scrollTo(0, 0));
  await page.locator('[data-session]').first().waitFor();
}

async function showTalk(page) {
  await rows(page, 'greenhouse').getByRole('button', { name: /^Open/ }).first().click();
  await page.locator('[data-sm-talk]').getByRole('button', { name: 'Allow', exact: true }).waitFor();
}
