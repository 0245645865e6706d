// What the page shows, as a person finds it: by role and name.
//
// The only file of the browser tests that knows the page's markup.

// The rows of the live sessions; with `text`, those that show it.
export function rows(page, text) {
  const all = page.locator('[data-key]');
  return text === undefined ? all : all.filter({ hasText: text });
}

// Shows a row's context.
export async function unfold(row) {
  // The one with words on it; the other explains the state.
  await row.getByRole('button', { expanded: false }).filter({ hasText: /\S/ }).first().click();
}

// Shows why a row is said to be in its state.
export async function explain(row) {
  await row.getByRole('button', { name: /^why/i }).click();
}

// Waits until changes arrive by themselves.
export async function isLive(page) {
  await page.getByRole('status').filter({ hasText: /^\s*Live\s*$/ }).waitFor();
}

export function killButton(row) {
  return row.getByRole('button', { name: /^kill/i });
}

// The question that stands between a button and the deed.
export function question(page) {
  return page.getByRole('dialog');
}

export async function confirmKill(page) {
  await question(page).getByRole('button', { name: /^kill/i }).click();
}

// A conversation among the recent ones.
export function recentRow(page, sessionId) {
  return page.locator(`[data-session="${sessionId}"]`);
}

export function resumeButton(row) {
  return row.getByRole('button', { name: /^resume/i });
}

// Asks for the plan of a cleanup; it is shown as a question.
export async function planCleanup(page) {
  await page.getByRole('button', { name: /^clean up/i }).click();
}

// Executes the plan; the button says what it will do.
export async function confirmCleanup(page) {
  await question(page).locator('button:visible').last().click();
}

// The page's own switch between dark and light, where it stands alone.
export function themeButton(page) {
  return page.getByRole('button', { name: /theme|dark|light/i });
}
