//! The catalog of a site that knows a training part, and its events as a page records them.

use super::{Parts, exposure, learn};
use crate::artifact;
use crate::catalog::Catalog;
use crate::embedding::Dtype;
use crate::error::Result;
use crate::evaluation::{Corpus, Event};
use crate::interaction::{Interaction, InteractionKind};
use crate::learned::{Blend, Learned};

/// A catalog as a page loads it (int8), with the parts that a training part taught and a blend.
///
/// # Errors
/// As [`learn`].
pub fn site_catalog(corpus: &Corpus, training: &[Vec<Event>], parts: Parts, blend: Blend) -> Result<Catalog> {
    let learned = Learned { blend, ..learn(corpus, training, parts)? };
    let catalog = catalog_with(corpus, learned.clone())?;
    let exposure = exposure(&catalog, training)?;
    catalog.with_learned(Learned { exposure, ..learned })
}

/// A catalog as a page loads it (int8), with learned parts.
///
/// # Errors
/// As [`Catalog::with_learned`].
pub(super) fn catalog_with(corpus: &Corpus, learned: Learned) -> Result<Catalog> {
    let space = corpus.space(false);
    let files =
        artifact::catalog_to_files(corpus.model(), corpus.items(), space.rows(), space.dimensions, Dtype::Int8)?;
    Catalog::load(&files)?.with_learned(learned)
}

/// A positive event as a page records it: a like.
#[must_use]
pub fn like(catalog: &Catalog, event: &Event) -> Interaction {
    Interaction {
        item_id: catalog.item(event.item as usize).id.to_owned(),
        kind: InteractionKind::Like,
        timestamp_ms: event.timestamp.saturating_mul(1000),
    }
}
