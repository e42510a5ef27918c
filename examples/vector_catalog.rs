//! Writes a catalog of given unit vectors, for benchmarks of ranking: `vector_catalog VECTORS.f32 COUNT DIR`, of the first COUNT rows.

use std::io::Read;

use inglenook::{Dtype, Item, artifact};

const DIMENSIONS: usize = 384;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(vectors), Some(count), Some(dir)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: vector_catalog VECTORS.f32 COUNT DIR".into());
    };
    let count: usize = count.parse()?;
    let mut bytes = vec![0; count * DIMENSIONS * size_of::<f32>()];
    std::fs::File::open(vectors)?.read_exact(&mut bytes)?;
    let rows: Vec<f32> = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
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
