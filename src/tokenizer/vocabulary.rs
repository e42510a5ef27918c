//! The vocabulary: one text of all tokens and a hash table into it, in place of a string for every token.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

use super::corrupt;
use crate::error::Result;

/// The tokens of a `vocab` object in the order of the file.
#[derive(Default)]
pub(super) struct Entries {
    /// All tokens, one after another.
    text: String,
    /// Where each token ends in `text`, in bytes.
    ends: Vec<u32>,
    /// The id of each token.
    ids: Vec<u32>,
}

impl Entries {
    fn token(&self, entry: usize) -> &str {
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[entry] as usize]
    }
}

impl<'de> serde::Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object of tokens with their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while map.next_key_seed(Append(&mut entries.text))?.is_some() {
            entries.ends.push(u32::try_from(entries.text.len()).map_err(A::Error::custom)?);
            entries.ids.push(map.next_value()?);
        }
        Ok(entries)
    }

    // Models of another type have a list here. It is read over, so that the error can name the type.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entries::default())
    }
}

/// Appends a string of the file to a text without a string in between.
struct Append<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Append<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a token")
    }

    fn visit_str<E>(self, token: &str) -> Result<(), E> {
        self.0.push_str(token);
        Ok(())
    }
}

/// No entry lies in this slot.
const EMPTY: u32 = u32::MAX;

/// Token -> id.
pub(super) struct Vocabulary {
    entries: Entries,
    /// Entries by the hash of their token, linearly probed; a power of two of slots, at most half of them taken.
    slots: Vec<u32>,
    /// Bytes of the longest token.
    longest: usize,
}

impl Vocabulary {
    /// Indexes the entries.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a token is there twice or the ids are not `0..len`, each once.
    pub(super) fn new(entries: Entries) -> Result<Self> {
        let count = entries.ids.len();
        let mut vocabulary = Self { entries, slots: vec![EMPTY; (2 * count + 1).next_power_of_two()], longest: 0 };
        let mut seen = vec![false; count];
        for (entry, index) in (0..count).zip(0_u32..) {
            let token = vocabulary.entries.token(entry);
            let id = vocabulary.entries.ids[entry];
            match seen.get_mut(id as usize) {
                Some(seen) if !*seen => *seen = true,
                _ => {
                    return Err(corrupt(format!(
                        "token \"{token}\" has the id {id}, expected each of 0 to {} once",
                        count - 1
                    )));
                }
            }
            let slot = vocabulary.slot("", token);
            if vocabulary.slots[slot] != EMPTY {
                return Err(corrupt(format!("token \"{token}\" is in the vocabulary twice")));
            }
            vocabulary.longest = vocabulary.longest.max(token.len());
            vocabulary.slots[slot] = index;
        }
        Ok(vocabulary)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.ids.len()
    }

    /// Bytes of the longest token.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The id of the token `prefix` + `piece`.
    pub(super) fn get(&self, prefix: &str, piece: &str) -> Option<u32> {
        match self.slots[self.slot(prefix, piece)] {
            EMPTY => None,
            index => Some(self.entries.ids[index as usize]),
        }
    }

    /// The slot where `prefix` + `piece` lies, or the empty one where it would.
    fn slot(&self, prefix: &str, piece: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = fnv1a(prefix.bytes().chain(piece.bytes())) as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == EMPTY || self.entries.token(index as usize).strip_prefix(prefix) == Some(piece) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }
}

/// The 32-bit FNV-1a hash (Fowler, Noll and Vo).
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
