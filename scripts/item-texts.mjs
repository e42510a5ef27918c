// Prints some texts of lists of items, evenly spread over each list, one a line: what a model meets that these lists are encoded with.
//   node scripts/item-texts.mjs COUNT ITEMS.jsonl...
import fs from 'node:fs';

const [count, ...lists] = process.argv.slice(2);
for (const list of lists) {
  const lines = fs.readFileSync(list, 'utf8').trim().split('\n');
  const step = Math.max(1, Math.floor(lines.length / Number(count)));
  for (let at = 0; at < lines.length; at += step) console.log(JSON.parse(lines[at]).text.replace(/\s+/g, ' '));
}
