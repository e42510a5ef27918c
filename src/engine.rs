//! The whole engine: a model, a catalog and the devices that do the work. What a page or a command line talks to.

use crate::catalog::Catalog;
use crate::encoder::gpu::GpuKernels;
use crate::encoder::{Backend, Clock, DeviceRequest, DeviceStatus, Encoder, Timing};
use crate::error::{Error, Result};
use crate::interaction::Interaction;
use crate::recommender::{RecommendRequest, Recommendation, Recommender};

/// An encoder and, where there is a catalog, a recommender of its items.
pub struct Engine {
    encoder: Encoder,
    recommender: Option<Recommender>,
}

/// A catalog that the CPU scans in less than this is not worth the way to the GPU and back, in milliseconds.
const SHORT_SCAN_MS: f64 = 1.0;

/// Scans of which the fastest is taken.
const SCANS: usize = 3;

impl Engine {
    /// Puts an encoder and a catalog of its vectors together.
    ///
    /// # Errors
    /// [`Error::Incompatible`] if another model made the catalog's vectors.
    pub fn new(encoder: Encoder, catalog: Option<Catalog>) -> Result<Self> {
        if let Some(catalog) = &catalog {
            catalog.require_model(encoder.manifest().space())?;
        }
        Ok(Self { encoder, recommender: catalog.map(Recommender::new) })
    }

    /// The encoder.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The recommender.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if there is no catalog.
    pub fn recommender(&self) -> Result<&Recommender> {
        self.recommender
            .as_ref()
            .ok_or_else(|| Error::invalid("catalog", "none", "an engine that was loaded with a catalog"))
    }

    /// Number of items; 0 without a catalog.
    #[must_use]
    pub fn items(&self) -> usize {
        self.recommender.as_ref().map_or(0, |r| r.catalog().len())
    }

    /// Which device does what, and why.
    #[must_use]
    pub fn status(&self) -> DeviceStatus {
        self.encoder.status()
    }

    /// Opens the GPU that `request` allows and gives each kind of work to the device that does it faster; see
    /// [`Encoder::open_gpu`], which also says what `prepared` is. Calls under way are served by the devices that were chosen before.
    pub async fn choose_devices(&self, request: impl Into<DeviceRequest>, prepared: Option<GpuKernels>, clock: Clock) {
        self.encoder.open_gpu(request, prepared, clock).await;
        if let Err(error) = self.choose_ranking(clock).await {
            self.encoder.lose_gpu(&error);
        }
    }

    async fn choose_ranking(&self, clock: Clock) -> Result<()> {
        let (Some(gpu), Some(recommender)) = (self.encoder.gpu(), &self.recommender) else { return Ok(()) };
        let status = self.encoder.status();
        if status.timings.as_ref().is_some_and(|t| t.rank.is_none()) {
            let fastest = |times: [f64; SCANS]| times.into_iter().fold(f64::INFINITY, f64::min);
            let vector = vec![1.0; recommender.catalog().model_dimensions()];
            let mut cpu = [0.0; SCANS];
            for ms in &mut cpu {
                let start = clock();
                recommender.nearest(&vector, 1)?;
                *ms = clock() - start;
            }
            let mut timing = Timing { cpu_ms: fastest(cpu), gpu_ms: None };
            if timing.cpu_ms >= SHORT_SCAN_MS && recommender.load_gpu(&gpu).await? {
                let mut on_gpu = [0.0; SCANS];
                for ms in &mut on_gpu {
                    let start = clock();
                    recommender.nearest_on_gpu(&vector, 1).await?;
                    *ms = clock() - start;
                }
                timing.gpu_ms = Some(fastest(on_gpu));
            }
            self.encoder.set_rank_timing(timing);
        } else if status.choices.rank == Backend::Gpu {
            recommender.load_gpu(&gpu).await?;
        }
        if self.encoder.choices().rank == Backend::Cpu {
            recommender.unload_gpu();
        }
        Ok(())
    }

    /// [`Recommender::recommend`] on the device that ranks. A GPU that fails is given up, and the CPU answers.
    ///
    /// # Errors
    /// As [`Recommender::recommend`], or without a catalog.
    pub async fn recommend(
        &self,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Vec<Recommendation>> {
        let recommender = self.recommender()?;
        if self.encoder.choices().rank == Backend::Gpu {
            match recommender.recommend_on_gpu(history, request, query).await {
                Err(error @ Error::Backend { .. }) => {
                    recommender.unload_gpu();
                    self.encoder.lose_gpu(&error);
                }
                answer => return answer,
            }
        }
        recommender.recommend(history, request, query)
    }
}
