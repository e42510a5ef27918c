//! `inglenook sensitivity`: what each matrix of a model loses when it alone is quantized.

use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::ProgressBar;
use inglenook::Result;
use inglenook::encoder::sensitivities;
use inglenook::quantization::WeightDtype;

use crate::output;
use crate::pack::{dtype, lines, source};

#[derive(clap::Args)]
pub struct Args {
    /// Directory with config.json, tokenizer.json and model.safetensors (f32)
    #[arg(long, value_name = "DIR")]
    source: PathBuf,
    /// Texts to compare the vectors of, one a line; a few hundred are enough
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// What each matrix is quantized to: int4 or int8
    #[arg(long, default_value = "int4", value_parser = dtype)]
    dtype: WeightDtype,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let texts = lines(&args.texts)?;
    let bar = ProgressBar::new(0);
    let found = pollster::block_on(sensitivities(&source(&args.source)?, args.dtype, &texts, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }))?;
    bar.finish_and_clear();
    if args.json {
        return output::json(&found);
    }
    let mut table = Table::new();
    let loss = format!("1 - cosine, alone in {}", args.dtype.name());
    table.load_style(presets::ASCII_MARKDOWN).set_header(["matrix", "parameters", loss.as_str()]);
    for matrix in &found {
        table.add_row([matrix.matrix.clone(), matrix.parameters.to_string(), format!("{:.6}", matrix.loss)]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    output::line(table)
}
