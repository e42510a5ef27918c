// What a poster shows below its title: one scene for each genre, in a few palettes. Drawn on a sheet of 200 by 300, where the
// upper half is left calm for the lettering.
import { svg } from './dom.js';

export interface Palette {
  top: string;
  bottom: string;
  far: string;
  near: string;
  accent: string;
  text: string;
}

type Random = () => number;
type Draw = (palette: Palette, random: Random) => SVGElement[];

function palette(colors: string): Palette {
  const [top, bottom, far, near, accent, text] = colors.split(' ') as [string, string, string, string, string, string];
  return { top, bottom, far, near, accent, text };
}

const between = (random: Random, low: number, high: number): number => low + random() * (high - low);
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const disc = (cx: number, cy: number, r: number, fill: string, opacity = 1): SVGElement =>
  svg('circle', { cx: cx.toFixed(1), cy: cy.toFixed(1), r: r.toFixed(1), fill, opacity });
const path = (d: string, fill: string, opacity = 1): SVGElement => svg('path', { d, fill, opacity });

/** A ridge or a wave across the whole width, filled down to the lower edge. */
function ridge(random: Random, y: number, height: number, steps: number, fill: string, isSmooth = true): SVGElement {
  const points = times(steps + 1, (i) => [(i * 200) / steps, y + between(random, -height, height)] as const);
  let d = `M0 300V${points[0]![1].toFixed(1)}`;
  points.slice(1).forEach(([x, pointY], i) => {
    const [lastX, lastY] = points[i]!;
    const middle = ((lastX + x) / 2).toFixed(1);
    d += isSmooth
      ? `C${middle} ${lastY.toFixed(1)} ${middle} ${pointY.toFixed(1)} ${x.toFixed(1)} ${pointY.toFixed(1)}`
      : `L${x.toFixed(1)} ${pointY.toFixed(1)}`;
  });
  return path(`${d}V300z`, fill);
}

const hills: Draw = ({ far, near, accent }, random) => [
  disc(between(random, 50, 150), between(random, 176, 192), between(random, 24, 38), accent),
  ridge(random, 205, 16, 4, far),
  svg('g', { opacity: 0.55 }, ridge(random, 232, 14, 5, near)),
  ridge(random, 262, 10, 3, near),
];

const mesas: Draw = ({ far, near, accent }, random) => {
  const mesa = (x: number, width: number, y: number, fill: string) =>
    path(`M${x - 10} 300L${x} ${y}H${x + width}L${x + width + 12} 300z`, fill);
  return [
    disc(between(random, 60, 140), between(random, 185, 200), between(random, 34, 46), accent),
    mesa(between(random, -20, 10), between(random, 50, 80), between(random, 195, 215), far),
    mesa(between(random, 120, 150), between(random, 40, 70), between(random, 185, 205), far),
    ridge(random, 256, 6, 4, near),
    ...times(2, (i) => {
      const x = between(random, 20 + i * 90, 80 + i * 90);
      return path(`M${x} 262v-34h6v34zM${x - 9} 250v-14h5v9h6v5zM${x + 15} 246v-14h-5v9h-6v5z`, near);
    }),
  ];
};

const planets: Draw = ({ far, near, accent, text }, random) => {
  const [x, y, r] = [between(random, 60, 150), between(random, 188, 215), between(random, 30, 46)];
  const tilt = between(random, -30, -10).toFixed(0);
  return [
    ...times(34, () =>
      disc(random() * 200, random() * 290, between(random, 0.4, 1.3), text, between(random, 0.3, 0.9)),
    ),
    disc(x, y, r, far),
    path(`M${x - r} ${y}a${r} ${r} 0 0 0 ${2 * r} 0a${r} ${r * 0.55} 0 0 1 ${-2 * r} 0`, near, 0.45),
    svg('ellipse', {
      cx: x,
      cy: y,
      rx: r * 1.6,
      ry: r * 0.34,
      fill: 'none',
      stroke: accent,
      'stroke-width': 2.5,
      transform: `rotate(${tilt} ${x} ${y})`,
    }),
    disc(between(random, 20, 180), between(random, 148, 165), between(random, 4, 8), accent),
    svg('ellipse', { cx: between(random, 60, 140), cy: 330, rx: 190, ry: 58, fill: near }),
  ];
};

const skyline: Draw = ({ far, near, accent }, random) => {
  const row = (base: number, spread: number, fill: string, isLit: boolean) => {
    const elements: SVGElement[] = [];
    for (let x = -6; x < 200;) {
      const width = between(random, 18, 34);
      const y = base + between(random, -spread, spread);
      elements.push(svg('rect', { x: x.toFixed(1), y: y.toFixed(1), width: width.toFixed(1), height: 300, fill }));
      for (let windowY = y + 8; isLit && windowY < 284; windowY += 11) {
        for (let windowX = x + 5; windowX < x + width - 5; windowX += 8) {
          if (random() < 0.3) {
            elements.push(
              svg('rect', { x: windowX.toFixed(1), y: windowY.toFixed(1), width: 3.5, height: 5, fill: accent }),
            );
          }
        }
      }
      x += width + between(random, 0, 5);
    }
    return elements;
  };
  return [
    disc(between(random, 40, 160), between(random, 160, 176), between(random, 14, 22), accent, 0.9),
    ...row(195, 26, far, false),
    ...row(235, 22, near, true),
  ];
};

const blinds: Draw = ({ far, near, accent }, random) => {
  const x = between(random, 50, 150);
  return [
    path(`M${x} 138L${x - 90} 300H${x + 70}z`, accent, 0.85),
    ...times(10, (i) => svg('rect', { x: 0, y: 146 + i * 16, width: 200, height: between(random, 6, 9), fill: far })),
    // A figure in a hat.
    path(`M${x - 46} 300c0-46 14-58 30-62v-8h20v8c16 4 30 16 30 62z`, near),
    svg('ellipse', { cx: x - 6, cy: 216, rx: 15, ry: 18, fill: near }),
    path(`M${x - 36} 210c18 6 42 6 60 0l-12-5-4-16c-8-5-20-5-28 0l-4 16z`, near),
  ];
};

const forest: Draw = ({ far, near, accent }, random) => {
  const pine = (x: number, y: number, size: number, fill: string) =>
    path(
      `M${x} ${y}l${size * 0.3} ${size}h${-size * 0.6}zM${x} ${y + size * 0.4}l${size * 0.42} ${size}h${-size * 0.84}z`,
      fill,
    );
  return [
    disc(between(random, 60, 140), between(random, 180, 196), between(random, 34, 46), accent),
    ...times(9, (i) => pine(i * 25 + between(random, -6, 6), between(random, 175, 205), between(random, 70, 110), far)),
    svg('rect', { y: 246, width: 200, height: 12, fill: accent, opacity: 0.16 }),
    ...times(6, (i) =>
      pine(i * 40 + between(random, -12, 12), between(random, 205, 240), between(random, 80, 130), near),
    ),
  ];
};

const discs: Draw = ({ far, near, accent }, random) => {
  const [y, r] = [between(random, 196, 208), between(random, 40, 54)];
  const x = between(random, 72, 88);
  return [
    disc(x, y, r, accent, 0.9),
    disc(x + r * between(random, 0.75, 1), y + between(random, -14, 14), r * between(random, 0.8, 1), far, 0.85),
    ridge(random, 258, 5, 4, near),
    svg('rect', { y: 272, width: 200, height: 1.5, fill: accent, opacity: 0.6 }),
  ];
};

const rays: Draw = ({ far, near, accent }, random) => {
  const count = 9 + Math.floor(random() * 5);
  const [x, y] = [between(random, 70, 130), between(random, 225, 265)];
  return [
    ...times(count, (i) => {
      const [from, to] = [(Math.PI * 2 * i) / count, (Math.PI * 2 * (i + 0.5)) / count];
      const end = (angle: number) =>
        `${(x + Math.cos(angle) * 150).toFixed(1)} ${(y + Math.sin(angle) * 150).toFixed(1)}`;
      return path(`M${x} ${y}L${end(from)}L${end(to)}z`, far, 0.65);
    }),
    disc(x, y, between(random, 34, 46), accent),
    ...times(7, () => disc(random() * 200, between(random, 150, 290), between(random, 3, 7), near)),
  ];
};

const balloons: Draw = ({ far, near, accent, text }, random) => {
  const fills = [accent, near, text];
  return [
    ...times(3, () => {
      const [x, y] = [between(random, 0, 190), between(random, 150, 240)];
      return svg('g', { opacity: 0.5 }, disc(x, y, 14, far), disc(x + 16, y - 6, 18, far), disc(x + 34, y, 13, far));
    }),
    ...times(4, (i) => {
      const [x, y, r] = [28 + i * 46 + between(random, -10, 10), between(random, 170, 222), between(random, 15, 22)];
      return svg(
        'g',
        {},
        svg('path', {
          d: `M${x} ${y + r}q${between(random, -10, 10)} 30 ${between(random, -4, 4)} 60`,
          fill: 'none',
          stroke: text,
          'stroke-width': 1,
          opacity: 0.7,
        }),
        svg('ellipse', { cx: x, cy: y, rx: r * 0.86, ry: r, fill: fills[i % 3]! }),
        svg('ellipse', { cx: x - r * 0.3, cy: y - r * 0.35, rx: r * 0.16, ry: r * 0.26, fill: '#fff', opacity: 0.5 }),
      );
    }),
    ridge(random, 276, 6, 3, near),
  ];
};

const castle: Draw = ({ far, near, accent, text }, random) => {
  const tower = (x: number, y: number, width: number) =>
    path(
      `M${x} 300V${y}h${width}V300zM${x - 4} ${y}l${width / 2 + 4} ${-width * 1.3}l${width / 2 + 4} ${width * 1.3}z`,
      near,
    );
  const x = between(random, 50, 80);
  return [
    ...times(16, () => disc(random() * 200, between(random, 100, 220), between(random, 0.5, 1.4), text, 0.8)),
    disc(between(random, 120, 165), between(random, 162, 180), between(random, 14, 24), accent),
    ridge(random, 232, 18, 4, far),
    tower(x, between(random, 205, 220), 18),
    tower(x + 24, between(random, 180, 195), 24),
    tower(x + 54, between(random, 210, 225), 16),
    svg('rect', { x: x + 33, y: 226, width: 6, height: 10, fill: accent }),
    ridge(random, 276, 8, 4, near),
  ];
};

const waves: Draw = ({ far, near, accent }, random) => [
  disc(between(random, 50, 150), between(random, 172, 192), between(random, 22, 34), accent),
  ridge(random, 212, 5, 6, far),
  svg('g', { opacity: 0.5 }, ridge(random, 234, 6, 5, near)),
  svg('g', { opacity: 0.75 }, ridge(random, 256, 6, 6, near)),
  ridge(random, 278, 5, 5, near),
];

const lens: Draw = ({ far, near, accent }, random) => {
  const [x, y] = [between(random, 80, 120), between(random, 205, 220)];
  const ring = (r: number, stroke: string, width: number) =>
    svg('circle', { cx: x, cy: y, r, fill: 'none', stroke, 'stroke-width': width });
  return [
    ring(92, far, 8),
    ring(68, near, 8),
    disc(x, y, 52, near),
    ...times(6, (i) => {
      const angle = (Math.PI * 2 * i) / 6 + between(random, -0.05, 0.05);
      const end = (r: number, turn: number) =>
        `${(x + Math.cos(angle + turn) * r).toFixed(1)} ${(y + Math.sin(angle + turn) * r).toFixed(1)}`;
      return path(`M${end(50, 0)}L${end(50, 0.9)}L${end(18, 1.5)}z`, far);
    }),
    disc(x, y, 17, accent),
  ];
};

const beams: Draw = ({ far, near, accent }, random) => [
  ...times(3, (i) => {
    const [x, lean] = [30 + i * 65 + between(random, -12, 12), between(random, -50, 50)];
    return path(`M${x} 290L${x + lean - 12} 136h${between(random, 18, 30)}z`, accent, 0.45);
  }),
  ridge(random, 228, 12, 7, far, false),
  ridge(random, 262, 10, 9, near, false),
];

const chevrons: Draw = ({ far, near, accent }, random) => {
  const x = between(random, 80, 120);
  const chevron = (y: number, thickness: number, fill: string, opacity = 1) =>
    path(
      `M-20 ${y + 110}L${x} ${y}L220 ${y + 110}v${thickness}L${x} ${y + thickness}L-20 ${y + 110 + thickness}z`,
      fill,
      opacity,
    );
  return [
    chevron(between(random, 140, 150), 14, far),
    chevron(between(random, 170, 180), 22, accent, 0.9),
    chevron(between(random, 208, 218), 120, near),
  ];
};

const arcs: Draw = ({ far, near, accent, text }, random) => {
  const [x, y] = [between(random, 30, 170), 300];
  return [
    ...times(6, (i) => disc(x, y, 146 - i * 22, [far, near, accent][i % 3]!, 0.92)),
    ...times(5, () => {
      const [noteX, noteY] = [between(random, 16, 184), between(random, 152, 185)];
      return svg(
        'g',
        { fill: text, opacity: 0.85 },
        svg('ellipse', { cx: noteX, cy: noteY, rx: 4.4, ry: 3.3 }),
        svg('rect', { x: noteX + 3, y: noteY - 17, width: 1.6, height: 17 }),
      );
    }),
  ];
};

interface Scene {
  draw: Draw;
  palettes: Palette[];
}

const scene = (draw: Draw, ...palettes: string[]): Scene => ({ draw, palettes: palettes.map(palette) });

/** Colors in the order of `Palette`: top, bottom, far, near, accent, text. */
export const SCENES: Record<string, Scene> = {
  Action: scene(
    chevrons,
    '#2a1a1f #5a2326 #7d2f2b #1b1115 #f08a3c #fbeedd',
    '#132a3a #245064 #356e80 #0c1b26 #f2b84b #eef6f5',
    '#3b1d12 #8a3c1a #b5542a #23110b #ffd27a #fff1dc',
  ),
  Adventure: scene(
    hills,
    '#f3d9a4 #e59a5c #a8663f #5b3424 #fff1c9 #4a2a1b',
    '#bfe0d8 #7fb8a8 #4e8a78 #214b46 #fff0b8 #17403b',
    '#26405e #5e7fa0 #3d5c7c #172a40 #f6c987 #f7f1e3',
  ),
  Animation: scene(
    balloons,
    '#8fd0e8 #d9f0ef #ffffff #3f8f7f #f2704e #173f4a',
    '#f8cdb0 #fbe8c8 #ffffff #7a5aa8 #e8543f #4b2b4f',
    '#4a4a94 #9a78c0 #c8b0e0 #2e2a66 #ffc95e #fdf3e0',
  ),
  Children: scene(
    balloons,
    '#a8dcc8 #eef6d6 #ffffff #4c9a6a #f49a3f #1f4a38',
    '#ffd58a #fff0cf #ffffff #d9694a #4a90a8 #5a3016',
    '#7fb4e6 #d8ecfb #ffffff #3a6ea8 #f5b83d #163a5e',
  ),
  Comedy: scene(
    rays,
    '#f6c453 #f2994a #f7d98a #b8432f #fff3d2 #5a2413',
    '#7cc6bd #c7e8d4 #a5d8cc #e0633f #fff6df #174842',
    '#f3a6a0 #f8d5b8 #f6bfae #8f3f5f #fff1d6 #5c1f38',
  ),
  Crime: scene(
    skyline,
    '#1c2233 #4a3f52 #39344a #11141f #f2b35e #f4eadb',
    '#20302f #5c6a52 #42543f #121d1b #ecc06a #f1eee0',
    '#2b1b20 #7a3f3a #5a2f30 #180e12 #f5a65a #f8e8d8',
  ),
  Documentary: scene(
    lens,
    '#e9e1d2 #cdbfa8 #b8a78c #4b4437 #c8553d #37312a',
    '#dfe6e4 #b5c4c2 #93a8a8 #2f4348 #d98a3a #24363a',
  ),
  Drama: scene(
    waves,
    '#dbc7ad #b98e6c #94684b #4a3128 #f6e7c6 #3d2820',
    '#33475b #7d8fa0 #566b7f #1f2e3d #f0c48c #f3eee4',
    '#5a3b46 #b5838a #8d5e68 #38232c #f7d9b4 #faeee4',
    '#a9b8a0 #dcd9bc #7f9580 #3c5247 #fff4d2 #2b3d34',
  ),
  Fantasy: scene(
    castle,
    '#2b2a5a #7a5fa0 #4d4788 #1a1838 #ffd98a #f5ecff',
    '#14444a #4f9a8c #2d6f6c #0b2a30 #f6e2a0 #eaf7ee',
    '#4a2450 #b5648a #7d3f70 #2c1433 #ffd6a5 #fdeff0',
  ),
  'Film-Noir': scene(
    blinds,
    '#1a1a1c #3a3a3e #242428 #0b0b0d #d8d2c4 #efe9dc',
    '#1c1915 #4a4234 #2a251d #0d0b08 #e0c99a #f2e9d5',
  ),
  Horror: scene(
    forest,
    '#120f16 #4a1820 #2c1218 #09070b #c23b2e #f0dfd4',
    '#0e1816 #29453c #1b302a #070d0c #c9d8a0 #e6eedd',
    '#171024 #4a2f5a #2c1d3c #0b0714 #e0873c #f0e4f2',
  ),
  Musical: scene(
    arcs,
    '#3c1a3f #8a2f5c #b8436a #5a2150 #f5b655 #ffeede',
    '#173a52 #2f7a8a #3f9a9c #1f5268 #ffc46b #eff8f2',
  ),
  Mystery: scene(
    forest,
    '#22303c #6d8290 #465a68 #141e27 #e6e2c8 #f0efe4',
    '#2c2838 #7a6a82 #54485f #191622 #f0d9a8 #f4edf0',
  ),
  Romance: scene(
    discs,
    '#f3c9b8 #f9e4cf #e58a7c #a3525a #d9584f #5e2530',
    '#5e2b42 #b5586a #e89a8a #3b1a2b #f6c08a #fdebe0',
    '#d4c4dc #f1e2e4 #b58ab0 #6a4a78 #e0788a #43284e',
  ),
  'Sci-Fi': scene(
    planets,
    '#0d1430 #2f3a74 #6a6fb8 #121a3c #f2a65a #eaf0ff',
    '#0b1f2a #1f5a66 #4fa0a0 #0c2a34 #f0d27a #e6fbf6',
    '#1f0f2e #5c2a5e #b06090 #28123a #ffc27a #fdeaf6',
  ),
  Thriller: scene(
    skyline,
    '#0f1d26 #2c5460 #1f3d48 #08121a #e8c468 #e8f1ee',
    '#26151a #6a2a2e #47202a #14090d #f28f4f #f9e6da',
    '#1a1a2c #47486e #30314f #0d0d1a #d6e07a #eeeef6',
  ),
  War: scene(
    beams,
    '#3a3b2c #8a7f56 #5e5a3c #1f1f16 #f0dca0 #f4efdc',
    '#2e2623 #8a5a40 #5a3f33 #181311 #f6c38a #f7eadb',
  ),
  Western: scene(
    mesas,
    '#f4c987 #e07f45 #b5532e #4f2416 #fff0c4 #53240f',
    '#5a3550 #d9764f #9c4a44 #34191f #ffd58f #ffeeda',
    '#e9d8b4 #d9a066 #b0703f #5c3620 #c84f2e #4c2a14',
  ),
};
