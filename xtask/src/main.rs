//! What CI and a contributor run: `cargo xtask …`.
fn main() {}
