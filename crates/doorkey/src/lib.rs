//! Doorkey.
