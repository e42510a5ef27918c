// What every kernel of a query knows. A key orders rows by score: the larger the key, the better the row; 0 is no candidate.
struct Query {
    rows: u32,
    k: u32,
    capacity: u32,
    terms: u32,
    // Per term: a constant weight, an offset taken from the dot product, and whether the row's own factor counts.
    weights: vec2<f32>,
    offsets: vec2<f32>,
    by_row: vec2<u32>,
}
@group(0) @binding(0) var<uniform> query: Query;

fn key_of(score: f32) -> u32 {
    let bits = bitcast<u32>(score);
    if (bits & 0x7f800000u) == 0x7f800000u {
        return 0u;
    }
    return select(~bits, bits | 0x80000000u, bits < 0x80000000u);
}

fn bits_of(key: u32) -> u32 {
    return select(~key, key & 0x7fffffffu, key >= 0x80000000u);
}
