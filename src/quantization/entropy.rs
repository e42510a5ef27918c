//! int8 values coded by how often each occurs: a matrix in coarse steps takes as many bits as its values tell, not eight.
//!
//! An asymmetric numeral system (Duda, arXiv 1311.2540) in the form of Giesen's interleaved rANS (arXiv 1402.3392): several coders of 32 bits take
//! turns and share one stream of 16-bit words, so that a processor works on several values at once. A value costs its entropy and a hundredth of a bit.

/// Frequencies add up to `1 << PRECISION`.
const PRECISION: u32 = 12;

/// What the frequencies of all values add up to.
pub const TOTAL: u32 = 1 << PRECISION;

/// Different values.
pub const VALUES: usize = 256;

/// The most values of one stream. One that always says the same takes no room, so nothing else holds a foreign count back.
pub const MOST: usize = 1 << 28;

/// Coders that take turns.
const STATES: usize = 4;

/// A state is at least this between two values; it is what a coder starts from, and what is left when all is read.
const LEAST: u32 = 1 << 16;

/// Values as a stream, and what it takes to read them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// How often `value` occurs, at place `value + 128`, of [`TOTAL`].
    pub frequencies: [u16; VALUES],
    /// The states, then the words that they take up, all little-endian.
    pub stream: Vec<u8>,
}

fn place(value: i8) -> usize {
    usize::from(value.cast_unsigned() ^ 0x80)
}

/// Codes values.
#[must_use]
pub fn encode(values: &[i8]) -> Coded {
    let frequencies = frequencies(values);
    let starts = starts(&frequencies);
    let mut states = [LEAST; STATES];
    let mut words: Vec<u16> = Vec::with_capacity(values.len() / 2);
    // What is written last is read first.
    for (i, value) in values.iter().enumerate().rev() {
        let (frequency, start) = (u32::from(frequencies[place(*value)]), starts[place(*value)]);
        let state = &mut states[i % STATES];
        if u64::from(*state) >= u64::from(frequency) << (32 - PRECISION) {
            words.push(low(*state));
            *state >>= 16;
        }
        *state = ((*state / frequency) << PRECISION) + *state % frequency + start;
    }
    for state in states.into_iter().rev() {
        words.extend([low(state), low(state >> 16)]);
    }
    Coded { frequencies, stream: words.into_iter().rev().flat_map(u16::to_le_bytes).collect() }
}

/// Reads `count` values, at most [`MOST`]. `None` where the stream is not what [`encode`] makes of so many values with these frequencies.
#[must_use]
pub fn decode(frequencies: &[u16; VALUES], stream: &[u8], count: usize) -> Option<Vec<i8>> {
    if count > MOST {
        return None;
    }
    let table = table(frequencies)?;
    let (words, []) = stream.as_chunks::<2>() else { return None };
    let (heads, words) = words.split_at_checked(2 * STATES)?;
    let mut states: [u32; STATES] = core::array::from_fn(|j| {
        (u32::from(u16::from_le_bytes(heads[2 * j])) << 16) | u32::from(u16::from_le_bytes(heads[2 * j + 1]))
    });
    let mut values = vec![0_i8; count];
    let mut read = 0;
    for values in values.chunks_mut(STATES) {
        for (value, state) in values.iter_mut().zip(&mut states) {
            let entry = table[(*state % TOTAL) as usize];
            *value = entry.value;
            *state = u32::from(entry.frequency) * (*state >> PRECISION) + u32::from(entry.offset);
            if *state < LEAST {
                // A stream that is too short is noticed at the end.
                let word = words.get(read).map_or(0, |word| u16::from_le_bytes(*word));
                *state = (*state << 16) | u32::from(word);
                read += 1;
            }
        }
    }
    (read == words.len() && states == [LEAST; STATES]).then_some(values)
}

/// What the low bits of a state say.
#[derive(Clone, Copy, Default)]
struct Entry {
    frequency: u16,
    /// Their place among those of the value.
    offset: u16,
    value: i8,
}

fn table(frequencies: &[u16; VALUES]) -> Option<Vec<Entry>> {
    if frequencies.iter().map(|f| u32::from(*f)).sum::<u32>() != TOTAL {
        return None;
    }
    let values = (i8::MIN..=i8::MAX).zip(frequencies);
    let entries = |(value, frequency): (i8, &u16)| {
        let frequency = *frequency;
        (0..frequency).map(move |offset| Entry { frequency, offset, value })
    };
    Some(values.flat_map(entries).collect())
}

/// Where the places of each value begin.
fn starts(frequencies: &[u16; VALUES]) -> [u32; VALUES] {
    let mut next = 0;
    frequencies.map(|frequency| {
        let start = next;
        next += u32::from(frequency);
        start
    })
}

/// Shares of [`TOTAL`]; what occurs has one.
#[expect(clippy::cast_possible_truncation, reason = "shares of 4096")]
fn frequencies(values: &[i8]) -> [u16; VALUES] {
    let mut counts = [0_u64; VALUES];
    for value in values {
        counts[place(*value)] += 1;
    }
    if values.is_empty() {
        counts[place(0)] = 1;
    }
    let all: u64 = counts.iter().sum();
    let share = |count: u64| if count == 0 { 0 } else { ((count * u64::from(TOTAL) + all / 2) / all).max(1) };
    let mut shares = counts.map(share);
    // What rounding gave or took too much, the largest settle, who feel it least.
    loop {
        let sum: u64 = shares.iter().sum();
        let Some(largest) = shares.iter_mut().max() else { break };
        match sum.cmp(&u64::from(TOTAL)) {
            core::cmp::Ordering::Less => *largest += 1,
            core::cmp::Ordering::Equal => break,
            core::cmp::Ordering::Greater => *largest -= 1,
        }
    }
    shares.map(|share| share as u16)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half")]
fn low(state: u32) -> u16 {
    state as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values around 0, as weights are: sums of a few even ones.
    fn weights(width: i8) -> impl Strategy<Value = Vec<i8>> {
        prop::collection::vec(
            [-width..=width, -width..=width, -width..=width].prop_map(|parts| parts.iter().sum()),
            0..3000,
        )
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(values in weights(42)) {
            let Coded { frequencies, stream } = encode(&values);
            prop_assert_eq!(decode(&frequencies, &stream, values.len()), Some(values));
        }

        #[test]
        fn any_bytes_are_safe(
            values in weights(9), at in any::<prop::sample::Index>(), bits in 1_u8.., count in 0_usize..4000,
            frequencies in prop::collection::vec(0_u16.., VALUES), bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let coded = encode(&values);
            let mut damaged = coded.stream.clone();
            let at = at.index(damaged.len());
            damaged[at] ^= bits;
            prop_assert_ne!(decode(&coded.frequencies, &damaged, values.len()), Some(values.clone()));
            prop_assert_eq!(decode(&coded.frequencies, &coded.stream[..at], values.len()), None);
            let found = decode(&coded.frequencies, &coded.stream, count);
            prop_assert!(count == values.len() || found != Some(values));
            prop_assert_eq!(decode(&frequencies.try_into().unwrap(), &bytes, count), None);
        }
    }

    #[test]
    fn values_take_little_more_than_their_entropy() {
        // Shares of 1/2, 1/4, 1/8, 1/8: 1.75 bits each.
        let values: Vec<i8> = (0..80_000).map(|i| [0, 0, 0, 0, 1, 1, -1, 9][i * 5 % 8]).collect();
        let bits = encode(&values).stream.len() * 8;
        assert!((140_000..141_500).contains(&bits), "{bits}");
    }

    #[test]
    fn one_value_takes_no_room_and_all_of_them_eight_bits() {
        for values in [vec![], vec![-128; 5000], (0..=255_u8).map(u8::cast_signed).cycle().take(5120).collect()] {
            let Coded { frequencies, stream } = encode(&values);
            assert_eq!(decode(&frequencies, &stream, values.len()), Some(values.clone()));
            let expected = if values.len() == 5120 { 5120 } else { 0 };
            assert!((expected..expected + 20).contains(&stream.len()), "{}", stream.len());
        }
    }

    #[test]
    fn more_values_than_any_model_has_are_refused_before_they_take_memory() {
        let Coded { frequencies, stream } = encode(&[5; 100]);
        for count in [MOST + 1, usize::MAX] {
            assert_eq!(decode(&frequencies, &stream, count), None);
        }
    }

    #[test]
    fn a_value_that_is_rare_is_not_lost() {
        let mut values = vec![0_i8; 1_000_000];
        values[500_000] = 77;
        values[0] = -3;
        let Coded { frequencies, stream } = encode(&values);
        assert_eq!(decode(&frequencies, &stream, values.len()), Some(values));
    }
}
