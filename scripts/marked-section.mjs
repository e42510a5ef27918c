// Generated tables in hand-written documents: the text between <!-- NAME:begin --> and <!-- NAME:end --> is replaced, the rest stays.
import fs from 'node:fs';

export function writeMarkedSection(file, name, text) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const document = fs.readFileSync(file, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(
      `${file}: expected the markers ${begin} and ${end}, in that order; add them where the table belongs`,
    );
  }
  fs.writeFileSync(file, `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`);
}
