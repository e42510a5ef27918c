//! `AdamW` (Loshchilov and Hutter, 2019).

const MEAN_DECAY: f32 = 0.9;
const SQUARE_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The running moments of a list of parameters.
pub(super) struct AdamW {
    learning_rate: f32,
    weight_decay: f32,
    step: i32,
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl AdamW {
    pub fn new(parameters: usize, learning_rate: f32, weight_decay: f32) -> Self {
        Self { learning_rate, weight_decay, step: 0, mean: vec![0.0; parameters], square: vec![0.0; parameters] }
    }

    /// One step along a gradient.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.step = self.step.saturating_add(1);
        let of_mean = 1.0 - MEAN_DECAY.powi(self.step);
        let of_square = 1.0 - SQUARE_DECAY.powi(self.step);
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, g), (mean, square)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *mean = MEAN_DECAY * *mean + (1.0 - MEAN_DECAY) * g;
            *square = SQUARE_DECAY * *square + (1.0 - SQUARE_DECAY) * g * g;
            let direction = (*mean / of_mean) / ((*square / of_square).sqrt() + EPSILON);
            *parameter -= self.learning_rate * (direction + self.weight_decay * *parameter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_length_of_the_learning_rate_and_decay_pulls_to_zero() {
        let mut parameters = [1.0, -1.0, 0.5];
        AdamW::new(3, 0.1, 0.0).step(&mut parameters, &[4.0, -0.01, 0.0]);
        assert!(parameters.iter().zip([0.9, -0.9, 0.5]).all(|(x, y)| (x - y).abs() < 1e-4), "{parameters:?}");
        AdamW::new(3, 0.1, 1.0).step(&mut parameters, &[0.0; 3]);
        assert!((parameters[2] - 0.45).abs() < 1e-6);
    }

    #[test]
    fn it_finds_the_bottom_of_a_bowl() {
        let mut parameters = [3.0];
        let mut optimizer = AdamW::new(1, 0.05, 0.0);
        for _ in 0..500 {
            let gradient = [2.0 * (parameters[0] - 1.0)];
            optimizer.step(&mut parameters, &gradient);
        }
        assert!((parameters[0] - 1.0).abs() < 0.02, "{parameters:?}");
    }
}
