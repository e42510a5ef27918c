//! What enters the linear layers of a model: second moments, by which their weights can be rounded.

use std::collections::BTreeMap;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, get_global_parallelism};

use super::cpu::{CpuEncoder, Scratch, Site};
use super::{Encoder, ModelSource, pack_model};
use crate::error::{Error, Result};
use crate::quantization::WeightDtype;

/// Of each matrix, the sum of `x x^T` over the rows `x` that some texts made it multiply, each text of weight 1: its vector is the mean of its tokens', so that
/// what is lost in one of a few tokens weighs more than in one of many.
#[derive(Debug, Clone)]
pub struct InputMoments(BTreeMap<(usize, Site), Mat<f32>>);

/// Rows that are gathered before they are multiplied.
const ROWS_AT_ONCE: usize = 1024;

/// Rows of one site that are not in its moments yet.
struct Gathered {
    moments: Mat<f32>,
    rows: Vec<f32>,
    /// Rows of the present group of texts that have come.
    at: usize,
}

impl InputMoments {
    /// Runs texts through a model. A few hundred texts are enough.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] without texts; else as [`pack_model`].
    pub async fn measure(source: &ModelSource, texts: &[String]) -> Result<Self> {
        if texts.is_empty() {
            return Err(Error::invalid("texts to calibrate on", 0, "at least one"));
        }
        let encoder = Encoder::load(pack_model(source.clone(), WeightDtype::F32).await?)?;
        let mut sites: BTreeMap<(usize, Site), Gathered> = BTreeMap::new();
        let mut scratch = Scratch::default();
        let ids = texts.iter().map(|text| Ok(encoder.tokenizer.encode(text)?.ids)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        for group in CpuEncoder::groups(&ids) {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred tokens")]
            let token_weights: Vec<f32> =
                group.iter().flat_map(|text| text.iter().map(|_| 1.0 / text.len() as f32)).collect();
            encoder.cpu.watched(group, &mut scratch, |layer, site, rows| {
                let weights = encoder.cpu.weights();
                let columns =
                    if site == Site::Contract { weights.layers[layer].contract.weight.columns } else { weights.hidden };
                let gathered = sites.entry((layer, site)).or_insert_with(|| Gathered::new(columns));
                gathered.gather(rows, &token_weights);
                gathered.settle(ROWS_AT_ONCE);
            });
        }
        let settled = sites.into_iter().map(|(key, mut gathered)| {
            gathered.settle(1);
            (key, gathered.moments)
        });
        Ok(Self(settled.collect()))
    }

    /// Those of a matrix, by its name in the model file; `None` for what is no weight of a linear layer.
    pub(super) fn of(&self, name: &str) -> Option<MatRef<'_, f32>> {
        let (_, place) = name.split_once("encoder.layer.")?;
        let (layer, matrix) = place.split_once('.')?;
        let site = match matrix {
            "attention.self.query.weight" | "attention.self.key.weight" | "attention.self.value.weight" => {
                Site::Attention
            }
            "attention.output.dense.weight" => Site::Context,
            "intermediate.dense.weight" => Site::Expand,
            "output.dense.weight" => Site::Contract,
            _ => return None,
        };
        self.0.get(&(layer.parse().ok()?, site)).map(Mat::as_ref)
    }
}

impl Gathered {
    fn new(columns: usize) -> Self {
        Self { moments: Mat::zeros(columns, columns), rows: Vec::new(), at: 0 }
    }

    /// Some more rows of a group of texts whose tokens have these weights; they come in order, if not all at once.
    fn gather(&mut self, rows: &[f32], weights: &[f32]) {
        for row in rows.chunks_exact(self.moments.ncols()) {
            let factor = weights[self.at].sqrt();
            self.rows.extend(row.iter().map(|x| x * factor));
            self.at = (self.at + 1) % weights.len();
        }
    }

    /// Moves the rows into the moments, if there are that many.
    fn settle(&mut self, least: usize) {
        let columns = self.moments.ncols();
        let count = self.rows.len() / columns;
        if count < least {
            return;
        }
        let rows = MatRef::from_row_major_slice(&self.rows, count, columns);
        matmul(self.moments.as_mut(), Accum::Add, rows.transpose(), rows, 1.0, get_global_parallelism());
        self.rows.clear();
    }
}
