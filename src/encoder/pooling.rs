//! Token vectors -> one unit vector a text.

use burn::prelude::*;

use super::config::Pooling;

/// Pools `[batch, seq, hidden]` to unit vectors `[batch, hidden]`. `mask` is `[batch, seq]`, 1 for tokens and 0 for padding;
/// `None` means that there is no padding.
pub(super) fn pool(hidden: Tensor<3>, mask: Option<Tensor<2>>, pooling: Pooling) -> Tensor<2> {
    let [batch, seq, width] = hidden.dims();
    let pooled = match (pooling, mask) {
        (Pooling::Cls, _) => hidden.slice([0..batch, 0..1, 0..width]),
        (Pooling::Mean, None) => hidden.mean_dim(1),
        (Pooling::Mean, Some(mask)) => {
            let mask = mask.reshape([batch, seq, 1]);
            (hidden * mask.clone()).sum_dim(1) / mask.sum_dim(1)
        }
    };
    let pooled = pooled.reshape([batch, width]);
    let norm = (pooled.clone() * pooled.clone()).sum_dim(1).sqrt();
    pooled / norm.clamp_min(1e-12)
}
