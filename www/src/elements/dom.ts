// Elements in one expression. Styles come from classes, parts and CSSOM only: a strict content security policy allows no inline style.

export type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;

export function fill<E extends Element>(element: E, attributes: Attributes, children: (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/** An HTML element; an attribute whose value is a function is a listener for the event of that name. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** Makes `nodes` the children of `parent`, and moves only those that are out of place: what is moved loses the keyboard's focus. */
export function arrange(parent: Element, nodes: readonly Element[]): void {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    const there = parent.children.item(index);
    if (there !== node) parent.insertBefore(node, there);
  });
}
