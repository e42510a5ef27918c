// Compares the ranks that target/quality/ holds with the committed ones: fails if NDCG@10 or coverage is lower by 2 %.
// usage: node scripts/ci/quality.mjs [--write]
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../paths.mjs';

const LOSS = 0.02;
const file = path.join(root, 'tests/fixtures/quality.json');
const found = path.join(root, 'target/quality');

const cases = fs
  .readFileSync(path.join(found, 'cases.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const measures = JSON.parse(fs.readFileSync(path.join(found, 'evaluation.json'), 'utf8')).systems.inglenook;
const now = {
  'ndcg@10': measures['ndcg@10'],
  'coverage@10': measures['coverage@10'],
  // Leave-last-out holds out one film of each user.
  ranks: Object.fromEntries(cases.map(({ user, ranks: [rank] }) => [user, rank])),
};

if (process.argv.includes('--write')) {
  fs.writeFileSync(file, `${JSON.stringify(now)}\n`);
  console.log(`wrote ${path.relative(root, file)}: NDCG@10 ${now['ndcg@10'].toFixed(4)} over ${cases.length} users`);
  process.exit();
}

const before = JSON.parse(fs.readFileSync(file, 'utf8'));
const users = Object.keys({ ...before.ranks, ...now.ranks });
const moved = users.filter((user) => before.ranks[user] !== now.ranks[user]);
const isIn = (ranks, user) => ranks[user] <= 10;
const gained = moved.filter((user) => isIn(now.ranks, user) && !isIn(before.ranks, user));
const lost = moved.filter((user) => isIn(before.ranks, user) && !isIn(now.ranks, user));
console.log(
  `${moved.length} of ${users.length} users' films stand at another rank; into the first ten: ${gained.length}, out of them: ${lost.length}` +
    (lost.length > 0 ? ` (users ${lost.slice(0, 10).join(', ')}${lost.length > 10 ? ', ...' : ''})` : ''),
);
let isWorse = false;
for (const name of ['ndcg@10', 'coverage@10']) {
  const change = now[name] / before[name] - 1;
  console.log(`${name}: ${before[name].toFixed(4)} -> ${now[name].toFixed(4)} (${(100 * change).toFixed(1)} %)`);
  isWorse ||= !(change > -LOSS);
}
if (isWorse) {
  console.error(
    'error: the lists are worse by 2 % or more. If that is meant: scripts/ci/quality.sh --write, and say why in the commit',
  );
  process.exit(1);
}
