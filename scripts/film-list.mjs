// Writes the demo page's list of films (id, title, year, genres; most popular first) and prints its digest as `integrity` takes it.
// usage: node scripts/film-list.mjs ITEMS.jsonl FILMS.json
import { createHash } from 'node:crypto';
import fs from 'node:fs';

const [source, target] = process.argv.slice(2);
if (!source || !target) throw new Error('usage: node scripts/film-list.mjs ITEMS.jsonl FILMS.json');

const films = fs
  .readFileSync(source, 'utf8')
  .split('\n')
  .filter((line) => line.trim())
  .map((line) => JSON.parse(line))
  .sort((a, b) => b.popularity - a.popularity)
  .map(({ id, title, year = null, tags }) => ({ id: String(id), title, year, genres: tags }));
const json = JSON.stringify(films);
fs.writeFileSync(target, json);
console.log(`sha256-${createHash('sha256').update(json).digest('base64')}`);
