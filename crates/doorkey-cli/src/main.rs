//! The `doorkey` command.
fn main() {}
