//! Inglenook: private recommendations, computed in the reader's own browser.
//!
//! Data flows one way: text -> tokens -> embedding -> profile -> candidates -> ranking -> explanation.
//!
//! - [`Encoder`] turns text into unit vectors: [`tokenizer`], then a BERT-family model in burn on the CPU or the GPU.
//! - [`Catalog`] holds a site's items with their [`EmbeddingTable`]; [`artifact`] is how it travels.
//! - [`Adapter`] changes an encoder's vectors as a site's interactions taught.
//! - [`UserProfile`] is what a history of [`Interaction`]s says about a person's taste.
//! - [`Recommender`] retrieves candidates ([`retrieval`]), ranks them ([`ranking`]) and explains every score.
//! - [`LexicalIndex`] finds words in texts; `evaluation` (native only) measures lists on what people did later.
//!
//! The library takes bytes and returns values: it does not fetch, print or look at the clock. The command line and the
//! wasm module are thin layers over it.
//!
//! # Example
//! ```
//! use inglenook::{Catalog, Dtype, Interaction, InteractionKind, Item, RecommendRequest, Recommender, artifact};
//!
//! let item = |id: &str, title: &str| Item {
//!     id: id.into(), title: title.into(), text: title.into(), url: None, image: None, tags: vec![], popularity: 0.0,
//! };
//! let items = [item("a", "Alien"), item("b", "Aliens"), item("c", "Cabaret")];
//! let vectors = [1.0, 0.0, 0.9, 0.1, 0.0, 1.0]; // from `Encoder::encode`, two dimensions here
//! let files = artifact::catalog_to_files("my-model", &items, &vectors, 2, Dtype::Int8)?;
//! let recommender = Recommender::new(Catalog::load(&files)?);
//!
//! let history = [Interaction { item_id: "a".into(), kind: InteractionKind::Like, timestamp_ms: 0 }];
//! let list = recommender.recommend(&history, &RecommendRequest { k: 1, ..Default::default() }, None)?;
//! assert_eq!(list[0].title, "Aliens");
//! assert_eq!(list[0].because[0].title, "Alien");
//! # Ok::<(), inglenook::Error>(())
//! ```

// The library returns errors: it neither panics on input nor talks to the terminal.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::dbg_macro, clippy::todo)]

pub mod adapter;
pub mod artifact;
pub mod catalog;
pub mod embedding;
pub mod encoder;
pub mod engine;
pub mod error;
#[cfg(not(target_arch = "wasm32"))]
pub mod evaluation;
#[cfg(not(target_arch = "wasm32"))]
pub mod fidelity;
pub mod gpu;
pub mod interaction;
mod kernels;
pub mod learned;
#[cfg(not(target_arch = "wasm32"))]
pub mod learning;
pub mod lexical;
pub mod occasion;
#[cfg(not(target_arch = "wasm32"))]
pub mod principal_axes;
pub mod profile;
pub mod quantization;
pub mod ranking;
pub mod recommender;
pub mod retrieval;
pub mod tokenizer;
#[cfg(all(feature = "train", not(target_arch = "wasm32")))]
pub mod training;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use adapter::Adapter;
pub use artifact::ArtifactFiles;
pub use catalog::{Catalog, Item, TagFilter};
pub use embedding::{Dtype, EmbeddingTable};
pub use encoder::{DeviceChoice, Encoder};
pub use engine::Engine;
pub use error::{Error, Result};
pub use interaction::{Interaction, InteractionKind};
pub use lexical::LexicalIndex;
pub use occasion::Occasion;
pub use profile::UserProfile;
pub use ranking::{RankingWeights, Reason, ScoreParts};
pub use recommender::{RecommendRequest, Recommendation, Recommender};
