// Lists as people have them: CSV, TSV or JSON Lines, with the names of columns that people use.
import type { NewItem } from 'inglenook';
import { pause } from '../unhurried.js';

export interface ReadList {
  items: NewItem[];
  /** What cannot be used, line by line. */
  problems: string[];
}

/** Names of columns, most telling first. */
const COLUMNS = {
  id: ['id', 'key', 'sku', 'isbn', 'slug'],
  title: ['title', 'name', 'headline', 'product', 'label'],
  text: ['text', 'description', 'summary', 'abstract', 'body', 'content', 'notes', 'about'],
  url: ['url', 'link', 'href'],
  tags: ['tags', 'categories', 'category', 'genres', 'genre', 'keywords', 'topics', 'kind'],
  popularity: ['popularity', 'views', 'sales', 'count', 'ratings'],
};
type Field = keyof typeof COLUMNS;
type Row = { line: number; values: Record<string, unknown> };

const MAX_TITLE_CHARACTERS = 80;
/** The page stays usable: after this many lines it takes a breath. */
const LINES_AT_A_TIME = 500;

export async function readList(name: string, text: string): Promise<ReadList> {
  const problems: string[] = [];
  const rows =
    /\.(jsonl|ndjson|json)$/i.test(name) || /^\s*\{/.test(text)
      ? readJsonLines(text, problems)
      : readCsv(text, problems);
  const items: NewItem[] = [];
  const ids = new Set<string>();
  for (const [index, row] of rows.entries()) {
    if (index % LINES_AT_A_TIME === LINES_AT_A_TIME - 1) await pause();
    const item = itemOf(row, problems);
    if (!item) continue;
    if (ids.has(item.id)) {
      problems.push(`line ${row.line}: the id "${item.id}" is there twice; the first one is kept`);
      continue;
    }
    ids.add(item.id);
    items.push(item);
  }
  return { items, problems };
}

function itemOf({ line, values }: Row, problems: string[]): NewItem | null {
  const lower = new Map(Object.entries(values).map(([name, value]) => [name.trim().toLowerCase(), value]));
  const value = (field: Field): unknown => {
    for (const name of COLUMNS[field]) {
      const found = lower.get(name);
      if (found !== undefined && found !== null && found !== '') return found;
    }
    return undefined;
  };
  const [title, text] = [textOf(value('title')), textOf(value('text'))];
  if (title === '' && text === '') {
    const found = [...lower.keys()].join(', ') || 'nothing';
    problems.push(`line ${line}: found ${found}, expected a title or a text`);
    return null;
  }
  const popularity = Number(value('popularity') ?? 0);
  const url = textOf(value('url'));
  return {
    id: textOf(value('id')) || `line-${line}`,
    title: title || shortened(text),
    text,
    tags: tagsOf(value('tags')),
    // A link that would run as a script is no address of an item.
    ...(/^(https?:|[./])/.test(url) && { url }),
    ...(Number.isFinite(popularity) && popularity > 0 && { popularity }),
  };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';

function tagsOf(value: unknown): string[] {
  const tags = Array.isArray(value) ? value.map(textOf) : textOf(value).split(/[|;,]/);
  return [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
}

function shortened(text: string): string {
  return text.length <= MAX_TITLE_CHARACTERS ? text : `${text.slice(0, MAX_TITLE_CHARACTERS).replace(/\s\S*$/, '')}…`;
}

function readJsonLines(text: string, problems: string[]): Row[] {
  return text.split('\n').flatMap((content, index) => {
    if (content.trim() === '') return [];
    const line = index + 1;
    try {
      const values: unknown = JSON.parse(content);
      if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
        return [{ line, values: values as Record<string, unknown> }];
      }
      problems.push(`line ${line}: expected a JSON object`);
    } catch (error) {
      problems.push(`line ${line}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return [];
  });
}

/** Fields may be quoted and then hold separators, quotes (doubled) and line breaks. The first line names the columns. */
function readCsv(text: string, problems: string[]): Row[] {
  const header = text.slice(0, text.indexOf('\n') >>> 0);
  const separator = ['\t', ';', ','].find((each) => header.includes(each)) ?? ',';
  const records: { line: number; fields: string[] }[] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  let [line, start] = [1, 1];
  const endRecord = () => {
    fields.push(field);
    if (fields.some((each) => each.trim() !== '')) records.push({ line: start, fields });
    [fields, field, start] = [[], '', line];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\n') line++;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at];
      else isQuoted = false;
    } else if (character === '"' && field.trim() === '') [isQuoted, field] = [true, ''];
    else if (character === separator) [fields, field] = [[...fields, field], ''];
    else if (character === '\n') endRecord();
    else if (character !== '\r' && character !== '\uFEFF') field += character;
  }
  if (isQuoted) problems.push(`line ${start}: a quote is never closed`);
  endRecord();
  const [names, ...rest] = records;
  return rest.map(({ line: at, fields: values }) => ({
    line: at,
    values: Object.fromEntries((names?.fields ?? []).map((name, index) => [name, values[index] ?? ''])),
  }));
}
