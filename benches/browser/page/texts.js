// Texts of an exact number of tokens: every word here is one token of BERT's uncased English vocabulary, with the id that it has there,
// so that the same input can be given to an engine that takes texts and to one that takes token ids.
const CLS = 101;
const SEP = 102;
const WORDS = Object.entries({
  the: 1996,
  a: 1037,
  of: 1997,
  and: 1998,
  in: 1999,
  with: 2007,
  from: 2013,
  after: 2044,
  before: 2077,
  young: 2402,
  old: 2214,
  lost: 2439,
  quiet: 4251,
  brave: 9191,
  clever: 12266,
  film: 2143,
  story: 2466,
  family: 2155,
  city: 2103,
  island: 2479,
  train: 3345,
  winter: 3467,
  summer: 2621,
  river: 2314,
  mountain: 3137,
  detective: 6317,
  teacher: 3836,
  sailor: 11803,
  painter: 5276,
  robot: 8957,
  dragon: 5202,
  ghost: 5745,
  love: 2293,
  war: 2162,
  journey: 4990,
  secret: 3595,
  letter: 3661,
  music: 2189,
  garden: 3871,
  kitchen: 3829,
  school: 2082,
  travels: 7930,
  finds: 4858,
  dreams: 5544,
  fights: 9590,
  saves: 13169,
  meets: 6010,
  hides: 17382,
  returns: 5651,
  remembers: 17749,
  builds: 16473,
});

// Any fixed sequence will do; this one gives every row of a batch its own text.
function words(tokens, row) {
  return Array.from({ length: tokens - 2 }, (_, i) => WORDS[(row * 17 + i * (row + 7)) % WORDS.length]);
}

export function texts(rows, tokens) {
  return Array.from({ length: rows }, (_, row) =>
    words(tokens, row)
      .map(([word]) => word)
      .join(' '),
  );
}

/** The token ids of the same texts, row after row. */
export function tokenIds(rows, tokens) {
  return Array.from({ length: rows }, (_, row) => [CLS, ...words(tokens, row).map(([, id]) => id), SEP]).flat();
}
