//! Opening artifact directories for the subcommands.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use inglenook::encoder::DeviceStatus;
use inglenook::{ArtifactFiles, Catalog, DeviceChoice, Encoder, Error, Result};

/// Loads a model directory.
pub fn encoder(dir: &Path, choice: impl Into<DeviceChoice>) -> Result<Encoder> {
    let files = read(dir, "model", "inglenook pack --source DIR --out DIR")?;
    let choice = choice.into();
    let encoder = Encoder::load(files)?;
    if choice != DeviceChoice::Cpu {
        pollster::block_on(encoder.open_gpu(choice, None, now_ms));
    }
    tell_device(choice, &encoder.status());
    Ok(encoder)
}

/// Milliseconds since the first call.
fn now_ms() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1000.0
}

/// Loads a catalog directory.
pub fn catalog(dir: &Path) -> Result<Catalog> {
    Catalog::load(&read(dir, "catalog", "inglenook build --items FILE --model DIR --out DIR")?)
}

/// Reads a directory, or says which command makes one.
fn read(dir: &Path, kind: &str, command: &str) -> Result<ArtifactFiles> {
    if dir.join("manifest.json").is_file() {
        return ArtifactFiles::read_dir(dir);
    }
    let found = if dir.is_dir() { "no manifest.json" } else { "no such directory" };
    Err(Error::InvalidInput {
        what: format!("{kind} directory {}", dir.display()),
        found: found.into(),
        expected: format!("a directory made by `{command}`"),
    })
}

/// Tells on standard error where the encoder runs and why, when anything but the CPU was asked for.
fn tell_device(choice: DeviceChoice, status: &DeviceStatus) {
    if choice != DeviceChoice::Cpu {
        eprintln!("encoding on {}: {}", status.adapter.as_deref().unwrap_or("the CPU"), status.reason);
    }
}

/// The error of a command that this build leaves out.
#[cfg(not(feature = "train"))]
pub fn without_training(command: &str) -> Error {
    Error::InvalidInput {
        what: format!("inglenook {command}"),
        found: "a build that cannot train".into(),
        expected: "one made by `cargo build --release --features train`".into(),
    }
}
