// Draws a poster for a film from nothing but its title, year and genres: the same film always gets the same one.
import { svg } from './dom.js';
import type { Film } from './film.js';
import { randomFrom } from './random.js';
import { SCENES, type Palette } from './scenery.js';
import { unhurried } from './unhurried.js';

const WIDTH = 200;
const HEIGHT = 300;
const MARGIN = 16;

/** Most telling first: what a film looks like is decided by its rarest trait, not by "Drama". */
const GENRES_BY_CHARACTER = [
  'Film-Noir',
  'Western',
  'Horror',
  'Sci-Fi',
  'Musical',
  'War',
  'Documentary',
  'Animation',
  'Fantasy',
  'Mystery',
  'Children',
  'Crime',
  'Romance',
  'Adventure',
  'Thriller',
  'Action',
  'Comedy',
  'Drama',
];

let posters = 0;
let pen: CanvasRenderingContext2D | null = null;

/** The sheet at once, and what is on it when the page has time. */
export function poster(film: Film): SVGSVGElement {
  const sheet = svg('svg', { class: 'poster', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' });
  unhurried(() => sheet.append(...drawing(film)));
  return sheet;
}

function drawing(film: Film): SVGElement[] {
  const random = randomFrom(`${film.id} ${film.title}`);
  const [genre = 'Drama', second = genre] = GENRES_BY_CHARACTER.filter((name) => film.genres.includes(name));
  const { palettes } = SCENES[genre]!;
  const palette = palettes[Math.floor(random() * palettes.length)]!;
  // The colors of one genre, and now and then the scene of another, so that films of a kind do not all look alike.
  const { draw } = SCENES[random() < 0.35 ? second : genre]!;
  const sky = `poster-sky-${++posters}`;
  return [
    svg(
      'linearGradient',
      { id: sky, x1: 0, y1: 0, x2: 0, y2: 1 },
      svg('stop', { offset: 0, 'stop-color': palette.top }),
      svg('stop', { offset: 1, 'stop-color': palette.bottom }),
    ),
    svg('rect', { width: WIDTH, height: HEIGHT, fill: `url(#${sky})` }),
    ...draw(palette, random),
    ...lettering(film, palette),
  ];
}

function lettering({ title, year }: Film, palette: Palette): SVGElement[] {
  // Second names in parentheses are for the card; a poster has one.
  const { size, lines } = setTitle(title.replace(/ \([^()]*\)$/, ''));
  const text = svg('text', { class: 'poster-title', 'font-size': size, fill: palette.text });
  lines.forEach((line, index) => {
    text.append(svg('tspan', { x: MARGIN, y: 36 + size * (0.85 + index * 1.14) }, line));
  });
  const rule = svg('rect', { x: MARGIN, y: 20, width: 26, height: 2, fill: palette.accent });
  const date = svg(
    'text',
    { class: 'poster-year', x: WIDTH - MARGIN, y: 25, 'text-anchor': 'end', fill: palette.text },
    String(year ?? ''),
  );
  return [rule, date, text];
}

/** The largest lettering in which the title takes no more lines than look well at its size. */
function setTitle(title: string): { size: number; lines: string[] } {
  for (const [size, maxLines] of [
    [27, 3],
    [23, 3],
    [19, 5],
  ] as const) {
    const lines = wrap(title, size);
    if (lines.length <= maxLines && lines.every((line) => widthOf(line, size) <= WIDTH - 2 * MARGIN))
      return { size, lines };
  }
  const lines = wrap(title, 16);
  return { size: 16, lines: lines.length > 6 ? [...lines.slice(0, 5), `${lines[5]}…`] : lines };
}

function wrap(title: string, size: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of title.split(' ')) {
    const longer = line ? `${line} ${word}` : word;
    if (line && widthOf(longer, size) > WIDTH - 2 * MARGIN) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** In the face that the style sheet gives a poster's title. */
function widthOf(text: string, size: number): number {
  pen ??= document.createElement('canvas').getContext('2d');
  if (!pen) return text.length * size * 0.6;
  const { fontFamily } = getComputedStyle(document.querySelector('h1')!);
  pen.font = `700 ${size}px ${fontFamily}`;
  return pen.measureText(text).width;
}
