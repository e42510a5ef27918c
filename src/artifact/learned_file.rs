//! The learned parts of a catalog as a file, and back.

#![allow(clippy::cast_possible_truncation, reason = "lengths that are bounded where they are made")]

use super::sections::{SectionReader, SectionWriter};
use crate::error::Result;
use crate::learned::{Learned, Neighbors, Trend, share_of_byte, share_to_byte};

const LEARNED: [u8; 4] = *b"LRND";

/// Rows are stored in 2 bytes where all catalogs of so many items have room.
const NARROW_ITEMS: usize = 1 << 16;

/// The names of the four sections of a neighbor table.
type Names = [[u8; 8]; 4];
const COLLABORATIVE: Names = [*b"c.length", *b"c.rows  ", *b"c.weight", *b"c.scales"];
const BROAD: Names = [*b"b.length", *b"b.rows  ", *b"b.weight", *b"b.scales"];
const SEQUENCE: Names = [*b"s.length", *b"s.rows  ", *b"s.weight", *b"s.scales"];
const CARRIED: Names = [*b"n.length", *b"n.rows  ", *b"n.weight", *b"n.scales"];

/// Writes learned parts.
pub(super) fn write(learned: &Learned) -> Result<Vec<u8>> {
    let mut writer = SectionWriter::new(LEARNED);
    let tables = [
        (COLLABORATIVE, &learned.collaborative),
        (BROAD, &learned.broad),
        (SEQUENCE, &learned.sequence),
        (CARRIED, &learned.carried),
    ];
    for (names, table) in tables {
        let (starts, rows, weights, scales) = table.parts();
        writer = writer
            .section(names[0], lengths(starts))
            .section(names[1], row_bytes(rows, table.len()))
            .section(names[2], weights)
            .section(names[3], super::catalog_files::f32_bytes(scales));
    }
    let (times, starts, weeks, counts) = learned.trend.parts();
    let blend = serde_json::to_vec(&learned.blend)
        .map_err(|e| crate::Error::corrupt("the blend of the learned parts", e.to_string()))?;
    Ok(writer
        .section(*b"t.times ", times.iter().flat_map(|time| time.to_le_bytes()).collect::<Vec<_>>())
        .section(*b"t.length", starts.windows(2).flat_map(|w| ((w[1] - w[0]) as u16).to_le_bytes()).collect::<Vec<_>>())
        .section(*b"t.weeks ", weeks.iter().flat_map(|week| week.to_le_bytes()).collect::<Vec<_>>())
        .section(*b"t.counts", counts)
        .section(*b"predictd", shares_to_bytes(&learned.predicted))
        .section(*b"exposure", shares_to_bytes(&learned.exposure))
        .section(*b"blend   ", blend)
        .finish())
}

/// Reads learned parts of a catalog of so many items; any bytes give a value or an error.
pub(super) fn read(file: &str, bytes: bytes::Bytes, items: usize) -> Result<Learned> {
    let reader = SectionReader::open(file, LEARNED, bytes)?;
    let unfit = |e: crate::Error| reader.corrupt(e.to_string());
    let table = |names: Names| {
        let starts = starts(reader.section(names[0])?.iter().map(|n| u32::from(*n)));
        let rows = read_rows(&reader, names[1], items)?;
        let weights = reader.section(names[2])?.to_vec();
        Neighbors::from_parts(starts, rows, weights, reader.f32s(names[3])?, items).map_err(unfit)
    };
    let times = reader.section(*b"t.times ")?;
    let (times, rest) = times.as_chunks::<8>();
    let [origin, until] = times else { return Err(reader.corrupt("its times are not two")) };
    if !rest.is_empty() {
        return Err(reader.corrupt("its times are not two"));
    }
    let trend = Trend::from_parts(
        [i64::from_le_bytes(*origin), i64::from_le_bytes(*until)],
        starts(reader.u16s(*b"t.length")?.into_iter().map(u32::from)),
        reader.u16s(*b"t.weeks ")?,
        reader.section(*b"t.counts")?.to_vec(),
        items,
    )
    .map_err(unfit)?;
    let learned = Learned {
        collaborative: table(COLLABORATIVE)?,
        broad: table(BROAD)?,
        sequence: table(SEQUENCE)?,
        carried: table(CARRIED)?,
        trend,
        predicted: shares_of_bytes(&reader.section(*b"predictd")?),
        exposure: shares_of_bytes(&reader.section(*b"exposure")?),
        blend: serde_json::from_slice(&reader.section(*b"blend   ")?)
            .map_err(|e| reader.corrupt(format!("its blend is damaged: {e}")))?,
    };
    learned.check(items).map_err(unfit)?;
    Ok(learned)
}

fn shares_to_bytes(shares: &[f32]) -> Vec<u8> {
    shares.iter().copied().map(share_to_byte).collect()
}

fn shares_of_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().copied().map(share_of_byte).collect()
}

/// Lengths of lists of at most 255.
fn lengths(starts: &[u32]) -> Vec<u8> {
    starts.windows(2).map(|w| u8::try_from(w[1] - w[0]).unwrap_or(u8::MAX)).collect()
}

fn starts(lengths: impl Iterator<Item = u32>) -> Vec<u32> {
    let ends = lengths.scan(0_u32, |end, length| {
        *end = end.saturating_add(length);
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

fn row_bytes(rows: &[u32], items: usize) -> Vec<u8> {
    if items <= NARROW_ITEMS {
        rows.iter().flat_map(|row| (*row as u16).to_le_bytes()).collect()
    } else {
        rows.iter().flat_map(|row| row.to_le_bytes()).collect()
    }
}

fn read_rows(reader: &SectionReader, name: [u8; 8], items: usize) -> Result<Vec<u32>> {
    if items <= NARROW_ITEMS { Ok(reader.u16s(name)?.into_iter().map(u32::from).collect()) } else { reader.u32s(name) }
}
