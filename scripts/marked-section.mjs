// Generated tables in hand-written documents: the text between <!-- NAME:begin --> and <!-- NAME:end --> is replaced, the rest stays.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../www/package.json', import.meta.url));

export async function writeMarkedSection(file, name, text) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const document = fs.readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(
      `${file}: expected the markers ${begin} and ${end}, in that order; add them where the table belongs`,
    );
  }
  const prettier = require('prettier');
  const written = `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
  // Formatted at once: the check of the formatting covers this document too.
  fs.writeFileSync(file, await prettier.format(written, { ...(await prettier.resolveConfig(file)), filepath: file }));
}
