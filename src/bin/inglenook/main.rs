//! `inglenook`: builds catalogs and models for the browser, and runs the same recommender natively.

// Mistakes of the person at the terminal are errors with a code, not panics; printing goes through `output`.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::dbg_macro, clippy::todo)]

mod build;
mod compare;
mod distill;
mod embeddings;
mod encode;
mod evaluate;
mod finetune;
mod import_student;
mod inspect;
mod load;
mod output;
mod pack;
mod recommend;
mod sensitivity;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use inglenook::DeviceChoice;

/// Private recommendations, computed in the reader's own browser.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turn a list of items into a catalog directory for the browser
    Build(build::Args),
    /// Turn a list of items and what people did with them into a catalog directory with learned parts
    Train(train::Args),
    /// Recommend from a catalog, for likes and dislikes, a request in words, both, or neither
    Recommend(recommend::Args),
    /// Encode lines of text from standard input, one JSON array of numbers a line
    Encode(encode::Args),
    /// Show what a catalog or model directory holds, and check it
    Inspect(inspect::Args),
    /// Fine-tune the model's vectors to what people did, as a small adapter for `inglenook build`
    Finetune(finetune::Args),
    /// Measure lists on interactions or queries that were held out, beside baselines
    Evaluate(Box<evaluate::Args>),
    /// Pack a Hugging Face sentence encoder (BERT family) as a model directory, with int8 or int4 weights
    Pack(pack::Args),
    /// Show what each matrix of a model loses when it alone is quantized
    Sensitivity(sensitivity::Args),
    /// Compare a student's vectors with its teacher's
    Compare(compare::Args),
    /// Train a small encoder to give a large one's vectors (in a build with the feature `train`)
    Distill(Box<distill::Args>),
    #[command(hide = true)]
    ImportStudent(import_student::Args),
}

/// Where the encoder runs.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Device {
    /// A real GPU if there is one, else the CPU
    Auto,
    /// The CPU: the same vectors on every machine
    #[default]
    Cpu,
    /// The GPU, by Vulkan
    Gpu,
}

impl From<Device> for DeviceChoice {
    fn from(device: Device) -> Self {
        match device {
            Device::Auto => Self::Auto,
            Device::Cpu => Self::Cpu,
            Device::Gpu => Self::Gpu,
        }
    }
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Build(args) => build::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Recommend(args) => recommend::run(&args),
        Command::Encode(args) => encode::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Finetune(args) => finetune::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Pack(args) => pack::run(args),
        Command::Sensitivity(args) => sensitivity::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Distill(args) => distill::run(*args),
        Command::ImportStudent(args) => import_student::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closed the pipe early (`| head`) got what it wanted.
        Err(inglenook::Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error [{}]: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}
