// Draws a dish from nothing but its title and tags: the same recipe always gets the same one.
import { svg } from '../dom.js';
import { randomFrom } from '../random.js';

/** Cloth, plate's shade, then what lies on it. */
const PALETTES: Record<string, string[]> = {
  Dessert: ['#f3c6c3', '#f9e6e1', '#8a3b45', '#d9788a', '#f2d7a0'],
  Cake: ['#e9cfe0', '#f7ebf2', '#7a4a63', '#c98aa9', '#f5dfb8'],
  Beverage: ['#bcd9d6', '#e4f1ef', '#a8612a', '#cf8f45', '#f0c75e'],
  Soup: ['#e4b98a', '#f6e7d3', '#b4552a', '#d98b3c', '#6c8a3f'],
  Salad: ['#cfe0b1', '#eef5e0', '#5c8a34', '#8db850', '#d6533f'],
  Pasta: ['#efd9a0', '#faf2da', '#c9732f', '#e7b75a', '#7a9a45'],
  Meat: ['#c9a28b', '#efe0d5', '#6e3427', '#a35a41', '#7c8f4a'],
  Bread: ['#dcbf97', '#f5e9d7', '#8f5a2b', '#c98f4e', '#e8c98f'],
};
const OTHERS = [
  ['#c8cfe0', '#eceff7', '#47588a', '#8a9ac4', '#e0a24f'],
  ['#d9c9a8', '#f5eede', '#7b6a35', '#b59f55', '#b4552a'],
  ['#bfd3c0', '#e9f1e9', '#41704a', '#7ba681', '#d98b3c'],
  ['#e2bfae', '#f7e8e0', '#93462f', '#c97c57', '#e9c46a'],
];
const CENTER = { x: 100, y: 78 };

export function dish({ title, tags }: { title: string; tags: string[] }): SVGSVGElement {
  const random = randomFrom(title);
  const kind = tags.find((tag) => tag in PALETTES);
  const [cloth, plate, ...food] = kind ? PALETTES[kind]! : OTHERS[Math.floor(random() * OTHERS.length)]!;
  const disc = (r: number, fill: string, opacity = 1) =>
    svg('circle', { cx: CENTER.x, cy: CENTER.y, r, fill, opacity });
  const stripes = Array.from({ length: 9 }, (_, index) =>
    svg('rect', { x: index * 24 - 6, y: 0, width: 9, height: 156, fill: '#fff', opacity: 0.16 }),
  );
  const morsels = Array.from({ length: 15 }, () => {
    const [angle, distance] = [random() * Math.PI * 2, Math.sqrt(random()) * 33];
    const [x, y] = [CENTER.x + Math.cos(angle) * distance, CENTER.y + Math.sin(angle) * distance];
    const turn = `rotate(${Math.round(random() * 180)} ${x.toFixed(1)} ${y.toFixed(1)})`;
    const [rx, ry] = [4 + random() * 9, 3 + random() * 5];
    return svg('ellipse', {
      cx: x.toFixed(1),
      cy: y.toFixed(1),
      rx: rx.toFixed(1),
      ry: ry.toFixed(1),
      transform: turn,
      fill: food[Math.floor(random() * food.length)]!,
    });
  });
  const isLiquid = kind === 'Soup' || kind === 'Beverage';
  return svg(
    'svg',
    { class: 'dish', viewBox: '0 0 200 156', preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true' },
    svg('rect', { width: 200, height: 156, fill: cloth! }),
    ...stripes,
    svg('ellipse', { cx: CENTER.x + 3, cy: CENTER.y + 6, rx: 62, ry: 61, fill: '#000', opacity: 0.12 }),
    disc(60, '#fffdf8'),
    disc(46, plate!),
    ...(isLiquid ? [disc(42, food[0]!), disc(42, food[1]!, 0.55)] : []),
    ...(isLiquid ? morsels.slice(0, 6) : morsels),
  );
}
