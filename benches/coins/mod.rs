//! What payments with coins cost: how long a coin is looked at, and how many are paid in a second.

mod checks;
mod exchange;
mod pays;

use std::time::Duration;

use crate::harness::table::Table;
use crate::harness::{folder, runtime};

pub(crate) fn measure(quick: bool, table: &mut Table) {
    let (rounds, round, payments) = if quick { (1, 500, 200) } else { (3, 2_000, 1_000) };
    let sample = checks::Sample::new();
    let runtime = runtime();
    for number in 1..=rounds {
        eprintln!("  round {number} of {rounds}");
        let check_us = sample.measure(Duration::from_millis(round), table);
        let folder = folder();
        runtime.block_on(Box::pin(pays::measure(folder.path(), payments, check_us, table)));
    }
}
