//! Linux: Microsoft's identity broker, and himmelblau, which speaks as it does.

#[cfg(target_os = "linux")]
mod broker;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod flow;
mod messages;
#[cfg(target_os = "linux")]
mod pop;

#[cfg(target_os = "linux")]
pub use broker::{LinuxBroker, SsoCookie};
