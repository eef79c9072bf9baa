//! `doorkey-broker` on a D-Bus of its own, with brokers that answer as Microsoft's and himmelblau do.

#![cfg(target_os = "linux")]

mod command;
mod dialects;
mod examples;
mod faults;
mod manners;
mod pop;
mod scene;
mod within_windows;
mod wsl;
