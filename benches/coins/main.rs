//! What payments with coins cost: how long a coin is looked at, and how many are paid in a second.
//!
//! `cargo bench --bench coins` prints one table; `-- --quick` takes one shorter round.

#![expect(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, and divides"
)]

mod checks;
#[expect(dead_code, reason = "not every bar is asked for here")]
#[path = "../polls/table.rs"]
mod table;

use std::time::Duration;

use crate::table::Table;

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (rounds, round) = if quick { (1, 500) } else { (3, 2_000) };
    let sample = checks::Sample::new();
    let mut table = Table::default();
    for _ in 0..rounds {
        sample.measure(Duration::from_millis(round), &mut table);
    }
    table.print();
}
