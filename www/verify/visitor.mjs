// Uses a page as a visitor would: types, presses buttons, opens what can be opened, scrolls, leaves. It follows no link: to go elsewhere is a
// request that the visitor means.

const WORDS = 'something quiet about the sea';
const MAX_BUTTONS = 24;
const MAX_FIELDS = 4;
const MAX_LINKS = 6;
const PAUSE_MS = 100;
const ACTION_TIMEOUT_MS = 1500;

/** What is pressed first may bring up more to use. */
const ROUNDS = 2;

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<number>} How many things were done.
 */
export async function interact(page) {
  let done = 0;
  for (let round = 0; round < ROUNDS; round++) done += await interactOnce(page);
  return done;
}

async function interactOnce(page) {
  let done = 0;
  const attempt = async (action) => {
    try {
      await action();
      done++;
    } catch {
      // Covered, moved or gone meanwhile: a visitor would turn to the next thing as well.
    }
    await page.waitForTimeout(PAUSE_MS);
  };
  const options = { timeout: ACTION_TIMEOUT_MS };

  const fields = page.locator(
    'input[type="search"]:visible, input[type="text"]:visible, input:not([type]):visible, textarea:visible',
  );
  for (let index = 0; index < Math.min(await fields.count(), MAX_FIELDS); index++) {
    await attempt(async () => {
      await fields.nth(index).fill(WORDS, options);
      await fields.nth(index).press('Enter', options);
    });
  }
  await attempt(() => page.waitForTimeout(1000));

  const links = page.locator('a[href]:visible');
  for (let index = 0; index < Math.min(await links.count(), MAX_LINKS); index++) {
    await attempt(() => links.nth(index).hover(options));
  }

  // Buttons come and go as they are pressed: take them by their place, and close what they open.
  const buttons = page.locator('button:visible:not([type="submit"]), summary:visible, [role="button"]:visible');
  const pressed = new Map();
  for (let index = 0; index < Math.min(await buttons.count(), MAX_BUTTONS); index++) {
    const name = await buttons
      .nth(index)
      .evaluate((element) => element.className || element.textContent)
      .catch(() => '');
    // A few of each kind are enough: all likes do the same.
    if ((pressed.get(name) ?? 0) >= 3) continue;
    pressed.set(name, (pressed.get(name) ?? 0) + 1);
    await attempt(() => buttons.nth(index).click(options));
    if (await page.locator('dialog[open]').count()) await attempt(() => page.keyboard.press('Escape'));
  }

  for (const key of ['End', 'Home', 'Tab', 'Tab', 'Enter', 'Escape']) await attempt(() => page.keyboard.press(key));
  return done;
}
