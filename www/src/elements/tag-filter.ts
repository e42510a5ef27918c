import { InglenookError, type TagFilter } from 'inglenook';

/**
 * A filter as an attribute states it: conditions between commas, all of which must hold. `Family` asks for that tag, `!Horror` for its
 * absence, `Comedy|Drama` for at least one of the two.
 */
export function parseFilter(text: string): TagFilter {
  const filter: TagFilter = {};
  for (const condition of terms(text, ',')) {
    if (condition.includes('|')) {
      if (filter.anyOf) {
        throw new InglenookError(
          'invalid_input',
          `the filter "${text}" has two conditions with "|", expected at most one; put all alternatives into one`,
        );
      }
      filter.anyOf = terms(condition, '|');
    } else if (condition.startsWith('!')) {
      filter.noneOf = [...(filter.noneOf ?? []), condition.slice(1).trim()];
    } else {
      filter.allOf = [...(filter.allOf ?? []), condition];
    }
  }
  return filter;
}

function terms(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}
