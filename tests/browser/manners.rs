//! What every page owes every person: see `manners.js`.

use crate::chromium::Chromium;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long a page may take to load and to move the focus.
const PATIENCE: Duration = Duration::from_secs(10);

impl Chromium {
    pub(crate) async fn check_manners(&self) {
        let begun = Instant::now();
        loop {
            let faults = self.run(include_str!("manners.js")).await;
            if faults == json!([]) {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "the page at {}: {faults}",
                self.url().await
            );
        }
    }
}
