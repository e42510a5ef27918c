//! Writes a catalog of random unit vectors, for benchmarks of ranking: `synthetic_catalog COUNT DIR`.
#![expect(clippy::cast_precision_loss, reason = "24 bits are exact in f32")]

use inglenook::embedding::normalize;
use inglenook::{Dtype, Item, artifact};

const DIMENSIONS: usize = 384;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(count), Some(dir)) = (args.next(), args.next()) else {
        return Err("usage: synthetic_catalog COUNT DIR".into());
    };
    let count: usize = count.parse()?;
    let mut state = 1_u64;
    let mut next = || {
        // Xorshift64 (Marsaglia 2003): any spread of values will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let mut rows = vec![0.0; count * DIMENSIONS];
    for row in rows.chunks_exact_mut(DIMENSIONS) {
        row.fill_with(&mut next);
        normalize(row);
    }
    let items: Vec<Item> = (0..count)
        .map(|i| Item {
            id: i.to_string(),
            title: format!("Item {i}"),
            text: String::new(),
            url: None,
            image: None,
            tags: Vec::new(),
            popularity: 0.0,
        })
        .collect();
    artifact::catalog_to_files("all-MiniLM-L6-v2", &items, &rows, DIMENSIONS, Dtype::Int8)?.write_dir(dir.as_ref())?;
    Ok(())
}
