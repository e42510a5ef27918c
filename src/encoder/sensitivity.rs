//! What each matrix of a model loses when it alone is quantized: where bits are worth their bytes.

use safetensors::SafeTensors;

use super::weights::corrupt;
use super::{Encoder, ModelSource, QuantizationPlan, pack_model};
use crate::artifact::ArtifactFiles;
use crate::embedding::dot;
use crate::error::Result;
use crate::quantization::WeightDtype;

/// One matrix, quantized alone.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Sensitivity {
    /// The tensor's name.
    pub matrix: String,
    /// Numbers in it.
    pub parameters: usize,
    /// 1 - cosine to the f32 model's vectors, over all texts.
    pub loss: f64,
}

/// Quantizes one matrix after another to `dtype`, the others staying f32, and compares the vectors of `texts`. `on_matrix` is told how many
/// of how many are done. Most sensitive first.
///
/// # Errors
/// As [`pack_model`] and [`Encoder::encode`].
pub async fn sensitivities(
    source: &ModelSource,
    dtype: WeightDtype,
    texts: &[String],
    mut on_matrix: impl FnMut(usize, usize),
) -> Result<Vec<Sensitivity>> {
    let file = SafeTensors::deserialize(&source.weights).map_err(|e| corrupt(e.to_string()))?;
    let matrices: Vec<(String, usize)> = file
        .iter()
        .filter(|(name, tensor)| tensor.shape().len() == 2 && !name.contains("pooler."))
        .map(|(name, tensor)| (name.to_owned(), tensor.shape().iter().product()))
        .collect();
    let expected = encode(&pack_model(source.clone(), WeightDtype::F32).await?, texts).await?;
    let mut found = Vec::with_capacity(matrices.len());
    for (done, (matrix, parameters)) in matrices.iter().enumerate() {
        on_matrix(done, matrices.len());
        let plan = QuantizationPlan { exceptions: vec![(matrix.clone(), dtype)], ..WeightDtype::F32.into() };
        let loss = loss_alone(source, plan, texts, &expected).await?;
        found.push(Sensitivity { matrix: matrix.clone(), parameters: *parameters, loss });
    }
    on_matrix(matrices.len(), matrices.len());
    found.sort_by(|a, b| b.loss.total_cmp(&a.loss).then_with(|| a.matrix.cmp(&b.matrix)));
    Ok(found)
}

/// 1 - cosine, over all texts, between the vectors of the model as `plan` stores it and those that are expected.
pub(super) async fn loss_alone(
    source: &ModelSource,
    plan: QuantizationPlan,
    texts: &[String],
    expected: &[f32],
) -> Result<f64> {
    let vectors = encode(&pack_model(source.clone(), plan).await?, texts).await?;
    let dimensions = vectors.len() / texts.len().max(1);
    let cosines =
        vectors.chunks_exact(dimensions).zip(expected.chunks_exact(dimensions)).map(|(a, b)| f64::from(dot(a, b)));
    #[expect(clippy::cast_precision_loss, reason = "a count of texts")]
    let mean = cosines.sum::<f64>() / texts.len() as f64;
    Ok(1.0 - mean)
}

/// Unit vectors of the texts by a model.
pub(super) async fn encode(files: &ArtifactFiles, texts: &[String]) -> Result<Vec<f32>> {
    Encoder::load(files.clone())?.encode(texts).await
}
