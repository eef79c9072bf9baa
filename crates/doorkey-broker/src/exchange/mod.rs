//! What one system asks of another's broker, and what is answered: one JSON each. A program in WSL asks
//! Windows so, by `doorkey broker-request`.
//!
//! Pure, and tested on every system. The members stand in `docs/broker-messages.md`. What is not known is
//! ignored, so that members may be added; what is taken away or changes its meaning is another version.

mod answering;
mod error;
mod object;
pub(crate) mod reply;
pub(crate) mod request;
#[cfg(test)]
mod tests;

pub use answering::answer_request;

/// The one that is written here, and the only one that is read.
const VERSION: u64 = 1;

/// In bytes, of either JSON: more than any list of people or any token.
pub(crate) const LONGEST: usize = 1 << 20;
