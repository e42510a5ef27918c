//! Whether the GPU serves: opened, checked against the CPU, timed beside it, and given up when it is lost.

use std::rc::Rc;

use super::device::{Backend, DeviceChoice, DeviceChoices, DeviceRequest, DeviceStatus, DeviceTimings, Timing};
use super::gpu::{GpuEncoder, GpuKernels};
use super::{Encoder, Gpu};
use crate::embedding::dot;
use crate::error::{Error, Result};

/// Tells the time in milliseconds from any beginning: the core does not look at the clock by itself.
pub type Clock = fn() -> f64;

/// The two engines differ by the rounding of activations only; anything below this is a broken device.
const MIN_COSINE: f32 = 0.999;

/// `[texts, tokens]` of the runs that are timed: one short text, and a batch.
const TEXT: [usize; 2] = [1, 16];
const BATCH: [usize; 2] = [8, 32];

/// More tokens than the kernels for few take, and no more than that: an emulated GPU is slow.
const CHECKED: [usize; 2] = [5, 26];

/// Runs of which the median is taken, after one that is not counted.
const RUNS: usize = 3;

impl Encoder {
    /// Opens the GPU that `request` allows. It is trusted only after it has encoded texts to the same vectors as the CPU: a shader that
    /// fails can return stale memory without any error. With [`DeviceChoice::Auto`] both devices are timed, unless `request` brings
    /// timings, and each kind of work goes to the faster one. [`status`](Self::status) tells what came of it.
    ///
    /// `prepared` is a GPU that was opened while the weights were on their way.
    pub async fn open_gpu(&self, request: impl Into<DeviceRequest>, prepared: Option<GpuKernels>, clock: Clock) {
        let status = self.try_open_gpu(request.into(), prepared, clock).await;
        *self.status.borrow_mut() = status.unwrap_or_else(DeviceStatus::cpu);
    }

    /// What `open_gpu` came to, or the reason why the CPU serves alone.
    async fn try_open_gpu(
        &self,
        request: DeviceRequest,
        prepared: Option<GpuKernels>,
        clock: Clock,
    ) -> Result<DeviceStatus, String> {
        if request.choice == DeviceChoice::Cpu {
            return Err("the CPU was asked for".into());
        }
        let known = request.timings.filter(|t| request.adapter.as_ref().is_none_or(|name| *name == t.adapter));
        if let Some(known) = &known
            && request.choice == DeviceChoice::Auto
            && choices(known) == DeviceChoices::all(Backend::Cpu)
        {
            let reason = format!("an earlier visit measured that the CPU is faster than {}", known.adapter);
            return Ok(DeviceStatus { timings: Some(known.clone()), ..DeviceStatus::cpu(reason) });
        }
        let started = clock();
        let reason_of = |error: Error| match error {
            Error::Backend { reason } => reason,
            other => other.to_string(),
        };
        let gpu = match &prepared {
            Some(kernels) => kernels.gpu().clone(),
            None => Gpu::open(request.adapter).await.map_err(reason_of)?,
        };
        let name = gpu.name().to_owned();
        if gpu.is_software() && request.choice == DeviceChoice::Auto {
            gpu.destroy();
            return Err(format!("the only GPU is emulated in software ({name})"));
        }
        let encoder = match self.checked(&gpu, prepared).await {
            Ok(encoder) => encoder,
            Err(reason) => {
                gpu.destroy();
                return Err(format!("the GPU ({name}) failed its self-check: {reason}"));
            }
        };
        let gpu_start_ms = clock() - started;
        let mut status = DeviceStatus::cpu("");
        status.dispatches = Some(encoder.dispatches_per_encode());
        status.adapter = Some(name.clone());
        if request.choice == DeviceChoice::Gpu {
            status.choose(DeviceChoices::all(Backend::Gpu));
            status.reason = "the GPU was asked for, and it passed its self-check".into();
        } else {
            let timings = match known {
                Some(timings) => timings,
                None => self.time(&encoder, name, gpu_start_ms, clock).await.map_err(reason_of)?,
            };
            status.choose(choices(&timings));
            status.reason = reason(&timings);
            status.timings = Some(timings);
        }
        *self.gpu.borrow_mut() = Some(Rc::new(encoder));
        Ok(status)
    }

    /// The encoder on the GPU, every kernel of it having given what the CPU gives, and the model's canary what its manifest says.
    async fn checked(&self, gpu: &Gpu, prepared: Option<GpuKernels>) -> Result<GpuEncoder, String> {
        let weights = self.cpu.weights();
        let encoder = match prepared {
            Some(kernels) => GpuEncoder::with_kernels(kernels, weights).await,
            None => GpuEncoder::load(gpu, weights).await,
        };
        let encoder = encoder.map_err(|e| e.to_string())?;
        if let Some(canary) = &self.manifest.canary {
            let ids = self.tokenizer.encode(&canary.text).map_err(|e| e.to_string())?.ids;
            let found = encoder.encode(&[&ids]).await.map_err(|e| e.to_string())?;
            expect_alike(&found, &canary.embedding, "the known answer")?;
        }
        // One text takes the kernels for few tokens, a batch those for many.
        for shape in [TEXT, CHECKED] {
            let texts = self.sample(shape);
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            let found = encoder.encode(&texts).await.map_err(|e| e.to_string())?;
            let expected = self.encode_on_cpu(&texts);
            for (found, expected) in found.chunks_exact(self.dimensions()).zip(expected.chunks_exact(self.dimensions()))
            {
                expect_alike(found, expected, "the CPU's result")?;
            }
        }
        Ok(encoder)
    }

    async fn time(&self, gpu: &GpuEncoder, adapter: String, gpu_start_ms: f64, clock: Clock) -> Result<DeviceTimings> {
        let mut timings = Vec::new();
        for shape in [TEXT, BATCH] {
            let texts = self.sample(shape);
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            let (mut cpu, mut on_gpu) = (Vec::new(), Vec::new());
            for _ in 0..=RUNS {
                let start = clock();
                self.encode_on_cpu(&texts);
                let between = clock();
                gpu.encode(&texts).await?;
                cpu.push(between - start);
                on_gpu.push(clock() - between);
            }
            timings.push(Timing { cpu_ms: median(&mut cpu[1..]), gpu_ms: Some(median(&mut on_gpu[1..])) });
        }
        Ok(DeviceTimings { adapter, gpu_start_ms, text: timings[0], batch: timings[1], rank: None })
    }

    /// Texts of so many arbitrary tokens.
    fn sample(&self, [texts, tokens]: [usize; 2]) -> Vec<Vec<u32>> {
        let tokens = tokens.min(self.cpu.weights().max_tokens());
        let vocabulary = self.cpu.weights().vocabulary_size();
        #[expect(clippy::cast_possible_truncation, reason = "ids are u32")]
        let id = |i: usize| (i.wrapping_mul(7919) % vocabulary) as u32;
        (0..texts).map(|text| (0..tokens).map(|token| id(1 + text * tokens + token)).collect()).collect()
    }

    /// Goes on without the GPU.
    pub(crate) fn lose_gpu(&self, error: &Error) {
        if let Some(gpu) = self.gpu.borrow_mut().take() {
            gpu.gpu().destroy();
        }
        *self.status.borrow_mut() = DeviceStatus::cpu(format!("the GPU was given up: {error}"));
    }

    /// Adds what ranking takes to what is known of the devices.
    pub(crate) fn set_rank_timing(&self, rank: Timing) {
        let mut status = self.status.borrow_mut();
        if let Some(timings) = &mut status.timings {
            timings.rank = Some(rank);
            let (choices, reason) = (choices(timings), reason(timings));
            status.choose(choices);
            status.reason = reason;
        }
    }
}

fn expect_alike(found: &[f32], expected: &[f32], what: &str) -> Result<(), String> {
    let cosine = if found.len() == expected.len() { dot(found, expected) } else { 0.0 };
    // Written so that NaN fails.
    if cosine >= MIN_COSINE {
        Ok(())
    } else {
        Err(format!("cosine {cosine:.4} to {what}, expected at least {MIN_COSINE}"))
    }
}

/// Each kind of work goes to the faster device.
fn choices(timings: &DeviceTimings) -> DeviceChoices {
    DeviceChoices {
        text: timings.text.choose(),
        batch: timings.batch.choose(),
        rank: timings.rank.map_or(Backend::Cpu, |rank| rank.choose()),
    }
}

fn reason(timings: &DeviceTimings) -> String {
    let told = |what: &str, timing: &Timing| {
        let gpu = timing.gpu_ms.map_or("not tried on the GPU".into(), |gpu| format!("{gpu:.1} on the GPU"));
        format!("{what} takes {:.1} ms on the CPU, {gpu}", timing.cpu_ms)
    };
    let mut parts = vec![told("a short text", &timings.text), told("a batch", &timings.batch)];
    parts.extend(timings.rank.as_ref().map(|rank| told("ranking", rank)));
    format!("measured here: {}", parts.join("; "))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
