// What every kernel of the encoder knows about the texts at hand.
struct Batch {
    tokens: u32,
    texts: u32,
    // Rows of the residual stream are summarized in blocks of this many columns (norm.wgsl).
    block_width: u32,
    blocks: u32,
    // Where the list of texts and the list of attention's query blocks begin in `words`.
    texts_at: u32,
    queries_at: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;
