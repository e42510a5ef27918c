//! Random order: what a list is worth by chance.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::system::{Fitted, Method, Setting, System};

pub(super) struct Random;

/// Every case has an order of its own, which follows from what is known of it.
const SEED: u64 = 20_161_123;

impl Method for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn fit<'a>(&'a self, _corpus: &'a Corpus, _fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Self))
    }
}

impl Fitted for Random {
    fn system(&self, _setting: &Setting) -> Result<Box<dyn System + '_>> {
        Ok(Box::new(|known: &Known, scores: &mut [f32]| {
            let rows = known.history.iter().map(|event| event.item).chain(known.excluded.iter().copied());
            let seed = rows.fold(SEED ^ known.now as u64, |seed, row| {
                (seed ^ u64::from(row)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
            });
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            scores.fill_with(|| random.random());
        }))
    }
}
