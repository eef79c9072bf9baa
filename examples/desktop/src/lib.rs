//! A program with a window that signs people in with Doorkey: what it knows ([`Desk`]) and what it
//! shows ([`Window`]).

mod desk;
mod window;

pub use desk::{Desk, Person};
pub use window::Window;
