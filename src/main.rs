//! pretick
fn main() {}
