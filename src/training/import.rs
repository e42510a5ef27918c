//! Students in the layout of the `PyTorch` reference: a `config.json` of six numbers, query, key and value in one matrix, f16.

use std::path::Path;

use serde::Deserialize;

use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::error::{Error, Result};

/// `config.json` of the reference.
#[derive(Deserialize)]
struct ReferenceConfig {
    vocab: usize,
    emb: usize,
    hidden: usize,
    ffn: usize,
    layers: usize,
    heads: usize,
    pos: usize,
    /// Width of a projection of the output; 0 for none.
    out: usize,
}

/// Which weights of a reference directory to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReferenceWeights {
    /// Those before quantization-aware training.
    #[default]
    Plain,
    /// Those after it, which are at their best once quantized to int4.
    Int4Masters,
}

/// Reads `config.json`, `weights*.safetensors` and `embedding*.safetensors` of a reference student.
///
/// # Errors
/// [`Error::Io`] for what cannot be read, [`Error::Corrupt`] naming what does not fit, [`Error::Incompatible`] for a student whose
/// output is projected.
pub fn read_reference(dir: &Path, weights: ReferenceWeights) -> Result<(StudentShape, Tensors)> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).map_err(|e| Error::io(&path, e))
    };
    let config: ReferenceConfig =
        serde_json::from_slice(&read("config.json")?).map_err(|e| Error::corrupt("config.json", e.to_string()))?;
    if config.out != 0 {
        return Err(Error::incompatible("out in config.json", config.out, "0, a student without output projection"));
    }
    let shape = StudentShape {
        vocabulary: config.vocab,
        embedding_size: config.emb,
        hidden: config.hidden,
        inner: config.ffn,
        layers: config.layers,
        heads: config.heads,
        positions: config.pos,
        epsilon: 1e-12,
    };
    let variant = match weights {
        ReferenceWeights::Plain => "",
        ReferenceWeights::Int4Masters => ".int4-masters",
    };
    let body = Tensors::parse(&read(&format!("weights{variant}.safetensors"))?)?;
    let table = Tensors::parse(&read(&format!("embedding{variant}.safetensors"))?)?;
    Ok((shape.clone(), rename(&shape, &body, &table)?))
}

fn rename(shape: &StudentShape, body: &Tensors, table: &Tensors) -> Result<Tensors> {
    let (hidden, inner) = (shape.hidden, shape.inner);
    let mut tensors = Tensors::default();
    let mut copy = |from: &Tensors, old: &str, new: &str, shape: &[usize]| -> Result<()> {
        tensors.insert(new, shape, from.get(old, shape)?.to_vec());
        Ok(())
    };
    copy(table, "emb", "embeddings.word_embeddings.weight", &[shape.vocabulary, shape.embedding_size])?;
    if shape.is_factorized() {
        copy(body, "proj.weight", "embeddings.projection.weight", &[hidden, shape.embedding_size])?;
    }
    copy(body, "pos", "embeddings.position_embeddings.weight", &[shape.positions, hidden])?;
    for part in ["weight", "bias"] {
        copy(body, &format!("n0.{part}"), &format!("embeddings.LayerNorm.{part}"), &[hidden])?;
    }
    for index in 0..shape.layers {
        let norms = [("n1", "attention.output.LayerNorm"), ("n2", "output.LayerNorm")];
        let linears = [
            ("o", "attention.output.dense", [hidden, hidden]),
            ("f1", "intermediate.dense", [inner, hidden]),
            ("f2", "output.dense", [hidden, inner]),
        ];
        let old = |name: &str, part: &str| format!("layers.{index}.{name}.{part}");
        let new = |name: &str, part: &str| format!("encoder.layer.{index}.{name}.{part}");
        for (from, to) in norms {
            for part in ["weight", "bias"] {
                copy(body, &old(from, part), &new(to, part), &[hidden])?;
            }
        }
        for (from, to, shape) in linears {
            copy(body, &old(from, "weight"), &new(to, "weight"), &shape)?;
            copy(body, &old(from, "bias"), &new(to, "bias"), &shape[..1])?;
        }
    }
    for index in 0..shape.layers {
        let old = |part: &str| format!("layers.{index}.qkv.{part}");
        let weight = body.get(&old("weight"), &[3 * hidden, hidden])?;
        let bias = body.get(&old("bias"), &[3 * hidden])?;
        let parts = weight.chunks_exact(hidden * hidden).zip(bias.chunks_exact(hidden));
        for (name, (weight, bias)) in ["query", "key", "value"].into_iter().zip(parts) {
            let new = |part: &str| format!("encoder.layer.{index}.attention.self.{name}.{part}");
            tensors.insert(new("weight"), &[hidden, hidden], weight.to_vec());
            tensors.insert(new("bias"), &[hidden], bias.to_vec());
        }
    }
    tensors.insert("embeddings.token_type_embeddings.weight", &[1, hidden], vec![0.0; hidden]);
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use burn::prelude::Device;

    use super::*;
    use crate::training::Student;

    #[test]
    fn query_key_and_value_come_apart() {
        let shape = StudentShape {
            vocabulary: 5,
            embedding_size: 2,
            hidden: 4,
            inner: 3,
            layers: 1,
            heads: 2,
            positions: 6,
            epsilon: 1e-12,
        };
        let (mut body, mut table) = (Tensors::default(), Tensors::default());
        let mut next = 0.0;
        let mut insert = |tensors: &mut Tensors, name: &str, shape: &[usize]| {
            let values = (0..shape.iter().product::<usize>()).map(|_| {
                next += 1.0;
                next
            });
            tensors.insert(name, shape, values.collect());
        };
        insert(&mut table, "emb", &[5, 2]);
        insert(&mut body, "proj.weight", &[4, 2]);
        insert(&mut body, "pos", &[6, 4]);
        insert(&mut body, "layers.0.qkv.weight", &[12, 4]);
        insert(&mut body, "layers.0.qkv.bias", &[12]);
        for (name, out, input) in [("o", 4, 4), ("f1", 3, 4), ("f2", 4, 3)] {
            insert(&mut body, &format!("layers.0.{name}.weight"), &[out, input]);
            insert(&mut body, &format!("layers.0.{name}.bias"), &[out]);
        }
        for name in ["n0", "layers.0.n1", "layers.0.n2"] {
            insert(&mut body, &format!("{name}.weight"), &[4]);
            insert(&mut body, &format!("{name}.bias"), &[4]);
        }
        let renamed = rename(&shape, &body, &table).unwrap();
        let whole = body.get("layers.0.qkv.weight", &[12, 4]).unwrap();
        for (part, name) in ["query", "key", "value"].into_iter().enumerate() {
            let weight = renamed.get(&format!("encoder.layer.0.attention.self.{name}.weight"), &[4, 4]).unwrap();
            assert_eq!(weight, &whole[part * 16..(part + 1) * 16]);
        }
        Student::load(&shape, &renamed, &Device::flex()).unwrap();
    }
}
