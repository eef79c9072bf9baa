//! Where the workspace is, and where what we install and build may go.

use std::path::PathBuf;

use crate::failure::{Failure, Result};

#[derive(Debug)]
pub(crate) struct Place {
    /// The folder of the workspace's manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: everything that we install for ourselves goes below it, so that
    /// `cargo clean` takes it away.
    pub(crate) target: PathBuf,
}

impl Place {
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` sets the variable; the compiled-in path is for a binary that is run by hand.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .ok_or_else(|| Failure::new("the xtask package has no folder above it"))?
            .to_path_buf();
        // A relative CARGO_TARGET_DIR is relative to where cargo was started.
        let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
            Some(target) => {
                std::path::absolute(target).map_err(Failure::while_("finding the target folder"))?
            }
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }
}
