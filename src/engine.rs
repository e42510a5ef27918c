//! The whole engine: a model, a catalog and the devices that do the work. What a page or a command line talks to.

use std::cell::RefCell;
use std::rc::Rc;

use crate::catalog::{Catalog, Edition};
use crate::encoder::gpu::GpuKernels;
use crate::encoder::{Backend, Clock, DeviceRequest, DeviceStatus, Encoder, Timing};
use crate::error::{Error, Result};
use crate::interaction::Interaction;
use crate::recommender::{RecommendRequest, Recommendation, Recommender};

/// An encoder and, where there is a catalog, a recommender of its items.
pub struct Engine {
    encoder: Encoder,
    /// Of the catalog as it was loaded.
    loaded: RefCell<Option<Rc<Recommender>>>,
    /// What this browser adds to it and takes out of it.
    edition: RefCell<Edition>,
    /// Of the catalog with the edition: what serves.
    recommender: RefCell<Option<Rc<Recommender>>>,
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
        let loaded = catalog.map(|catalog| Rc::new(Recommender::new(catalog)));
        let edition = Edition::new(encoder.manifest().space(), encoder.dimensions());
        let recommender = RefCell::new(loaded.clone());
        Ok(Self { encoder, loaded: RefCell::new(loaded), edition: RefCell::new(edition), recommender })
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
    pub fn recommender(&self) -> Result<Rc<Recommender>> {
        let recommender = self.recommender.borrow().clone();
        recommender.ok_or_else(|| Error::invalid("catalog", "none", "a catalog, or items that were added"))
    }

    /// Puts another version of the catalog in the place of the present one; added items stay, removed ones stay away. Requests under way
    /// go on with the catalog that they began with.
    ///
    /// # Errors
    /// [`Error::Incompatible`] if another model made its vectors; nothing changes then.
    pub async fn replace_catalog(&self, catalog: Catalog) -> Result<()> {
        catalog.require_model(self.encoder.manifest().space())?;
        let (loaded, edition) = (Rc::new(Recommender::new(catalog)), self.edition.borrow().clone());
        let recommender = edited(Some(&loaded), &edition)?;
        *self.loaded.borrow_mut() = Some(loaded);
        self.serve(recommender).await;
        Ok(())
    }

    /// Puts another set of changes to the catalog in the place of the present one.
    ///
    /// # Errors
    /// As [`Edition::apply`]; nothing changes then.
    pub async fn set_edition(&self, edition: Edition) -> Result<()> {
        let recommender = edited(self.loaded.borrow().as_ref(), &edition)?;
        *self.edition.borrow_mut() = edition;
        self.serve(recommender).await;
        Ok(())
    }

    /// No changes, for vectors of this engine's model.
    #[must_use]
    pub fn new_edition(&self) -> Edition {
        Edition::new(self.encoder.manifest().space(), self.encoder.dimensions())
    }

    async fn serve(&self, recommender: Option<Rc<Recommender>>) {
        self.recommender.borrow_mut().clone_from(&recommender);
        if let (Some(gpu), Some(recommender), Backend::Gpu) =
            (self.encoder.gpu(), recommender, self.encoder.choices().rank)
            && let Err(error) = recommender.load_gpu(&gpu).await
        {
            self.encoder.lose_gpu(&error);
        }
    }

    /// Checks that there is an item of this id.
    ///
    /// # Errors
    /// [`Error::UnknownItem`].
    pub fn require_item(&self, id: &str) -> Result<()> {
        match self.recommender() {
            Ok(recommender) => recommender.catalog().require_row(id).map(|_| ()),
            Err(_) => Err(Error::UnknownItem { id: id.to_owned(), count: 0 }),
        }
    }

    /// Number of items; 0 without a catalog.
    #[must_use]
    pub fn items(&self) -> usize {
        self.recommender.borrow().as_ref().map_or(0, |r| r.catalog().len())
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
        let recommender = self.recommender.borrow().clone();
        let (Some(gpu), Some(recommender)) = (self.encoder.gpu(), recommender) else { return Ok(()) };
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

    /// [`Recommender::recommend`] on the device that ranks. A GPU that fails is given up, and the CPU answers. Where there are no items, none are
    /// recommended.
    ///
    /// # Errors
    /// As [`Recommender::recommend`].
    pub async fn recommend(
        &self,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Vec<Recommendation>> {
        let Ok(recommender) = self.recommender() else { return Ok(Vec::new()) };
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

/// The recommender of a catalog with its changes; the catalog's own where there are none.
fn edited(loaded: Option<&Rc<Recommender>>, edition: &Edition) -> Result<Option<Rc<Recommender>>> {
    if edition.is_empty() {
        return Ok(loaded.cloned());
    }
    let catalog = edition.apply(loaded.map(|loaded| loaded.catalog()))?;
    Ok(catalog.map(|catalog| Rc::new(Recommender::new(catalog))))
}
