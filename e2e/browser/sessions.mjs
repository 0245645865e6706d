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
  await row.getByRole('button', { expanded: false }).first().click();
}

export function killButton(row) {
  return row.getByRole('button', { name: /^kill/i });
}

// The question that stands between the button and the deed.
export function confirmation(page) {
  return page.locator('dialog[open], [role=alertdialog], [role=dialog]').filter({ hasText: /kill|end/i });
}

export async function confirm(page) {
  await confirmation(page).getByRole('button', { name: /^(kill|end)/i }).click();
}

// The page's own switch between dark and light, where it stands alone.
export function themeButton(page) {
  return page.getByRole('button', { name: /theme|dark|light/i });
}
