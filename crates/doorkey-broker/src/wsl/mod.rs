//! Linux within Windows (WSL): Windows' broker, by a `doorkey.exe` of Windows.

mod apart;
mod broker;
mod order;
mod place;
mod program;
#[cfg(test)]
mod tests;

pub use broker::WslBroker;
pub(crate) use order::InOrder;
pub(crate) use place::is_here;
