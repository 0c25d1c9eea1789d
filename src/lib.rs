//! pretick
pub mod document;
pub mod error;
pub mod evaluate;
pub mod params;
pub mod rng;
pub mod stats;
pub mod view;
