// Drives the demo page as a visitor would, by what it shows.

/** Chromium says this of its own accord where a page asks for WebGPU and there is none. */
const NOT_A_COMPLAINT = 'No available adapters.';

export class DemoPage {
  /** Warnings and errors of the page and its worker. */
  complaints = [];

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type()) || message.text() === NOT_A_COMPLAINT) return;
      this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
  }

  /** Opens the page and waits until it is of use; throws with the page's own words if it fails. */
  async open(url, { timeoutMs = 120_000 } = {}) {
    await this.page.goto(url);
    await this.loaded({ timeoutMs });
    const error = await this.error();
    if (error) throw new Error(`the page failed with ${error.code}: ${error.message}`);
  }

  /** Waits until loading has ended, well or not. */
  async loaded({ timeoutMs = 120_000 } = {}) {
    await this.page.locator('body:not([data-state="loading"])').waitFor({ timeout: timeoutMs });
  }

  async error() {
    if (!(await this.testId('error').isVisible())) return null;
    const text = (id) => this.testId(id).textContent();
    return { code: await text('error-code'), message: await text('error-message') };
  }

  testId(id) {
    return this.page.getByTestId(id);
  }

  /** Does something that ranks the list anew, and waits for the new list. */
  async ranked(action) {
    const results = this.testId('results');
    const before = Number(await results.getAttribute('data-revision'));
    await action();
    await this.page.waitForFunction(
      ([id, revision]) => {
        const { dataset, ariaBusy } = document.querySelector(`[data-testid="${id}"]`);
        return Number(dataset.revision) > revision && ariaBusy === 'false';
      },
      ['results', before],
    );
  }

  async search(words) {
    await this.ranked(async () => {
      await this.testId('search').fill(words);
      await this.testId('search').press('Enter');
    });
  }

  /** Looks a film up by its name and likes it. */
  async likeByName(title) {
    await this.search(title);
    const named = this.testId('title-matches').getByTestId('card');
    const card = named.filter({ has: this.page.getByRole('heading', { name: title, exact: true }) }).first();
    if ((await card.count()) === 0) throw new Error(`the page shows no film named "${title}" when asked for it`);
    await this.ranked(() => card.getByTestId('like').click());
    await this.search('');
  }

  /** The list as shown, best first. */
  films() {
    return this.testId('results')
      .getByTestId('card')
      .evaluateAll((cards) =>
        cards.map((card, index) => {
          const text = (id) => card.querySelector(`[data-testid="${id}"]`).textContent;
          const genres = text('card-genres').split(', ');
          const [title, year, because] = [text('card-title'), text('card-year'), text('because')];
          return { rank: index + 1, id: card.dataset.itemId, title, year, genres, because };
        }),
      );
  }

  /** Titles on the shelf, newest first; those that are not for the visitor are folded away but listed. */
  shelf(opinion = 'liked') {
    return this.testId(opinion)
      .getByTestId('history-item')
      .locator('.shelf-title')
      .evaluateAll((titles) =>
        titles.map((title) => `${title.firstChild.textContent} (${title.lastChild.textContent})`),
      );
  }

  async status() {
    const line = this.testId('status');
    const { backend, adapter, reason } = await line.evaluate(({ dataset }) => ({ ...dataset }));
    return { backend, adapter: adapter || null, reason, text: await line.textContent() };
  }
}
