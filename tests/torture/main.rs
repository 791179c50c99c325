//! What a till goes through: power cuts, full disks, wrong clocks, crowds and rude clients. The real
//! program, from outside; where the machine itself must fail, a small library stands between it and
//! the daemon (`disk.c`, `clock.c`).
//!
//! `cargo test --test torture` runs the short forms; `-- --ignored` the long ones, which take half an hour.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../it/common/mod.rs"]
#[expect(dead_code, reason = "these tests need only some of the actors")]
mod common;

mod abort;
mod book;
mod clock;
mod crowd;
mod disk;
mod full;
mod lanes;
mod lock;
mod power;
mod shim;
mod slow;
mod trade;
mod wire;
