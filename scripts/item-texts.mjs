// Prints titles and texts of some items of lists, evenly spread over each list, one a line: what a model meets that these lists are encoded and searched with,
// requests being as short as titles.
//   node scripts/item-texts.mjs COUNT ITEMS.jsonl...
import fs from 'node:fs';

const [count, ...lists] = process.argv.slice(2);
for (const list of lists) {
  const lines = fs.readFileSync(list, 'utf8').trim().split('\n');
  const step = Math.max(1, Math.floor(lines.length / Number(count)));
  for (let at = 0; at < lines.length; at += step) {
    const { title, text } = JSON.parse(lines[at]);
    for (const words of [title, text]) if (words) console.log(words.replace(/\s+/g, ' '));
  }
}
