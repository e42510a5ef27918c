//! What is learned from: what a person had liked, and what they liked next.

use crate::evaluation::Event;

/// The item at one place of one user's sequence, with what comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub user: u32,
    /// At least 1.
    pub place: u32,
}

/// The sequences of a training part, and what the loss asks of them.
pub(super) struct Sequences<'a> {
    training: &'a [Vec<Event>],
    /// Each user's rows in ascending order.
    liked: Vec<Vec<u32>>,
    /// `ln` of each row's share of all targets; 0 of rows that are none.
    log_share: Vec<f32>,
    /// Of the history that goes before a target.
    longest: usize,
}

impl<'a> Sequences<'a> {
    pub fn new(training: &'a [Vec<Event>], items: usize, longest: usize) -> Self {
        let mut counts = vec![0_u32; items];
        for event in training.iter().flat_map(|sequence| sequence.iter().skip(1)) {
            counts[event.item as usize] += 1;
        }
        let total = counts.iter().map(|count| f64::from(*count)).sum::<f64>();
        let log_share = |count: &u32| if *count == 0 { 0.0 } else { (f64::from(*count) / total).ln() as f32 };
        let liked = training.iter().map(|sequence| {
            let mut rows: Vec<u32> = sequence.iter().map(|event| event.item).collect();
            rows.sort_unstable();
            rows
        });
        Self { training, liked: liked.collect(), log_share: counts.iter().map(log_share).collect(), longest }
    }

    /// Every pair, in the order of users and time.
    pub fn pairs(&self) -> Vec<Pair> {
        let of_user = |(user, sequence): (usize, &Vec<Event>)| {
            (1..sequence.len()).map(move |place| Pair { user: user as u32, place: place as u32 })
        };
        self.training.iter().enumerate().flat_map(of_user).collect()
    }

    pub fn target(&self, pair: Pair) -> u32 {
        self.training[pair.user as usize][pair.place as usize].item
    }

    /// The rows before the target, newest first.
    pub fn history(&self, pair: Pair) -> impl Iterator<Item = u32> {
        let before = &self.training[pair.user as usize][..pair.place as usize];
        before.iter().rev().take(self.longest).map(|event| event.item)
    }

    /// Whether a person likes a row, at any time: then it is no counterexample.
    pub fn likes(&self, user: u32, row: u32) -> bool {
        self.liked[user as usize].binary_search(&row).is_ok()
    }

    pub fn log_share(&self, row: u32) -> f32 {
        self.log_share[row as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_comes_with_what_was_liked_before_newest_first() {
        let sequence = |items: &[u32]| items.iter().map(|item| Event { item: *item, timestamp: 0 }).collect();
        let training: Vec<Vec<Event>> = vec![sequence(&[3, 0, 2]), sequence(&[1]), sequence(&[2, 0])];
        let sequences = Sequences::new(&training, 4, 1);
        let pairs = sequences.pairs();
        assert_eq!(pairs.iter().map(|pair| sequences.target(*pair)).collect::<Vec<_>>(), [0, 2, 0]);
        assert_eq!(sequences.history(pairs[1]).collect::<Vec<_>>(), [0], "cut at one");
        assert!(sequences.likes(0, 3) && !sequences.likes(2, 3));
        assert!((sequences.log_share(0).exp() - 2.0 / 3.0).abs() < 1e-6);
    }
}
