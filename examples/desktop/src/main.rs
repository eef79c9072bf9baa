//! Opens the window.
//!
//! ```sh
//! cargo run -p doorkey-desktop-example
//! ```

use desktop::{Desk, Window};
use doorkey::{PublicClientOptions, TokenCachePersistenceOptions};
use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    // The window has the main thread, as most systems want it; sign-ins have their own.
    let runtime = tokio::runtime::Runtime::new()?;
    let client = PublicClientOptions {
        cache_persistence: Some(TokenCachePersistenceOptions::default()),
        // A local authority to try it with: `doorkey emulator`.
        disable_instance_discovery: env::var_os("AZURE_AUTHORITY_HOST").is_some(),
        ..Default::default()
    };
    let handle = runtime.handle().clone();
    eframe::run_native(
        "Doorkey",
        eframe::NativeOptions {
            viewport: eframe::egui::ViewportBuilder::default().with_inner_size([480.0, 420.0]),
            ..Default::default()
        },
        Box::new(move |context| {
            let egui = context.egui_ctx.clone();
            let desk = Desk::new(handle, client, move || egui.request_repaint());
            Ok(Box::new(Window::new(desk)))
        }),
    )?;
    Ok(())
}
