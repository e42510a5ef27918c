/**
 * Notes where in a list the keyboard is, and gives back a function that puts it there again once the list has changed: on the same
 * button if it is still there, otherwise on the same kind of button in the card that took its place, or on the list itself.
 */
export function noteFocus(root: ShadowRoot, list: HTMLElement): () => void {
  const focused = root.activeElement;
  const item = focused?.closest('li');
  if (!(focused instanceof HTMLElement) || !item || !list.contains(item)) return () => {};
  const index = [...list.children].indexOf(item);
  const sameButton = `.${[...focused.classList].join('.')}`;
  return () => {
    const neighbor = list.children.item(Math.min(index, list.children.length - 1));
    const target = focused.isConnected ? focused : neighbor?.querySelector<HTMLElement>(sameButton);
    if (root.activeElement !== target) (target ?? list).focus({ preventScroll: true });
  };
}
