// The recipe book: a shelf that follows the search, and a dialog for the recipe that is chosen from it.
import 'inglenook/define';
import { InglenookError, type Recommendation } from 'inglenook';
import { byId, html } from '../dom.js';
import { listenToSearch } from '../search-form.js';
import { dish } from './dish.js';
import { RecipeBook, sourceOf } from './recipe.js';

const KINDS = [
  'Quick',
  'Very easy',
  'Dessert',
  'Soup',
  'Salad',
  'Pasta',
  'Rice',
  'Bread',
  'Chicken',
  'Beverage',
  'Vegan',
  'Indian',
];
const SIMILAR = 4;

const shelf = byId<HTMLElementTagNameMap['inglenook-shelf']>('recipes');
const dialog = byId<HTMLDialogElement>('recipe');
const book = RecipeBook.fetch();
// Told where it is awaited.
book.catch(() => {});

shelf.renderCard = card;

listenToSearch((query) => {
  shelf.query = query;
  showHeading();
});

const chosen = new Set<string>();
byId('kinds').replaceChildren(
  ...KINDS.map((kind) => {
    const chip = html('button', { class: 'chip', type: 'button', 'data-kind': kind, 'aria-pressed': 'false' }, kind);
    chip.addEventListener('click', () => {
      if (!chosen.delete(kind)) chosen.add(kind);
      chip.ariaPressed = String(chosen.has(kind));
      shelf.filter = { allOf: [...chosen] };
    });
    return chip;
  }),
);

shelf.addEventListener('inglenook-ready', ({ recommender }) => {
  const follow = async () => {
    const entries = await recommender.profile.get();
    shelf.dataset['isPersonal'] = String(entries.length > 0);
    showHeading();
  };
  recommender.profile.subscribe(follow);
  void follow();
});

document.addEventListener('inglenook-select', ({ recommendation }) => void open(recommendation.id));
byId('recipe-close').addEventListener('click', () => dialog.close());
// The shelf in the dialog lets go of the recommender with it.
dialog.addEventListener('close', () => byId('similar').replaceChildren());

function showHeading(): void {
  const start = shelf.dataset['isPersonal'] === 'true' ? 'For your table' : 'From the book';
  shelf.heading = shelf.query === '' ? start : `For “${shelf.query}”`;
}

function card(recommendation: Recommendation): HTMLElement {
  const { title, tags } = recommendation;
  return html(
    'div',
    { class: 'recipe-card' },
    dish(recommendation),
    html('h3', { class: 'card-title' }, html('button', { type: 'button', 'aria-haspopup': 'dialog' }, title)),
    html('p', { class: 'card-facts' }, tags.join(' · ')),
  );
}

async function open(id: string): Promise<void> {
  const recipe = await book.then(
    (all) => all.recipe(id),
    (error: unknown) => (byId('recipe-facts').textContent = InglenookError.from(error).message) && null,
  );
  if (!recipe) return;
  const { title, servings, time, ingredients, steps } = recipe;
  byId('recipe-title').textContent = title;
  byId('recipe-facts').textContent = [servings && `for ${servings}`, time].filter(Boolean).join(' · ');
  byId('recipe-ingredients').replaceChildren(...ingredients.map((line) => html('li', {}, line)));
  byId('recipe-steps').replaceChildren(...steps.map((step) => html('li', {}, step)));
  byId<HTMLAnchorElement>('recipe-source').href = sourceOf(recipe);
  const similar = document.createElement('inglenook-shelf');
  Object.assign(similar, {
    catalog: shelf.catalog,
    model: shelf.model,
    similarTo: id,
    k: SIMILAR,
    heading: 'More like this',
    headingLevel: 3,
    renderCard: card,
  });
  byId('similar').replaceChildren(similar);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}
