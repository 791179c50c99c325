//! What payments with coins cost: how long a coin is looked at, and how many are paid in a second.
//!
//! `cargo bench --bench coins` prints one table; `-- --quick` takes one shorter round.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, and divides"
)]

mod checks;
#[path = "../polls/client.rs"]
mod client;
mod exchange;
#[expect(dead_code, reason = "not everything is measured here")]
#[path = "../polls/measure.rs"]
mod measure;
#[path = "../store/payment.rs"]
mod payment;
mod pays;
#[expect(dead_code, reason = "nobody waits here")]
#[path = "../polls/process.rs"]
mod process;
#[expect(dead_code, reason = "not every customer comes here")]
#[path = "../polls/shop.rs"]
mod shop;
#[expect(dead_code, reason = "not every bar is asked for here")]
#[path = "../polls/table.rs"]
mod table;

use std::time::Duration;

use crate::table::Table;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (rounds, round, payments) = if quick { (1, 500, 200) } else { (3, 2_000, 1_000) };
    // On a disk, which the system's folder for temporary files may not be.
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    std::fs::create_dir_all(target).unwrap();
    let sample = checks::Sample::new();
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for number in 1..=rounds {
        eprintln!("round {number} of {rounds}");
        let check_us = sample.measure(Duration::from_millis(round), &mut table);
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(target).unwrap();
        runtime.block_on(Box::pin(pays::measure(folder.path(), payments, check_us, &mut table)));
    }
    table.print();
}
