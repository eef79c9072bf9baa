//! Pictures of the pages, for people to look at.

use crate::chromium::Chromium;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use std::{fs, path::Path};

const SCHEMES: [&str; 2] = ["light", "dark"];

const WIDTHS: [(&str, u32, u32); 2] = [("wide", 1000, 760), ("narrow", 360, 740)];

impl Chromium {
    /// Leaves pictures of the page in `target/screenshots`, in both colour schemes and on a desk
    /// and a telephone, and checks its manners in each.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        fs::create_dir_all(&folder).expect("a folder for the pictures");
        for scheme in SCHEMES {
            let scheme_feature = json!({"name": "prefers-color-scheme", "value": scheme});
            let media = json!({"features": [scheme_feature]});
            self.devtools("Emulation.setEmulatedMedia", media).await;
            for (width_name, width, height) in WIDTHS {
                let metrics = json!({
                    "width": width,
                    "height": height,
                    "deviceScaleFactor": 1,
                    "mobile": false,
                });
                self.devtools("Emulation.setDeviceMetricsOverride", metrics)
                    .await;
                self.check_manners().await;
                let whole = json!({"format": "png", "captureBeyondViewport": true});
                let picture = self.devtools("Page.captureScreenshot", whole).await;
                let picture = BASE64_STANDARD
                    .decode(picture["data"].as_str().expect("a picture"))
                    .expect("base64");
                let file = folder.join(format!("{name}-{scheme}-{width_name}.png"));
                fs::write(file, picture).expect("a picture");
            }
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
        self.devtools("Emulation.setEmulatedMedia", json!({"features": []}))
            .await;
    }
}
