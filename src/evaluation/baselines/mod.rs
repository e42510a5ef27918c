//! The systems that the product is measured against, one method a file. Together they show what each source of evidence is worth.

mod als;
mod content_mean;
mod content_nearest;
mod ease;
mod ease_text;
mod item_knn;
mod popularity;
mod random;
mod rating_model;
mod spectrum;
mod tf_idf;

use super::protocol::Protocol;
use super::system::Method;
use content_mean::ContentMean;
use content_nearest::ContentNearest;
use tf_idf::{TfIdfMean, TfIdfNearest};

pub(super) use popularity::counts as popularity_counts;
pub(super) use rating_model::RatingModel;

/// The names that reports use; also the order of their rows.
pub(super) fn baselines(protocol: Protocol, has_ratings: bool) -> Vec<Box<dyn Method>> {
    let mut methods: Vec<Box<dyn Method>> =
        vec![Box::new(random::Random), Box::new(popularity::Popularity), Box::new(popularity::RecentPopularity)];
    // What nobody has touched has no neighbors, no column and no factors.
    if matches!(protocol, Protocol::ColdItems | Protocol::ColdItemsAll) {
        methods.push(Box::new(ease_text::EaseText));
    } else {
        methods.push(Box::new(item_knn::ItemKnn { is_recent: false }));
        methods.push(Box::new(item_knn::ItemKnn { is_recent: true }));
        methods.push(Box::new(ease::Ease { is_recent: false }));
        methods.push(Box::new(ease::Ease { is_recent: true }));
        methods.push(Box::new(als::Als));
    }
    if has_ratings {
        methods.push(Box::new(rating_model::RatingMethod));
    }
    methods.push(Box::new(ContentMean { name: "content-mean", is_centered: false, is_recent: false }));
    methods.push(Box::new(ContentMean { name: "content-centered", is_centered: true, is_recent: false }));
    methods.push(Box::new(ContentMean { name: "content-recent", is_centered: true, is_recent: true }));
    methods.push(Box::new(ContentNearest { name: "content-max", is_centered: false, is_tuned: false }));
    methods.push(Box::new(ContentNearest { name: "content-nearest", is_centered: true, is_tuned: true }));
    methods.push(Box::new(TfIdfMean { name: "tf-idf", is_recent: false }));
    methods.push(Box::new(TfIdfMean { name: "tf-idf-recent", is_recent: true }));
    methods.push(Box::new(TfIdfNearest));
    methods
}

#[cfg(test)]
mod tests;
