// A Chromium that reaches nothing but this machine.
//
// Knows how it is found and started, and what a page of ours must never do: complain or break a
// policy. Does not know what is on the page.

import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export async function launchChromium() {
  const executablePath = process.env.CHROMIUM ?? PLACES.find(place => existsSync(place));
  if (!executablePath) throw new Error(`no Chromium at ${PLACES.join(', ')}; install one or name it in CHROMIUM`);
  return chromium.launch({
    executablePath,
    args: [
      // Tests run as root in containers, where its sandbox can't be set up.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-quic',
      '--no-first-run',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      // `gc()` and exact heap figures for whoever measures growth.
      '--js-flags=--expose-gc',
      '--enable-precise-memory-info',
    ],
  });
}

// Collects what the page complains of. `ignore` matches complaints of somebody else.
export function complaintsOf(page, ignore = /(?!)/) {
  const complaints = [];
  const note = text => { if (!ignore.test(text)) complaints.push(text); };
  page.on('console', message => {
    if (['error', 'warning', 'assert'].includes(message.type())) {
      note(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', fault => note(`uncaught: ${fault.stack ?? fault.message}`));
  return complaints;
}

// The elements that reach beyond the right edge of `container` (a selector), each as a short text.
export async function overflowing(page, container) {
  return page.evaluate(selector => {
    const box = document.querySelector(selector);
    const edge = box.getBoundingClientRect().right + 0.5;
    const scrollsInside = node => {
      for (let at = node.parentElement; at && at !== box; at = at.parentElement) {
        if (getComputedStyle(at).overflowX !== 'visible') return true;
      }
      return false;
    };
    return [...box.querySelectorAll('*')]
      .filter(node => node.getClientRects().length > 0)
      .filter(node => node.getBoundingClientRect().right > edge && !scrollsInside(node))
      .map(node => `${node.tagName.toLowerCase()}.${node.className} ${node.textContent.slice(0, 40)}`);
  }, container);
}
