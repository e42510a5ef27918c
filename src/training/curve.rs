//! The loss curve: a CSV file that grows with the run, and its picture.

use std::path::{Path, PathBuf};

use plotters::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One reading of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Steps taken.
    pub step: usize,
    /// Texts read so far.
    pub texts: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Rate of the next step.
    pub learning_rate: f64,
    /// Mean loss since the reading before, like the following.
    pub loss: f32,
    /// Mean cosine to the teacher.
    pub cosine: f32,
    /// Divergence of the similarities, nats.
    pub divergence: f32,
    /// Relative squared error of the tokens' vectors.
    pub token_error: f32,
}

/// The curve of a run, in memory and as `NAME.csv`.
#[derive(Debug)]
pub struct Curve {
    path: PathBuf,
    points: Vec<CurvePoint>,
}

impl Curve {
    /// Starts the curve of a run that has taken `step` steps: what the file at `path` knows of later ones is forgotten.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Corrupt`] if the file is there but cannot be read.
    pub fn open(path: &Path, step: usize) -> Result<Self> {
        let mut points = Vec::new();
        if step > 0 && path.exists() {
            let mut reader = csv::Reader::from_path(path).map_err(|e| corrupt(path, &e))?;
            points = reader.deserialize().collect::<csv::Result<Vec<CurvePoint>>>().map_err(|e| corrupt(path, &e))?;
            points.retain(|point| point.step <= step);
        }
        Ok(Self { path: path.to_owned(), points })
    }

    /// Adds a point and writes the file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn push(&mut self, point: CurvePoint) -> Result<()> {
        self.points.push(point);
        let mut writer = csv::Writer::from_writer(Vec::new());
        for point in &self.points {
            writer.serialize(point).map_err(|e| corrupt(&self.path, &e))?;
        }
        let bytes = writer.into_inner().map_err(|e| Error::corrupt(self.path.display().to_string(), e.to_string()))?;
        std::fs::write(&self.path, bytes).map_err(|e| Error::io(&self.path, e))
    }

    /// The points so far.
    #[must_use]
    pub fn points(&self) -> &[CurvePoint] {
        &self.points
    }

    /// Draws loss and cosine over the steps as an SVG picture, once there are two points.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn draw(&self, path: &Path) -> Result<()> {
        let [first, .., last] = self.points.as_slice() else { return Ok(()) };
        let mut svg = String::new();
        let steps = f64::from(u32::try_from(first.step).unwrap_or(u32::MAX))
            ..f64::from(u32::try_from(last.step).unwrap_or(u32::MAX));
        picture(&mut svg, &self.points, steps).map_err(|reason| Error::io(path, std::io::Error::other(reason)))?;
        std::fs::write(path, svg).map_err(|e| Error::io(path, e))
    }
}

/// Reads one of a point's values.
type Value = fn(&CurvePoint) -> f32;

/// The loss above, the cosine below.
fn picture(svg: &mut String, points: &[CurvePoint], steps: std::ops::Range<f64>) -> std::result::Result<(), String> {
    let failed = |e: &dyn std::fmt::Display| e.to_string();
    let root = SVGBackend::with_string(svg, (720, 480)).into_drawing_area();
    root.fill(&WHITE).map_err(|e| failed(&e))?;
    let areas = root.split_evenly((2, 1));
    let curves: [(&str, RGBColor, Value); 2] = [
        ("loss", RGBColor(176, 58, 46), |point| point.loss),
        ("cosine to the teacher", RGBColor(31, 97, 141), |point| point.cosine),
    ];
    for (area, (name, color, value)) in areas.iter().zip(curves) {
        let values = points.iter().map(value);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let margin = ((high - low) * 0.05).max(1e-4);
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .caption(name, ("sans-serif", 14))
            .x_label_area_size(28)
            .y_label_area_size(52)
            .build_cartesian_2d(steps.clone(), low - margin..high + margin)
            .map_err(|e| failed(&e))?;
        chart.configure_mesh().disable_x_mesh().max_light_lines(1).x_desc("step").draw().map_err(|e| failed(&e))?;
        let line = points.iter().map(|point| (f64::from(u32::try_from(point.step).unwrap_or(u32::MAX)), value(point)));
        chart.draw_series(LineSeries::new(line, color.stroke_width(2))).map_err(|e| failed(&e))?;
    }
    root.present().map_err(|e| failed(&e))
}

fn corrupt(path: &Path, error: &csv::Error) -> Error {
    Error::corrupt(path.display().to_string(), error.to_string())
}
